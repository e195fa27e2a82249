//! Int8 networks as models of TensorFlow Lite and ONNX.
//!
//! One model is committed, and read back by `include_model!`. `tests/exchange/run` writes more of them, for TensorFlow
//! Lite and onnxruntime, and compares their outputs with those of this crate.

use std::{fs, path::PathBuf, slice};

use shiplap::{
    Rng, Tensor,
    activation::{Elementwise, HardTanh, LogSoftmax, SaveNothing, UnitLength},
    include_model,
    init::HeNormal,
    io,
    kernel::Real,
    layer::{Parameter, Path, Role, VisitMut},
    layers::{
        Add, AllStates, Both, Branches, Concat, Corners, First, Identity, MatMul, Maximum, Minimum, Second,
        SquaredDifference, TimeDistributed, TopLeft,
    },
    prelude::*,
    quantized::{
        Calibration, Describe, Entrance, Int8Activation, Int8Layer, Int8Tensor, Quantize, Quantized, Ranges, Raw, Table,
    },
    regularize::L2,
};

/// Makes all weights and biases random.
struct Randomize(Rng);

impl VisitMut<f32, 1> for Randomize {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        for value in values {
            let random = self.0.normal() as f32;
            match parameter.role {
                Role::Statistic => *value = if parameter.name == "deviation" { random.abs() + 0.1 } else { random },
                _ => *value += 0.3 * random,
            }
        }
    }
}

/// The models of a network, with random inputs and the outputs of this crate for them.
struct Case {
    name: &'static str,
    model: Vec<u8>,
    /// None if ONNX has no operator for a layer.
    onnx: Option<Vec<u8>>,
    inputs: Vec<u8>,
    outputs: Vec<u8>,
}

const SAMPLES: usize = 50;

/// The reason why an LSTM is not written.
const NO_LSTM: &str = "ONNX has an LSTM of real numbers only";

/// The case of a network of this type, made of random numbers. Its entrance is an `I`.
fn case<N: Network<Element = f32> + Quantize<Int8: Describe + Int8Layer<Input = I>>, I: Entrance<N::Input>>(
    name: &'static str,
    random: impl Fn(&mut Rng) -> I,
    bytes: impl Fn(&I) -> Vec<u8>,
) -> Case {
    let mut network = N::boxed(1);
    N::parameters_mut([&mut *network], Path::ROOT, &mut Randomize(Rng::new(2)));
    let mut rng = Rng::new(3);
    let mut samples = vec![N::Input::zeroed(); 30];
    N::Input::flat_mut(&mut samples).iter_mut().for_each(|x| *x = rng.normal() as f32);
    let mut calibration = Calibration::new(Ranges::Percentile(99.0));
    let int8 = Quantized::<N>::calibrate_with(&network, &samples, &mut calibration).unwrap();
    case_of(name, &int8, &calibration, random, bytes)
}

