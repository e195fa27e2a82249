//! Networks to and from other libraries.
//!
//! The files saved by PyTorch are committed (`tests/exchange/make_torch.py`). The ignored tests exchange files with
//! Python in the folder `SHIPLAP_EXCHANGE`; `tests/exchange/run` runs both sides.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::json;
use shiplap::{
    Pair, Tensor,
    activation::{Elementwise, LogSoftmax, SaveInput, UnitLength},
    data::npy::{self, Npz},
    io::{self, Import},
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise},
    layer::{Operations, Parameter, Path as LayerPath, Sample, Visit},
    layers::{
        Add, AllSteps, Bidirectional, Both, BothEnds, Branches, Concat, Constant, Corners, First, Full, GroupNorm,
        Identity, Masked, MatMul, Multiply, Reversed, Second, TimeDistributed, TopLeft,
        image::{Average, Max},
    },
    prelude::*,
};

/// The inputs and outputs of another library.
#[derive(Deserialize)]
struct Predicted {
    inputs: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exchange").join(name)
}

fn shared(name: &str) -> PathBuf {
    Path::new(&std::env::var_os("SHIPLAP_EXCHANGE").expect("`tests/exchange/run` runs this")).join(name)
}

fn predict<N: Network<Input: Sample<N>>>(network: &N, input: &[f64]) -> Vec<f64> {
    let mut x = [N::Input::zeroed()];
    let numbers = N::Input::flat_mut(&mut x);
    assert_eq!(numbers.len(), input.len());
    numbers.iter_mut().zip(input).for_each(|(x, &input)| *x = Element::from_f64(input));
    N::Output::flat(&[network.predict(&x[0])]).iter().map(|y| y.to_f64()).collect()
}

/// Loads the weights at `path`, and compares predictions with those in the JSON file beside them.
fn predicts_the_same<N: Network<Input: Sample<N>>>(import: Import<'_>, path: &Path) {
    let json = fs::read_to_string(path.with_extension("json")).unwrap();
    let Predicted { inputs, outputs } = serde_json::from_str(&json).unwrap();
    let mut network = N::zeroed();
    import.load(&mut network, path).unwrap();
    assert!(inputs.len() >= 16 && inputs.len() == outputs.len());
    for (input, expected) in inputs.iter().zip(&outputs) {
        let y = predict(&network, input);
        assert_eq!(y.len(), expected.len());
        for (y, expected) in y.iter().zip(expected) {
            let close = (y - expected).abs() <= 1e-5 * expected.abs().max(1.0);
            assert!(close, "{}: {y}, not {expected}", path.display());
        }
    }
}

#[test]
fn pytorch_models_predict_the_same() {
    let [sequential, deep, named, double] =
        ["sequential", "deep", "named", "double"].map(|name| committed(&format!("torch_{name}.safetensors")));
    predicts_the_same::<(Dense<4, 8, Relu>, Dense<8, 3, Linear>)>(Import::pytorch(), &sequential);
    type Pair = (Dense<5, 5, Elu>, Dense<5, 5, Elu>);
    predicts_the_same::<((Pair, Pair), (Pair, Pair), Pair, Dense<5, 5, Linear>)>(Import::pytorch(), &deep);
    predicts_the_same::<(Dense<3, 7, Selu, f64>, Dense<7, 3, Softmax, f64>)>(Import::pytorch(), &double);
    predicts_the_same::<(Dense<3, 7, Selu>, Dense<7, 3, Softmax>)>(Import::pytorch(), &double);
    // With the same names in a struct, and with explicit names.
    predicts_the_same::<NamedAsInPytorch>(Import::pytorch(), &named);
    type Unnamed = (Dense<4, 6, Gelu>, Dense<6, 6, Tanh>, Dense<6, 6, Silu>, Dense<6, 2, Sigmoid>);
    let names = [("3", "head"), ("0", "stem"), ("1", "body.0"), ("2", "body.2")];
    predicts_the_same::<Unnamed>(Import::pytorch().layers(&names), &named);
    // Preprocessing is not in the file, and remains unchanged.
    let mut plain = <(Dense<4, 8, Relu>, Dense<8, 3, Linear>)>::zeroed();
    Import::pytorch().load(&mut plain, &sequential).unwrap();
    let scale = Standardize { mean: [1.0, -2.0, 3.0, 0.5], deviation: [2.0, 0.5, 1.0, 4.0] };
    let mut scaled = (scale, Dense::<4, 8, Relu>::zeroed(), Dense::<8, 3, Linear>::zeroed());
    for import in [Import::pytorch(), Import::pytorch().layers(&[("1", "0"), ("2", "2")])] {
        import.load(&mut scaled, &sequential).unwrap();
        assert_eq!(scaled.0, scale);
        assert_eq!((scaled.1.kernel, scaled.2.bias), (plain.0.kernel, plain.1.bias));
    }
    // A part of a larger model.
    let mut stem = Dense::<4, 6, Gelu>::zeroed();
    Import::pytorch().layers(&[("", "stem")]).load(&mut stem, &named).unwrap();
    assert_ne!(stem.bias, [0.0; 6]);
}

/// PyTorch stores filters by channels first, and flattens images plane by plane.
#[test]
fn convolutions_of_pytorch_predict_the_same() {
    #[network(input = Image<9, 8, 2>)]
    type Images = (
        Conv2d<_, 5, 3, Relu, Padded<1, 2>>,
        Conv2d<_, 4, 2, Tanh, Valid<1, 2, 1, 1>, Bias, 3>,
        MaxPool2d<_, 2, Valid<1>>,
        Flatten<_>,
        Dense<_, 6, Relu>,
        Dense<_, 3>,
    );
    predicts_the_same::<Images>(Import::pytorch(), &committed("torch_images.safetensors"));
    predicts_the_same::<Mobile>(Import::pytorch(), &committed("torch_mobile.safetensors"));
    predicts_the_same::<Series>(Import::pytorch(), &committed("torch_series.safetensors"));
    predicts_the_same::<DepthwiseSeries>(Import::pytorch(), &committed("torch_depthwise_series.safetensors"));
    predicts_the_same::<Upscaled>(Import::pytorch(), &committed("torch_upscaled.safetensors"));
}

/// Other layers between `nn.Flatten` and the product, and several flattened images in one vector.
#[test]
fn flattened_images_of_pytorch_predict_the_same() {
    #[network(input = Image<9, 8, 2>)]
    type Flattened = (
        Branches<
            (Conv2d<_, 3, 3, Linear, Valid<2>>, Flatten<_>, BatchNorm<_, Linear, 90, -5>, PRelu<_>),
            Branches<(GlobalAveragePool<_>, Dense<_, 4>), (Conv2d<_, 5, 4, Tanh, Valid<3>>, Flatten<_>), Concat>,
            Concat,
        >,
        LayerNorm<_, Linear, -5>,
        Dense<_, 3>,
    );
    predicts_the_same::<Flattened>(Import::pytorch(), &committed("torch_flattened.safetensors"));
}

/// One recurrent layer after another.
#[network(input = [[f32; 3]; 6])]
type Recurrent = (SimpleRnn<_, 4, AllStates>, Gru<_, 5, AllStates>, Lstm<_, 4>, Dense<_, 3>);

/// PyTorch has the gates in another order, and two biases.
#[test]
fn recurrent_layers_of_pytorch_predict_the_same() {
    let names = [("0", "rnn"), ("1", "gru"), ("2", "lstm"), ("3", "head")];
    predicts_the_same::<Recurrent>(Import::pytorch().layers(&names), &committed("torch_recurrent.safetensors"));
}

/// The layers in `Masked` take their weights from the file, too.
#[test]
fn layers_of_masked_series_are_imported() {
    #[network(input = Pair<[[f32; 3]; 6], f32>)]
    type Net = (Masked<(SimpleRnn<_, 4, AllStates>, Gru<_, 5, AllStates>, Lstm<_, 4, AllStates>)>, Dense<_, 3>);
    let path = committed("torch_recurrent.safetensors");
    let (mut whole, mut masked) = (Recurrent::zeroed(), Net::zeroed());
    let names = [("0", "rnn"), ("1", "gru"), ("2", "lstm"), ("3", "head")];
    Import::pytorch().layers(&names).load(&mut whole, &path).unwrap();
    let names = [("0.layer.0", "rnn"), ("0.layer.1", "gru"), ("0.layer.2", "lstm"), ("1", "head")];
    Import::pytorch().layers(&names).load(&mut masked, &path).unwrap();
    let x = [[0.5, -1.0, 0.25], [1.0, 0.0, 2.0], [0.0, 0.5, -0.5], [-1.0, 1.0, 1.0], [0.0; 3], [0.5; 3]];
    assert_eq!(masked.predict(&Pair(x, 6.0)), whole.predict(&x));
}

/// In both directions.
#[network(input = [[f32; 3]; 6])]
type Directions = (Bidirectional<Gru<_, 4, AllStates>>, Bidirectional<Lstm<_, 5>>, Dense<_, 3>);

/// PyTorch has both directions in one module, also if it is named.
#[test]
fn bidirectional_layers_of_pytorch_predict_the_same() {
    let path = committed("torch_bidirectional.safetensors");
    predicts_the_same::<Directions>(Import::pytorch(), &path);
    let names = [("1", "layers.1"), ("0", "layers.0"), ("2", "layers.2")];
    predicts_the_same::<Directions>(Import::pytorch().layers(&names), &path);
    let mut network = Directions::zeroed();
    let error = Import::pytorch().layers(&names[..2]).load(&mut network, &path).unwrap_err().to_string();
    assert!(error.contains(r#"the layers with weights are ["0", "1", "2"]"#), "{error}");
}

/// Modules of two layers each, in one or both directions, with and without biases, and a cell.
#[network(input = [[f32; 3]; 6])]
type Stacked = (
    (SimpleRnn<_, 4, AllStates>, SimpleRnn<_, 4, AllStates>),
    (Bidirectional<Gru<_, 3, AllStates>>, Bidirectional<Gru<_, 3, AllStates>>),
    (Bidirectional<Lstm<_, 5, AllStates>>, Bidirectional<Lstm<_, 5, AllStates>>),
    (Gru<_, 4, AllStates>, Gru<_, 4, AllStates>),
    (Lstm<_, 3, AllStates>, Lstm<_, 3, AllStates>),
    Gru<_, 5>,
    Dense<_, 3>,
);

#[test]
fn stacked_layers_of_pytorch_predict_the_same() {
    let path = committed("torch_stacked.safetensors");
    predicts_the_same::<Stacked>(Import::pytorch(), &path);
    // The layers of a module are in the order of the network, also if the names are not.
    let names = ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1", "4.0", "4.1"].map(|own| {
        let module = own.split_once('.').unwrap().0;
        (own.to_string(), format!("layers.{module}"))
    });
    let names: Vec<_> = names.iter().map(|(own, theirs)| (own.as_str(), theirs.as_str())).collect();
    let names = [&[("6", "layers.6"), ("5", "layers.5")], &names[..]].concat();
    let reversed: Vec<_> = names.iter().rev().copied().collect();
    for names in [names, reversed] {
        predicts_the_same::<Stacked>(Import::pytorch().layers(&names), &path);
    }
}