/// The case of this network.
fn case_of<N: Quantize<Int8: Describe + Int8Layer<Input = I>>, I>(
    name: &'static str,
    int8: &Quantized<N>,
    calibration: &Calibration,
    random: impl Fn(&mut Rng) -> I,
    bytes: impl Fn(&I) -> Vec<u8>,
) -> Case {
    let mut rng = Rng::new(4);
    let mut case = Case {
        name,
        model: io::to_tflite(int8, calibration).unwrap_or_else(|error| panic!("{name}: {error}")),
        onnx: match io::to_onnx_int8(int8, calibration) {
            Err(error) if error.to_string().ends_with(NO_LSTM) => None,
            onnx => Some(onnx.unwrap_or_else(|error| panic!("{name}: {error}"))),
        },
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    for _ in 0..SAMPLES {
        let x = random(&mut rng);
        case.inputs.extend(bytes(&x));
        let y = int8.predict_int8(&x);
        case.outputs.extend(Int8Tensor::flat(slice::from_ref(&y)).iter().map(|y| *y as u8));
    }
    case
}

/// The case of a network that takes int8.
fn int8<N: Network<Element = f32> + Quantize<Int8: Describe + Int8Layer<Input = I>>, I>(name: &'static str) -> Case
where
    I: Int8Tensor + Entrance<N::Input>,
{
    case::<N, I>(name, random, bytes)
}

fn random<I: Int8Tensor>(rng: &mut Rng) -> I {
    let mut x = I::zeroed();
    I::flat_mut(slice::from_mut(&mut x)).iter_mut().for_each(|x| *x = (256.0 * rng.uniform() - 128.0).floor() as i8);
    x
}

fn bytes<I: Int8Tensor>(x: &I) -> Vec<u8> {
    I::flat(slice::from_ref(x)).iter().map(|x| *x as u8).collect()
}

/// The case of a network that takes real numbers.
fn real<N, const IN: usize>(name: &'static str) -> Case
where
    N: Network<Element = f32, Input = [f32; IN]> + Quantize<Int8: Describe + Int8Layer<Input = Raw<[f32; IN]>>>,
{
    let random = |rng: &mut Rng| Raw(std::array::from_fn(|_| rng.normal() as f32));
    case::<N, _>(name, random, |Raw(x)| x.iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// An activation of a user, without an operator of its own.
struct Half;

impl Elementwise for Half {
    type Saves = SaveNothing;
    const NAME: &'static str = "Half";
    fn value<V: Real>(x: V) -> V {
        x * V::splat(0.5)
    }
    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(0.5)
    }
}

impl Int8Activation for Half {
    type Form = Table;
}

#[network(input = Image<7, 9, 3>)]
type Convolutions = (
    Conv2d<_, 8, 3, Relu, Same>,
    Conv2d<_, 5, 3, Relu6, Same<2>, NoBias, 2>,
    Conv2d<_, 6, 2, Linear, Same<1, 2>>,
    ZeroPad2d<_, 1, 2, 0, 3>,
    Conv2d<_, 7, 1>,
    Conv2d<_, 3, 3, Relu, Valid<1, 1, 2>, Bias, 1>,
);

#[network(input = [[f32; 5]; 9])]
type Memories = (Lstm<_, 6, AllStates>, Conv1d<_, 4, 3, Relu>, Lstm<_, 10>, Dense<_, 3, Softmax>);

#[network(input = Image<10, 6, 2>)]
type Padded2d = (
    Conv2d<_, 4, 3, Relu, Padded<2>>,
    DepthwiseConv2d<_, 3, Linear, Padded<1, 2>>,
    Conv2d<_, 4, 3, Linear, Causal<2, 1, 1>>,
    MaxPool2d<_, 3, Padded<1, 2>>,
    Flatten<_>,
    Dense<_, 3, Softmax>,
);

#[network(input = Image<4, 3, 2>)]
type Enlarged = (
    UpSample2d<_, 2, 3>,
    Conv2d<_, 3, 3, Relu>,
    ConvTranspose2d<_, 4, 3, Relu, Same<2>>,
    ConvTranspose2d<_, 3, 2, Linear, Valid<1, 1, 3>, NoBias>,
    UpSample2d<_, 1, 2>,
    Crop2d<_, 2, 1, 0, 3>,
    Transpose2d<_>,
    Branches<Identity<_>, Conv2d<_, 3, 1>, Maximum<Relu6>>,
    Branches<Conv2d<_, 3, 1>, Identity<_>, Minimum>,
    PRelu<_>,
);

#[network(input = [[f32; 6]; 5])]
type Attended = (
    Branches<
        Conv1d<_, 4, 1>,
        (Conv1d<_, 4, 1>, Reshape<_, Image<5, 4, 1>>, Transpose2d<_>, Reshape<_, [[f32; 5]; 4]>),
        MatMul,
    >,
    Activate<Softmax, _>,
    Branches<Identity<_>, Conv1d<_, 19, 1>, MatMul>,
);

#[network(input = Image<2, 3, 4>)]
type Matrices = (
    Branches<Conv2d<_, 2, 1, Tanh>, (Conv2d<_, 4, 1>, Reshape<_, Image<2, 2, 6>>), MatMul>,
    Branches<Identity<_>, Reshape<_, Image<2, 6, 3>>, MatMul>,
);

#[network(input = Image<6, 5, 3>)]
type Resized = (
    Resize2d<_, 12, 8>,
    Conv2d<_, 4, 3, Relu>,
    Resize2d<_, 7, 21, Corners>,
    Conv2d<_, 3, 2, Tanh>,
    Resize2d<_, 4, 30, TopLeft>,
);

/// Two inputs, and three outputs, of which one is an input.
#[network(input = Pair<Image<6, 5, 2>, [f32; 4]>)]
type Pairs = (
    Branches<
        Branches<(First<_>, Conv2d<_, 3, 3, Relu>, Flatten<_>), (Second<_>, Dense<_, 5, Relu>), Concat>,
        Second<_>,
        Both,
    >,
    Branches<(First<_>, Dense<_, 6, Tanh>), Second<_>, Both>,
    Branches<(First<_>, Dense<_, 3, Softmax>), Branches<(First<_>, Dense<_, 2>), Second<_>, Both>, Both>,
);

/// Wrappers, and the maximum of each channel.
#[network(input = Image<6, 5, 2>)]
type Wrapped = (
    Frozen<Conv2d<_, 4, 3, Relu>>,
    Regularized<Conv2d<_, 3, 2>, L2<1, -3>>,
    GlobalMaxPool<_>,
    Initialized<Dense<_, 3>, HeNormal>,
);

#[network(input = Image<9, 8, 5>)]
type Depthwise = (
    DepthwiseConv2d<_, 3, Relu, Same>,
    DepthwiseConv2d<_, 3, Relu6, Same<2>>,
    DepthwiseConv2d<_, 2, Linear, Valid<1, 2>>,
    Conv2d<_, 3, 1, Relu>,
    GlobalAveragePool<_>,
);

#[network(input = Image<11, 7, 3>)]
type Pools = (
    (MaxPool2d<_, 3, Same<2>>, AveragePool2d<_, 3, Same<1>>),
    (AveragePool2d<_, 2, Valid<1>, 3>, MaxPool2d<_, 2, Valid<1>>),
    Flatten<_>,
    Dense<_, 4>,
);

#[network(input = Image<5, 6, 4>)]
type Residuals = (
    Residual<Conv2d<_, 4, 3, Relu, Same>>,
    Residual<(Conv2d<_, 4, 3, Relu, Same>, Conv2d<_, 4, 3, Linear, Same>), Relu>,
    Residual<Conv2d<_, 6, 3, Linear, Same<2>>, Relu6, Conv2d<_, 6, 1, Linear, Same<2>>>,
    Residual<Conv2d<_, 6, 1>, Tanh>,
);

#[network(input = Image<5, 6, 4>)]
type Joined = (
    Branches<Conv2d<_, 3, 1, Sigmoid>, MaxPool2d<_, 3, Same<1>>, Concat>,
    Branches<Identity<_>, AveragePool2d<_, 3, Same<1>>, Concat>,
    Branches<Conv2d<_, 2, 1, Relu>, Conv2d<_, 2, 1, Tanh>, Add<Linear>>,
    Flatten<_>,
    Branches<Dense<_, 3>, Dense<_, 4, Sigmoid>, Concat>,
);

#[network(input = [[f32; 3]; 17])]
type Series = (
    Conv1d<_, 6, 3, Relu, Same>,
    Conv1d<_, 5, 3, Gelu, Causal<1, 2>>,
    MaxPool1d<_, 2>,
    (Conv1d<_, 4, 2, Tanh, Valid>, AveragePool1d<_, 3, Same<2>>),
    DepthwiseConv1d<_, 3, Relu, Same>,
    Reshape<_, Image<2, 2, 4>>,
    Conv2d<_, 3, 2, Softmax, Same>,
    Reshape<_, [[f32; 3]; 4]>,
    GlobalAveragePool<_>,
);

/// Activations of rows inside a network.
#[network(input = Image<5, 4, 3>)]
type Rows = (
    Conv2d<_, 6, 3, LogSoftmax, Same>,
    Conv2d<_, 5, 2, UnitLength>,
    Activate<UnitLength, _>,
    Flatten<_>,
    Dense<_, 9, UnitLength>,
    Dense<_, 4, LogSoftmax>,
);

#[network(input = [f32; 10])]
type Vectors = (
    Dense<_, 33, Relu>,
    Dropout<_, 20>,
    Dense<_, 16, Relu6, f32, NoBias>,
    (Dense<_, 20, Tanh>, Activate<Relu, _>, Dense<_, 12, Sigmoid>, Activate<Linear, _>),
    Dense<_, 1>,
);

#[network(input = Image<6, 5, 3>)]
type Tables = (
    Conv2d<_, 3, 1, HardSwish>,
    Activate<Elu, _>,
    Conv2d<_, 3, 1, Half>,
    (Activate<Softplus, _>, Activate<Relu6, _>, Activate<LeakyRelu, _>),
    (SpatialDropout<_, 20>, Activate<Selu, _>, Activate<HardSigmoid, _>, Activate<Silu, _>),
);

type Standardized = (Standardize<6>, Dense<6, 9, Relu>, Dense<9, 5, Softmax>);

/// A single operator each.
fn operators() -> Vec<Case> {
    vec![
        int8::<Activate<Sigmoid, [f32; 256]>, _>("logistic"),
        int8::<Activate<Tanh, [f32; 256]>, _>("tanh"),
        int8::<Activate<Softmax, [f32; 10]>, _>("softmax"),
        int8::<Activate<Softmax, [[f32; 100]; 3]>, _>("softmax_of_rows"),
        int8::<Activate<LogSoftmax, [f32; 10]>, _>("log_softmax"),
        int8::<Activate<UnitLength, [f32; 10]>, _>("unit_length"),
        int8::<Dense<1, 1>, _>("one"),
        int8::<Dense<300, 7, Sigmoid>, _>("wide"),
        int8::<Identity<[f32; 5]>, _>("identity"),
        int8::<AveragePool2d<Image<9, 7, 2>, 5, Same<1>, 4, Image<9, 7, 2>>, _>("average"),
        int8::<GlobalAveragePool<Image<13, 3, 6>>, _>("mean"),
        int8::<Branches<Identity<[f32; 64]>, Activate<Sigmoid, [f32; 64]>, Add>, _>("sum"),
        int8::<Branches<Activate<HardTanh, [f32; 64]>, Activate<Sigmoid, [f32; 64]>, SquaredDifference>, _>("squares"),
        int8::<Branches<Identity<[f32; 64]>, Activate<Sigmoid, [f32; 64]>, Concat<[f32; 128]>>, _>("concat"),
    ]
}

fn networks() -> Vec<Case> {
    vec![
        int8::<Convolutions, _>("convolutions"),
        int8::<Padded2d, _>("padded"),
        int8::<Depthwise, _>("depthwise"),
        int8::<Enlarged, _>("enlarged"),
        int8::<Resized, _>("resized"),
        int8::<Attended, _>("attended"),
        int8::<Matrices, _>("matrices"),
        int8::<Pairs, _>("pairs"),
        int8::<Wrapped, _>("wrapped"),
        int8::<Pools, _>("pools"),
        int8::<Residuals, _>("residuals"),
        int8::<Joined, _>("joined"),
        int8::<Series, _>("series"),
        int8::<Rows, _>("rows"),
        int8::<Vectors, _>("vectors"),
        int8::<Tables, _>("tables"),
        int8::<Memories, _>("memories"),
        int8::<Lstm<[[f32; 3]; 8], 7, AllStates>, _>("states"),
        real::<Standardized, 6>("standardized"),
    ]
}

include_model! {
    static WRITTEN: Written = "exchange/exact.tflite";
}

/// The network of the committed model.
#[network(input = Image<8, 6, 2>)]
type Exact = (
    Conv2d<_, 4, 3, Relu, Same<2>>,
    Residual<(DepthwiseConv2d<_, 3, Relu6, Padded<1>>, Conv2d<_, 4, 1>), Relu>,
    AveragePool2d<_, 2, Same<1>>,
    MaxPool2d<_, 2, Valid<1>>,
    Flatten<_>,
    Branches<Dense<_, 3, Softmax>, Branches<Dense<_, 4, LogSoftmax>, Dense<_, 5, UnitLength>, Both>, Both>,
);

/// The network and its calibration in numbers that each processor computes exactly: small multiples of 1/8.
fn exact() -> (Box<Quantized<Exact>>, Calibration) {
    struct Eighths(i32);

    impl VisitMut<f32, 1> for Eighths {
        fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f32]; 1]) {
            for value in values {
                self.0 = (self.0 * 5 + 3) % 17;
                *value = (self.0 - 8) as f32 / 8.0;
            }
        }
    }

    let mut network = Exact::zeroed_box();
    Exact::parameters_mut([&mut *network], Path::ROOT, &mut Eighths(1));
    let mut samples = vec![<Exact as Layer>::Input::zeroed(); 10];
    Tensor::flat_mut(&mut samples).iter_mut().enumerate().for_each(|(n, x)| *x = (n * n % 31) as f32 / 8.0 - 2.0);
    let mut calibration = Calibration::default();
    (Quantized::<Exact>::calibrate_with(&network, &samples, &mut calibration).unwrap(), calibration)
}

#[test]
fn a_model_is_the_committed_one_and_reads_back_with_the_same_outputs() {
    let (network, calibration) = exact();
    let model = io::to_tflite(&network, &calibration).unwrap();
    let committed = include_bytes!("exchange/exact.tflite");
    assert!(model == committed, "the model differs: if on purpose, `tests/exchange/run` writes it anew");
    let (mut rng, mut outputs) = (Rng::new(1), Vec::new());
    for _ in 0..50 {
        let x = random(&mut rng);
        outputs.push(network.predict_int8(&x));
        assert_eq!(WRITTEN.predict_int8(&x), outputs[outputs.len() - 1]);
    }
    outputs.dedup();
    assert!(outputs.len() > 40, "{outputs:?}");
}

#[test]
fn models_that_cannot_be_written_are_refused() {
    fn refused<N: Network<Element = f32> + Quantize<Int8: Describe + Int8Layer<Input: Entrance<N::Input>>>>(
        export: fn(&Quantized<N>, &Calibration) -> Result<Vec<u8>, io::FileError>,
    ) -> String {
        let mut calibration = Calibration::default();
        let network = Quantized::<N>::calibrate_with(&N::new(1), &[N::Input::zeroed()], &mut calibration).unwrap();
        export(&network, &calibration).unwrap_err().to_string()
    }

    type Dilated = MaxPool2d<Image<5, 5, 1>, 2, Valid<1, 2>, 2, Image<3, 3, 1>>;
    type Average = AveragePool2d<Image<5, 5, 1>, 2, Valid<1, 2>, 2, Image<3, 3, 1>>;
    type PaddedAverage =
        (AveragePool2d<Image<4, 4, 1>, 2, Padded<1>, 2, Image<5, 5, 1>>, GlobalAveragePool<Image<5, 5, 1>>);
    assert_eq!(
        refused::<Dilated>(io::to_tflite),
        "cannot export the layer ``: TensorFlow Lite has no pools with dilation"
    );
    assert_eq!(
        refused::<Average>(io::to_onnx_int8),
        "cannot export the layer ``: ONNX has no average pools with dilation"
    );
    assert!(refused::<Memories>(io::to_onnx_int8).ends_with(NO_LSTM));
    type Steps = (Activate<Tanh, [[f32; 4]; 3]>, TimeDistributed<Dense<4, 2>, 3>);
    for error in [refused::<Steps>(io::to_tflite), refused::<Steps>(io::to_onnx_int8)] {
        let expected = "cannot export the layer `1.layer`: the layers of each step have no operator";
        assert!(error.starts_with(expected), "{error}");
    }
    type Squares = Branches<Activate<Tanh, [f32; 4]>, Activate<Sigmoid, [f32; 4]>, SquaredDifference<Relu6>>;
    let error = refused::<Squares>(io::to_tflite);
    assert!(error.ends_with("no activation after a squared difference: use a layer of its own"), "{error}");
    assert!(
        refused::<PaddedAverage>(io::to_tflite)
            .starts_with("cannot export the layer `0`: an average pool pads as `Same`, or not at all")
    );

    // A file that exists is unchanged.
    let (network, _) = exact();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.tflite");
    fs::write(&path, "old").unwrap();
    let mut other = Calibration::default();
    Quantized::<Exact>::calibrate_with(&Exact::boxed(1), &[<Exact as Layer>::Input::zeroed()], &mut other).unwrap();
    for calibration in [&Calibration::default(), &other] {
        let error = io::export_tflite(&network, calibration, &path).unwrap_err().to_string();
        assert!(error.starts_with("the calibration is that of another network"), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
#[ignore = "`tests/exchange/run` compares the files"]
fn models_for_other_runtimes() {
    let folder = PathBuf::from(std::env::var_os("SHIPLAP_EXCHANGE").expect("`tests/exchange/run` runs this"));
    let (network, calibration) = exact();
    let exact = case_of("exact", &network, &calibration, random, bytes);
    fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/exchange/exact.tflite"), &exact.model).unwrap();
    for Case { name, model, onnx, inputs, outputs } in [exact].into_iter().chain(operators()).chain(networks()) {
        let files = [("tflite", model), ("inputs", inputs), ("outputs", outputs)];
        for (end, bytes) in files.into_iter().chain(onnx.map(|onnx| ("int8_onnx", onnx))) {
            fs::write(folder.join(name).with_extension(end), bytes).unwrap();
        }
    }
}