#[test]
fn each_layer_of_a_module_of_pytorch_is_read() {
    let path = committed("torch_stacked.safetensors");
    let import = Import::pytorch();
    let error = import.layers(&[("", "layers.3")]).load(&mut Gru::<[[f32; 10]; 6], 4>::zeroed(), &path).unwrap_err();
    assert!(error.to_string().contains("`layers.3.weight_ih_l1` [12, 4] is not in the network"), "{error}");
    // The model may use the module twice.
    #[network(input = [[f32; 4]; 6])]
    type Module = (Lstm<_, 3, AllStates>, Lstm<_, 3, AllStates>);
    let mut twice = Branches::<Module, Module, Concat<[[f32; 6]; 6]>>::zeroed();
    let names = ["first.0", "first.1", "second.0", "second.1"].map(|own| (own, "layers.4"));
    import.layers(&names).load(&mut twice, &path).unwrap();
    assert_ne!(twice.first.0.kernel, [[[0.0; 3]; 4]; 4]);
    assert_eq!(twice.first, twice.second);
    // A cell has one direction.
    let mut both = Bidirectional::<Gru<[[f32; 3]; 6], 5, AllStates>, [[f32; 10]; 6]>::zeroed();
    let error = import.layers(&[("", "layers.5")]).load(&mut both, &path).unwrap_err();
    assert!(error.to_string().contains("`layers.5.weight_ih_reverse` [15, 3] is missing"), "{error}");
}

/// Without any bias in the file, those of a recurrent layer and of attention are 0. If only some are missing, it is an error.
#[test]
fn missing_biases_are_zero() {
    let path = committed("torch_stacked.safetensors");
    let mut network = Stacked::new(1);
    assert_ne!(network.2.0.first.bias, [[0.0; 5]; 4]);
    Import::pytorch().load(&mut network, &path).unwrap();
    assert_eq!(network.2.0.first.bias, [[0.0; 5]; 4]);
    assert_eq!((network.3.1.bias, network.3.1.recurrent_bias), ([[0.0; 4]; 3], [[0.0; 4]; 3]));
    assert_ne!(network.1.1.second.layer.bias, [[0.0; 3]; 3]);

    #[network(input = [[f32; 4]; 6])]
    type Attention = (MultiHeadAttention<_, 2>, Flatten<_>);
    predicts_the_same::<Attention>(Import::pytorch(), &committed("torch_attention.safetensors"));

    // A bias of the module 4 is now one of the module 2, which had none.
    let (from, to) = ("layers.4.bias_hh_l1", "layers.2.bias_hh_l1");
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(from.len()).position(|name| name == from.as_bytes()).unwrap();
    bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moved.safetensors");
    fs::write(&path, bytes).unwrap();
    let before = network.clone();
    let error = Import::pytorch().load(&mut network, &path).unwrap_err();
    let io::FileError::Differs { differences, .. } = &error else { panic!("{error}") };
    let missing = |name: &str| differences.iter().any(|difference| difference.to_string().contains(name));
    assert!(missing("`layers.4.bias_hh_l1` [12] is missing"), "{error}");
    assert!(missing("`layers.2.bias_ih_l0` [20] is missing"), "{error}");
    assert_eq!(network.2.0.first, before.2.0.first);
}

#[test]
#[ignore = "`tests/exchange/run` writes and compares the files"]
fn recurrent_layers_of_keras_and_for_python() {
    predicts_the_same::<Recurrent>(Import::keras(), &shared("keras_recurrent_layers.safetensors"));
    predicts_the_same::<Directions>(Import::keras(), &shared("keras_bidirectional_layers.safetensors"));
    #[network(input = [[f32; 3]; 6])]
    type Unbiased =
        (SimpleRnn<_, 4, AllStates>, Bidirectional<Gru<_, 2, AllStates>>, MultiHeadAttention<_, 2>, Lstm<_, 5>);
    predicts_the_same::<Unbiased>(Import::keras(), &shared("keras_unbiased_layers.safetensors"));
    give::<Directions>("bidirectional");
    give::<Reversed<Conv1d<[[f32; 2]; 4], 3, 2, Relu, Causal, Bias, [[f32; 3]; 4]>>>("reversed");
    #[network(input = [Image<5, 4, 2>; 3])]
    type Frames = (
        TimeDistributed<(Conv2d<_, 3, 2, Relu>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 4, Softmax>)>,
        Bidirectional<Gru<_, 2, AllStates>>,
        TimeDistributed<Dense<_, 2>>,
    );
    give::<Frames>("time_distributed");
    // With biases other than 0.
    let (mut rng, mut network) = (Rng::new(1), Recurrent::zeroed());
    let names = [("0", "rnn"), ("1", "gru"), ("2", "lstm"), ("3", "head")];
    Import::pytorch().layers(&names).load(&mut network, committed("torch_recurrent.safetensors")).unwrap();
    let mut row = |_| (0..18).map(|_| f64::from(rng.normal() as f32)).collect::<Vec<_>>();
    give_this("recurrent", &network, &[0; 8].map(&mut row));
    give::<Gru<[[f32; 2]; 4], 3>>("gru_alone");
    give::<Lstm<[[f32; 2]; 4], 3, AllStates>>("lstm_states");
    give::<SimpleRnn<[[f32; 2]; 4], 3>>("simple_rnn_alone");
}

/// Whole numbers, and two blocks of a transformer.
macro_rules! transformer {
    ($name:ident: $($positions:ty)?) => {
        #[network(input = [f32; 8])]
        type $name = (
            Embedding<_, 11, 6>,
            $($positions,)?
            TransformerBlock<_, 2, 10, Causal>,
            TransformerBlock<_, 3, 10, Causal>,
            RmsNorm<_, Linear, -5>,
            Conv1d<_, 11, 1>,
            Flatten<_>,
        );
    };
}
transformer!(Transformer: LearnedPositions<_>);
transformer!(WithoutPositions:);

/// PyTorch has the weights of queries, keys and values in one tensor, and dense layers where this crate has convolutions of
/// one step.
fn names_in_pytorch() -> Vec<(String, String)> {
    let mut names = vec![("0".into(), "embedding".into()), ("1".into(), "positions".into())];
    for block in 0..2 {
        let (own, theirs) = (block + 2, format!("blocks.{block}"));
        let layers = ["0.first.0", "0.first.1", "1.first.0", "1.first.1", "1.first.2"];
        let of_block = layers.iter().zip(["norm1", "self_attn", "norm2", "linear1", "linear2"]);
        names.extend(of_block.map(|(layer, name)| (format!("{own}.{layer}"), format!("{theirs}.{name}"))));
    }
    names.extend([("4".into(), "norm".into()), ("5".into(), "head".into())]);
    names
}

#[test]
fn transformers_of_pytorch_predict_the_same() {
    let names = names_in_pytorch();
    let names: Vec<(&str, &str)> = names.iter().map(|(own, theirs)| (&**own, &**theirs)).collect();
    predicts_the_same::<Transformer>(Import::pytorch().layers(&names), &committed("torch_decoder.safetensors"));
}

#[test]
#[ignore = "`tests/exchange/run` writes and compares the files"]
fn transformers_of_keras_and_for_python() {
    predicts_the_same::<WithoutPositions>(Import::keras(), &shared("keras_decoder.safetensors"));
    let names = names_in_pytorch();
    let names: Vec<(&str, &str)> = names.iter().map(|(own, theirs)| (&**own, &**theirs)).collect();
    let (mut rng, mut network) = (Rng::new(1), Transformer::zeroed());
    Import::pytorch().layers(&names).load(&mut network, committed("torch_decoder.safetensors")).unwrap();
    let mut row = |_| (0..8).map(|_| (rng.uniform() * 11.0).trunc()).collect::<Vec<_>>();
    give_this("decoder", &network, &[0; 8].map(&mut row));

    #[network(input = [[f32; 6]; 5])]
    type Rotated = MultiHeadAttention<_, 1, Causal, Rotary>;
    give::<Rotated>("rotated");
    #[network(input = [[f32; 6]; 5])]
    type Waves = (SinusoidalPositions<_>, MultiHeadAttention<_, 3, Full, Rotary<100>>);
    give::<Waves>("waves");
}

/// Residual connections, branches and normalization.
#[network(input = Image<9, 8, 2>)]
type Graph = (
    (Conv2d<_, 4, 3, Linear, Padded<1>>, BatchNorm<_, Relu, 90, -5>),
    Residual<(Conv2d<_, 4, 3, Linear, Padded<1>>, BatchNorm<_, Linear, 90, -5>), Relu>,
    Residual<
        (Conv2d<_, 6, 3, Linear, Padded<1, 2>>, GroupNorm<_, 3, Relu, -5>, Conv2d<_, 6, 3, Linear, Padded<1>>),
        Tanh,
        Conv2d<_, 6, 1, Linear, Valid<2>>,
    >,
    Branches<Conv2d<_, 2, 1>, Conv2d<_, 3, 3, Relu, Padded<1>>, Concat>,
    GlobalAveragePool<_>,
    (Dense<_, 7>, LayerNorm<_, Tanh, -5>),
    Dense<_, 3>,
);

#[test]
fn graphs_of_pytorch_predict_the_same() {
    predicts_the_same::<Graph>(Import::pytorch(), &committed("torch_graph.safetensors"));
}

/// Without bias, and depthwise.
#[network(input = Image<9, 8, 2>)]
type Mobile = (
    Conv2d<_, 4, 3, Relu6, Padded<1, 2>, NoBias>,
    (DepthwiseConv2d<_, 3, HardSwish, Padded<1>, NoBias>, Conv2d<_, 5, 1>),
    DepthwiseConv2d<_, 2, Tanh, Valid<2, 1, 1>, Bias, 3>,
    GlobalAveragePool<_>,
    Dense<_, 3>,
);

#[network(input = [[f32; 2]; 12])]
type Series = (
    (Conv1d<_, 4, 3, Relu, Padded<1>>, MaxPool1d<_, 2>),
    Conv1d<_, 5, 2, HardSwish, Valid<1, 2>, NoBias>,
    Flatten<_>,
    Dense<_, 3>,
);

#[network(input = [[f32; 3]; 12])]
type DepthwiseSeries = (
    (DepthwiseConv1d<_, 3, Relu, Padded<2, 1, 2>, NoBias>, Conv1d<_, 4, 1>),
    DepthwiseConv1d<_, 4, Tanh, Valid<2>>,
    Flatten<_>,
    Dense<_, 3>,
);

/// The same layers with the padding of Keras.
#[network(input = [[f32; 2]; 12])]
type Causes = (
    Conv1d<_, 4, 3, Relu, Causal<1, 2>>,
    (AveragePool1d<_, 3, Same<2>>, Conv1d<_, 5, 2, HardSwish, Same<2>, NoBias>),
    DepthwiseConv1d<_, 3, Tanh, Same>,
    GlobalAveragePool<_>,
    Dense<_, 3>,
);

/// The output is a series.
#[network(input = [[f32; 2]; 12])]
type Steps = (
    Conv1d<_, 4, 3, Relu, Causal>,
    DepthwiseConv1d<_, 3, Relu, Causal<1, 2>>,
    (BatchNorm<_, Tanh>, GroupNorm<_, 2>),
    Conv1d<_, 3, 1, Softmax>,
);

#[network(input = Image<4, 3, 2>)]
type Upscaled = (
    ConvTranspose2d<_, 4, 3, Relu, Padded<1, 2>>,
    ConvTranspose2d<_, 3, 2, Tanh, Valid<2>, NoBias, 3>,
    Flatten<_>,
    Dense<_, 3>,
);

/// The same layers with the padding of Keras.
#[network(input = Image<4, 3, 2>)]
type Decoded =
    (ConvTranspose2d<_, 4, 3, Relu, Same<2>>, ConvTranspose2d<_, 3, 2, Tanh, Valid<3>, NoBias, 4>, Conv2d<_, 1, 1>);

/// Layers without weights.
#[network(input = Image<9, 8, 2>)]
type Decoder = (
    (Conv2d<_, 3, 3, Relu, Same<2>>, UpSample2d<_, 2, 3>, SpatialDropout<_, 20>, ZeroPad2d<_, 1, 0, 2, 1>),
    (Conv2d<_, 2, 2, Tanh>, Flatten<_>, Dropout<_, 20>, Dense<_, 24, Relu>, Reshape<_, Image<4, 6, 1>>),
    (
        ZeroPad2d<_, 1, 2>,
        Crop2d<_, 0, 1>,
        PRelu<_>,
        Conv2d<_, 2, 3>,
        Dropout<_, 10>,
        Reshape<_, [[f32; 16]; 3]>,
        GlobalAveragePool<_>,
    ),
);

/// Images between convolutions, and one whose channels are last.
#[network(input = Image<6, 5, 3>)]
type Resized = (
    Resize2d<_, 12, 8>,
    (Conv2d<_, 4, 3, Relu>, Resize2d<_, 7, 21, Corners>, Conv2d<_, 3, 2, Tanh>),
    Resize2d<_, 1, 30, TopLeft>,
    Resize2d<_, 4, 7>,
);

/// The same with the padding of Keras.
#[network(input = Image<9, 8, 2>)]
type Separable = (
    Conv2d<_, 4, 3, Relu6, Same<2>, NoBias>,
    (DepthwiseConv2d<_, 3, HardSwish, Same, NoBias>, Conv2d<_, 5, 1>),
    DepthwiseConv2d<_, 2, Tanh, Valid<2>, Bias, 3>,
    GlobalAveragePool<_>,
    Dense<_, 3>,
);

#[derive(Network)]
struct NamedAsInPytorch {
    stem: Dense<4, 6, Gelu>,
    body: Body,
    head: Dense<6, 2, Sigmoid>,
}

/// In PyTorch, an activation between layers is a layer itself and has a number.
type Body = (Dense<6, 6, Tanh>, Dropout<6, 0>, Dense<6, 6, Silu>);

/// `x·tanh(softplus(x))` (Misra 2019).
struct Mish;

impl Elementwise for Mish {
    type Saves = SaveInput;
    const NAME: &'static str = "Mish";

    fn value<V: Real>(x: V) -> V {
        x * x.softplus().tanh()
    }

    fn derivative<V: Real>(x: V, _: V) -> V {
        let t = x.softplus().tanh();
        t + x * (V::splat(1.0) - t * t) * x.sigmoid()
    }
}

/// Uses every operation that formulas can contain.
struct Everything;

impl Elementwise for Everything {
    type Saves = SaveInput;
    const NAME: &'static str = "Everything";

    fn value<V: Real>(x: V) -> V {
        let one = V::splat(1.0);
        let powers = x.mul_add(x, one).sqrt().ln() - (-x.abs()).exp() / (one + x.abs().ln_one_plus());
        let bounded = one.copysign(x) * x.erf().max(x.tanh()).min(x.sigmoid() + x.softplus());
        x.if_gt(V::splat(0.25), powers, bounded)
    }

    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(0.0)
    }
}

/// The same constant for all numbers.
struct Four;

impl Elementwise for Four {
    type Saves = SaveInput;
    const NAME: &'static str = "Four";

    fn value<V: Real>(_: V) -> V {
        V::splat(16.0).sqrt()
    }

    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(0.0)
    }
}

/// A custom layer: `y[n] = (x[n] − mean[n]) / deviation[n]`.
#[derive(Layer)]
struct Scale<const N: usize> {
    #[bias(initializer = Initializer::Constant(2.0))]
    mean: [f32; N],
    #[bias(initializer = Initializer::Constant(2.0))]
    deviation: [f32; N],
}

#[derive(Clone, Copy)]
struct Formula;

impl ElementwiseKernel<3, 1> for Formula {
    fn apply<V: Real>(&self, [x, mean, deviation]: [V; 3], _: [V; 1]) -> [V; 1] {
        [(x - mean) / deviation]
    }
}

impl<const N: usize> SimpleLayer for Scale<N> {
    type Input = [f32; N];
    type Output = [f32; N];
    type Tape = ();

    fn forward<S: Simd>(&self, simd: S, x: &[f32; N], y: &mut [f32; N]) {
        elementwise(simd, &Formula, [x, &self.mean, &self.deviation], [y]);
    }

    fn backward<S: Simd>(&self, _: S, _: &[f32; N], (): &(), _: &[f32; N], _: &[f32; N], _: &mut [f32; N]) {
        unimplemented!("this test does not train it");
    }

    fn operations<V: Operations<f32>>(&self, path: LayerPath<'_>, operations: &mut V) {
        operations.columnwise(path, "Scale", &[("mean", &self.mean), ("deviation", &self.deviation)], &Formula);
    }
}

type With<A> = (Dense<5, 7, A>, Dense<7, 3, Linear>);

#[network(input = Image<9, 8, 2>)]
type Images = (
    Conv2d<_, 5, 3, Relu, Same<2>>,
    Conv2d<_, 4, 2, Tanh, Same<1, 2>, Bias, 3>,
    AveragePool2d<_, 3, Same<2>>,
    MaxPool2d<_, 2, Same>,
    Flatten<_>,
    Dense<_, 3>,
);

#[network(input = Image<9, 8, 2>)]
type Norms = (
    (Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, GroupNorm<_, 2>, LayerNorm<_>),
    Flatten<_>,
    Dense<_, 3>,
    BatchNorm<_, Linear, 99, -5>,
);

/// The network begins and ends with branches, of which some have no layers.
#[network(input = Image<3, 2, 2>)]
type Ends = (
    Residual<Conv2d<_, 2, 3, Relu, Same>>,
    Branches<Identity<_>, MaxPool2d<_, 2, Same>, Concat>,
    Flatten<_>,
    Branches<Branches<Dense<_, 4, Tanh>, GroupNorm<_, 3>, Concat>, Identity<_>, Concat>,
);

/// Activations of the channels of images.
#[network(input = Image<6, 5, 2>)]
type Embedded = (Conv2d<_, 4, 3, UnitLength>, Conv2d<_, 5, 1, LogSoftmax>, Activate<UnitLength, _>);

/// The output is an image.
#[network(input = Image<9, 8, 2>)]
type Maps = (Conv2d<_, 4, 3, Relu, Padded<2, 1, 2, 1>>, MaxPool2d<_, 2, Padded<1, 2>>, Conv2d<_, 3, 1, Softmax>);

#[network(input = Image<6, 5, 3>)]
type Means = (Activate<Tanh, _>, Conv2d<_, 7, 3, Gelu, Valid<2>>, GlobalAveragePool<_>, Dense<_, 2, Softmax>);

macro_rules! each_activation {
    ($do:ident) => {
        $do::<With<Linear>>("linear");
        $do::<With<Relu>>("relu");
        $do::<With<Relu6>>("relu6");
        $do::<With<HardSwish>>("hard_silu");
        $do::<With<LeakyRelu>>("leaky_relu");
        $do::<With<HardSigmoid>>("hard_sigmoid");
        $do::<With<Elu>>("elu");
        $do::<With<Selu>>("selu");
        $do::<With<Gelu>>("gelu");
        $do::<With<Silu>>("silu");
        $do::<With<Sigmoid>>("sigmoid");
        $do::<With<Tanh>>("tanh");
        $do::<With<Softplus>>("softplus");
        $do::<With<Softmax>>("softmax");
        $do::<With<LogSoftmax>>("log_softmax");
        $do::<With<UnitLength>>("unit_length");
    };
}

#[test]
#[ignore = "`tests/exchange/run` makes the files"]
fn keras_models_predict_the_same() {
    fn check<N: Network<Input: Sample<N>>>(activation: &str) {
        predicts_the_same::<N>(Import::keras(), &shared(&format!("keras_{activation}.safetensors")));
    }
    each_activation!(check);
    type Deep = (Dense<6, 9, Relu>, Dropout<9, 50>, Dense<9, 9, Tanh>, Dropout<9, 20>, Dense<9, 4, Softmax>);
    check::<Deep>("dropout");

    type Block = (Dense<4, 5, Relu>, Dense<5, 4, Tanh>);
    check::<(Block, Dense<4, 4, Elu>, (Block, Dense<4, 3, Softmax>))>("nested");

    check::<Images>("images");
    check::<Norms>("norms");
    check::<Separable>("separable");
    check::<Causes>("causes");
    check::<Decoded>("decoded");

    // A layer that is used twice is in the file once.
    type Shared = (Dense<4, 4, Tanh>, Block, Dense<4, 4, Tanh>, Dense<4, 2, Linear>);
    let (path, mut network) = (shared("keras_shared.safetensors"), Shared::zeroed());
    let error = Import::keras().load(&mut network, &path).unwrap_err().to_string();
    assert!(error.contains("the file has 4 layers with weights") && error.contains("but the network has 5"), "{error}");
    let names = [("0", "0"), ("1.0", "1"), ("1.1", "2"), ("2", "0"), ("3", "3")];
    predicts_the_same::<Shared>(Import::keras().layers(&names), &path);
}

#[derive(Network)]
struct Nested {
    encoder: (Dense<8, 6, Gelu>, (Dense<6, 4, Silu>, Dropout<4, 30>)),
    decoder: Regularized<(Dense<4, 6, LeakyRelu>, Dense<6, 8, HardSigmoid>), L2<1, -3>>,
}

/// Numbers for each channel, for each number, and beside those of the input.
#[network(input = Image<4, 3, 2>)]
type Constants = (
    Branches<Identity<_>, Constant<_, [f32; 2]>, Multiply>,
    Branches<Conv2d<_, 2, 1>, Constant<_, Image<4, 3, 2>>, Add>,
    Branches<Conv2d<_, 3, 1, Tanh>, Constant<_, Image<4, 3, 1>>, Concat>,
);

/// Products of the planes of convolutions, and of matrices.
#[network(input = Image<2, 3, 4>)]
type Matrices = (
    Branches<Conv2d<_, 2, 1, Tanh>, (Conv2d<_, 4, 1>, Reshape<_, Image<2, 2, 6>>), MatMul>,
    Branches<Conv2d<_, 2, 1>, (Reshape<_, Image<2, 6, 3>>, Conv2d<_, 4, 1, Linear, Valid, Bias, 5>), MatMul>,
);

/// Two inputs and three outputs, of which one is an image.
#[network(input = Pair<Image<6, 5, 2>, [f32; 4]>)]
type Pairs = (
    Branches<(First<_>, Conv2d<_, 3, 3, Tanh>), (Second<_>, Dense<_, 36, Tanh>, Reshape<_, Image<4, 3, 3>>), Add>,
    Branches<Conv2d<_, 2, 2, Sigmoid>, (Flatten<_>, Branches<Dense<_, 3, Softmax>, Dense<_, 2>, Both>), Both>,
);

/// Each output for the steps up to the length of a series.
#[network(input = Pair<[[f32; 4]; 7], f32>)]
type OfLength = (
    Branches<
        Masked<(Conv1d<_, 4, 3, Relu>, Gru<_, 3, AllStates>, Conv1d<_, 2, 2, Tanh, Causal<2>>)>,
        Branches<
            Masked<(TransformerBlock<_, 2, 5>, Bidirectional<Lstm<_, 3, AllStates>>), BothEnds>,
            Branches<
                Masked<MultiHeadAttention<_, 1>, Average>,
                Masked<Bidirectional<Gru<_, 2, AllStates>>, Max>,
                Concat,
            >,
            Concat,
        >,
        Concat,
    >,
    Dense<_, 5>,
);

/// A label for each step up to the length of a series.
#[network(input = Pair<[[f32; 4]; 7], f32>)]
type StepsOfLength = (
    Masked<(TransformerBlock<_, 2, 5>, Bidirectional<Lstm<_, 3, AllStates>>), AllSteps>,
    TimeDistributed<Dense<_, 4, Softmax>, 7>,
);

/// The members of the input in another order, and one of them twice.
#[network(input = Pair<[f32; 3], Pair<Image<3, 2, 2>, [f32; 1]>>)]
type Members = (
    Branches<(Second<_>, First<_>), (Second<_>, Second<_>), Both>,
    Branches<(Second<_>, Dense<_, 2, Tanh>, Branches<Identity<_>, Identity<_>, Both>), First<_>, Both>,
);

/// Names and shapes of all tensors.
struct Shapes(serde_json::Map<String, serde_json::Value>);

impl<T> Visit<T> for Shapes {
    fn visit(&mut self, parameter: Parameter<'_>, _: &[T]) {
        self.0.insert(parameter.path.join(parameter.name).to_string(), json!(parameter.shape));
    }
}

/// Returns a network with random weights, and its predictions for random inputs.
fn give<N: Network<Input: Sample<N>>>(name: &str) {
    let mut rng = Rng::new(1);
    let row = |scale: f64| (0..N::Input::LEN).map(|_| f64::from((scale * rng.normal()) as f32)).collect::<Vec<_>>();
    give_this(name, &N::new(name.len() as u64), &[0.01, 0.1, 1.0, 1.0, 1.0, 3.0, 10.0, 30.0].map(row));
}

/// Writes the network in both formats, and its predictions. NaN becomes `null` in JSON.
fn give_this<N: Network<Input: Sample<N>>>(name: &str, network: &N, inputs: &[Vec<f64>]) {
    io::save(network, shared(&format!("{name}.safetensors"))).unwrap();
    io::export_onnx(network, shared(&format!("{name}.onnx"))).unwrap();
    let outputs: Vec<_> = inputs.iter().map(|input| predict(network, input)).collect();
    let mut shapes = Shapes(serde_json::Map::new());
    network.parameters(LayerPath::ROOT, &mut shapes);
    let json = json!({"inputs": inputs, "outputs": outputs, "tensors": shapes.0});
    fs::write(shared(&format!("{name}.json")), json.to_string()).unwrap();
}

#[test]
#[ignore = "`tests/exchange/run` compares the files"]
fn networks_for_python() {
    each_activation!(give);
    give::<Nested>("nested");
    give::<With<Mish>>("mish");
    give::<With<Everything>>("everything");
    give::<With<Four>>("four");
    give::<(Dense<5, 7, Selu, f64>, Dense<7, 3, Softmax, f64>)>("double");
    give::<(Scale<4>, Dense<4, 3, Tanh>)>("scale");
    give::<Dropout<4, 50>>("dropout_alone");
    give::<Dense<4, 2, Sigmoid>>("alone");
    give::<Images>("images");
    give::<Norms>("norms");
    let (mut rng, mut graph) = (Rng::new(1), Graph::zeroed());
    Import::pytorch().load(&mut graph, committed("torch_graph.safetensors")).unwrap();
    let mut row = |_| (0..144).map(|_| f64::from(rng.normal() as f32)).collect::<Vec<_>>();
    give_this("graph", &graph, &[0; 8].map(&mut row));
    let mut constants = Constants::new(1);
    constants.0.second.bias = [1.5, -2.0];
    constants.1.second.bias[1][2] = [0.5, 4.0];
    constants.2.second.bias[3][0] = [3.0];
    let mut row = |_| (0..24).map(|_| f64::from(rng.normal() as f32)).collect::<Vec<_>>();
    give_this("constants", &constants, &[0; 8].map(&mut row));
    give::<Pairs>("pairs");
    let mut rng = Rng::new(1);
    let rows: Vec<Vec<f64>> = (0..10)
        .map(|row| (0..28).map(|_| f64::from(rng.normal() as f32)).chain([f64::from(3 + row % 5)]).collect())
        .collect();
    give_this("lengths", &OfLength::new(1), &rows);
    give_this("steps_of_length", &StepsOfLength::new(1), &rows);
    give::<Members>("members");
    give::<Matrices>("matrices");
    give::<Ends>("ends");
    give::<Embedded>("embedded");
    let short = [[0.0; 3], [2e-7, 0.0, 0.0], [1.0, -2.0, 2.0]].map(Vec::from);
    give_this("short_vectors", &Activate::<UnitLength, [f32; 3]>::new(1), &short);
    give::<Maps>("maps");
    give::<Means>("means");
    give::<Mobile>("mobile");
    give::<Decoder>("decoder");
    give::<Series>("series");
    give::<Causes>("causes");
    give::<DepthwiseSeries>("depthwise_series");
    give::<Steps>("steps");
    give::<Resized>("resized");
    give::<Upscaled>("upscaled");
    give::<Decoded>("decoded");
    give::<Separable>("separable");
    give::<GlobalAveragePool<Image<3, 2, 2>>>("global_average_alone");
    give::<(Conv2d<Image<5, 4, 2>, 3, 3, Tanh, Valid, Bias, 3, Image<3, 2, 3>>, GlobalMaxPool<Image<3, 2, 3>>)>(
        "global_max",
    );
    give::<(Dense<196, 64, Relu>, Dropout<64, 20>, Dense<64, 32, Gelu>, Dense<32, 10, Softmax>)>("wide");
}

/// Age, one of three colors, weight, one of two sexes.
const ROWS: [[f32; 4]; 6] = [
    [41.0, 2.0, 70.5, 0.0],
    [f32::NAN, 0.0, 81.25, 1.0],
    [23.0, 1.0, f32::NAN, 1.0],
    [67.5, f32::NAN, 59.0, 0.0],
    [35.0, 1.0, 64.0, f32::NAN],
    [18.0, 0.0, 1000.0, 1.0],
];

#[test]
#[ignore = "`tests/exchange/run` compares the files"]
fn preprocessing_for_python() {
    let inputs = ROWS.map(|row| row.map(f64::from).into());
    let mut table: (Impute<4>, OneHot<4, 3, 2, 5>, OneHot<5, 1, 3, 7>, Standardize<7>, Dense<7, 3, Softmax>) =
        Network::new(1);
    table.0 = Impute::most_frequent(&ROWS).unwrap();
    let encoded = ROWS.map(|row| table.2.predict(&table.1.predict(&table.0.predict(&row))));
    table.3 = Standardize::fit(&encoded).unwrap();
    give_this("preprocessing", &table, &inputs);
    give_this("impute", &Impute::median(&ROWS).unwrap(), &inputs);

    // A number that is not a class sets none of the columns.
    let classes = [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, -0.0, 1e-40, f64::NAN, 1e30].map(|class| vec![7.0, class]);
    give_this("one_hot", &OneHot::<2, 1, 3, 4>::zeroed(), &classes);

    let rows = ROWS.map(|row| [row[1].max(0.0), row[3].max(0.0), 5.0]);
    let inputs = [[0.0, 1.0, 5.0], [2.0, -3.0, 7.0], [0.25, 0.5, -5.0]].map(Vec::from);
    give_this("standardize", &Standardize::fit(&rows).unwrap(), &inputs);
    give_this("min_max", &(MinMax::fit(&rows).unwrap(), Dense::<3, 2, Tanh>::new(1)), &inputs);
    let doubles = rows.map(|row| row.map(f64::from));
    give_this("min_max_of_double", &MinMax::fit(&doubles).unwrap(), &inputs);
}

/// `check.py` generates the same data: `x[i][j] = (3i + j) / 8 − 1`, `y[i] = i² mod 7`.
fn arrays() -> (Vec<[f32; 3]>, Vec<usize>) {
    let row = |i: usize| [0, 1, 2].map(|j| (3 * i + j) as f32 / 8.0 - 1.0);
    ((0..10).map(row).collect(), (0..10).map(|i| i * i % 7).collect())
}

#[test]
#[ignore = "`tests/exchange/run` makes and compares the files"]
fn arrays_to_and_from_numpy() {
    let (x, y) = arrays();
    let squares = [[[1.5f64, -2.0], [0.1, 4.0]]];
    npy::write(shared("shiplap.npy"), &squares).unwrap();
    Npz::new().with("x", &x).with_labels("y", &y).write(shared("shiplap.npz")).unwrap();

    assert_eq!(npy::read::<[[f64; 2]; 2]>(shared("numpy.npy")).unwrap(), squares);
    for name in ["numpy.npz", "numpy_compressed.npz"] {
        let file = Npz::open(shared(name)).unwrap();
        assert_eq!(file.read::<[f32; 3]>("x").unwrap(), x);
        assert_eq!(file.labels("y").unwrap(), y);
    }
}
