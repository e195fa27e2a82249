//! Models of other libraries as types. `make_models.py` and `make_onnx.py` have written their files, and the outputs of
//! their libraries.

#[rustfmt::skip] // The example `import` has printed it.
mod printed;

use std::slice;

use shiplap::{
    Tensor, include_model,
    layers::AllStates,
    prelude::*,
    quantized::{Int8Layer, Int8Tensor, Quantize, Quantized, Scale},
};

macro_rules! models {
    ($($file:literal $name:ident: $ty:ident;)*) => {
        $(include_model! { static $name: $ty = $file; })*
    };
}
models! {
    "abs.tflite" ABS: AbsOnly;
    "added_real.tflite" ADDED_REAL: AddedReal;
    "attended.tflite" ATTENDED: Attended;
    "attended_real.tflite" ATTENDED_REAL: AttendedReal;
    "bytes.tflite" BYTES: Bytes;
    "combined.tflite" COMBINED: Combined;
    "combined_real.tflite" COMBINED_REAL: CombinedReal;
    "constant.tflite" CONSTANT: Constant;
    "constant_real.tflite" CONSTANT_REAL: ConstantReal;
    "cut.tflite" CUT: Cut;
    "cut_real.tflite" CUT_REAL: CutReal;
    "dense_real.tflite" DENSE_REAL: DenseReal;
    "dilated.tflite" DILATED: Dilated;
    "dilated_real.tflite" DILATED_REAL: DilatedReal;
    "dilated_series.tflite" DILATED_SERIES: DilatedSeries;
    "each_step.tflite" EACH_STEP: EachStepOnly;
    "each_step_real.tflite" EACH_STEP_REAL: EachStepReal;
    "elu.tflite" ELU: EluOnly;
    "enlarged.tflite" ENLARGED: Enlarged;
    "enlarged_real.tflite" ENLARGED_REAL: EnlargedReal;
    "excited.tflite" EXCITED: Excited;
    "excited_real.tflite" EXCITED_REAL: ExcitedReal;
    "exp.tflite" EXP: ExpOnly;
    "functions.tflite" FUNCTIONS: Functions;
    "functions_real.tflite" FUNCTIONS_REAL: FunctionsReal;
    "gated.tflite" GATED: Gated;
    "gelu.tflite" GELU: GeluOnly;
    "gelu_by_tanh.tflite" GELU_BY_TANH: GeluByTanh;
    "half_real.tflite" HALF_REAL: HalfReal;
    "hard_tanh.tflite" HARD_TANH: HardTanhOnly;
    "hard_swish.tflite" HARD_SWISH: HardSwishOnly;
    "images_qdq.onnx" IMAGES_QDQ: ImagesQdq;
    "images_real.onnx" IMAGES_REAL: ImagesReal;
    "inception.tflite" INCEPTION: Inception;
    "inception_real.tflite" INCEPTION_REAL: InceptionReal;
    "keep_dims.tflite" KEEP_DIMS: KeepDims;
    "leaky_relu.tflite" LEAKY_RELU: LeakyReluOnly;
    "least.tflite" LEAST: Least;
    "least_real.tflite" LEAST_REAL: LeastReal;
    "log.tflite" LOG: LogOnly;
    "log_softmax.tflite" LOG_SOFTMAX: LogSoftmaxOnly;
    "log_softmax_real.tflite" LOG_SOFTMAX_REAL: LogSoftmaxReal;
    "lstm_stack.tflite" LSTM_STACK: LstmStack;
    "lstm_stack_real.tflite" LSTM_STACK_REAL: LstmStackReal;
    "lstm_states.tflite" LSTM_STATES: LstmStates;
    "lstm_states_real.tflite" LSTM_STATES_REAL: LstmStatesReal;
    "masked.tflite" MASKED: MaskedSteps;
    "masked_real.tflite" MASKED_REAL: MaskedStepsReal;
    "mirrored.tflite" MIRRORED: Mirrored;
    "mirrored_real.tflite" MIRRORED_REAL: MirroredReal;
    "mobile.tflite" MOBILE: Mobile;
    "mobile_real.tflite" MOBILE_REAL: MobileReal;
    "multiplied.tflite" MULTIPLIED: Multiplied;
    "negative.tflite" NEGATIVE: NegativeOnly;
    "normalized.tflite" NORMALIZED: Normalized;
    "normalized_real.tflite" NORMALIZED_REAL: NormalizedReal;
    "normed_real.onnx" NORMED_REAL: NormedReal;
    "pooled_qdq.onnx" POOLED_QDQ: PooledQdq;
    "product_qdq.onnx" PRODUCT_QDQ: ProductQdq;
    "real_ends.tflite" REAL_ENDS: RealEnds;
    "rectified.tflite" RECTIFIED: Rectified;
    "rectified_real.tflite" RECTIFIED_REAL: RectifiedReal;
    "reduced.tflite" REDUCED: Reduced;
    "relu.tflite" RELU: ReluOnly;
    "padded.tflite" PADDED: Padded;
    "padded_real.tflite" PADDED_REAL: PaddedReal;
    "resized.tflite" RESIZED: Resized;
    "resized_real.tflite" RESIZED_REAL: ResizedReal;
    "rsqrt.tflite" RSQRT: RsqrtOnly;
    "scaled.tflite" SCALED: Scaled;
    "series.tflite" SERIES: Series;
    "series_qdq.onnx" SERIES_QDQ: SeriesQdq;
    "series_real.onnx" SERIES_REAL: SeriesReal;
    "several.tflite" SEVERAL: Several;
    "several_real.tflite" SEVERAL_REAL: SeveralReal;
    "shuffled.tflite" SHUFFLED: Shuffled;
    "shuffled_real.tflite" SHUFFLED_REAL: ShuffledReal;
    "shared.tflite" SHARED: Shared;
    "shared_real.tflite" SHARED_REAL: SharedReal;
    "sigmoid.tflite" SIGMOID: SigmoidOnly;
    "sqrt.tflite" SQRT: SqrtOnly;
    "square.tflite" SQUARE: SquareOnly;
    "steps_real.onnx" STEPS_REAL: StepsReal;
    "summed.tflite" SUMMED: Summed;
    "summed_real.tflite" SUMMED_REAL: SummedReal;
    "tanh.tflite" TANH: TanhOnly;
    "transposed.tflite" TRANSPOSED: Transposed;
    "transposed_real.tflite" TRANSPOSED_REAL: TransposedReal;
    "unit_length.tflite" UNIT_LENGTH: UnitLengthOnly;
    "unit_length_real.tflite" UNIT_LENGTH_REAL: UnitLengthReal;
    "unrolled.tflite" UNROLLED: Unrolled;
    "unrolled_real.tflite" UNROLLED_REAL: UnrolledReal;
    "widened.tflite" WIDENED: Widened;
    "widened_real.tflite" WIDENED_REAL: WidenedReal;
}

/// The inputs and outputs in the file of a model.
fn samples(name: &str, input: usize, output: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let path = format!("{}/models/{name}.bin", env!("CARGO_MANIFEST_DIR"));
    let samples: Vec<_> = std::fs::read(path)
        .unwrap()
        .chunks_exact(input + output)
        .map(|sample| (sample[..input].to_vec(), sample[input..].to_vec()))
        .collect();
    assert_eq!(samples.len(), 16, "{name}");
    samples
}

/// Compares int8 outputs with those of TensorFlow Lite's reference kernels. The bytes of the ends are int8 plus `offset`.
fn compare<N: Quantize<Int8: Int8Layer<Input: Int8Tensor>>>(name: &str, network: &Quantized<N>, offset: u8) {
    let mut x = <N::Int8 as Int8Layer>::Input::zeroed();
    let (input, output) = (Int8Tensor::flat(slice::from_ref(&x)).len(), <N::Output as Tensor>::LEN);
    for (sample, expected) in samples(name, input, output) {
        let numbers = Int8Tensor::flat_mut(slice::from_mut(&mut x));
        numbers.iter_mut().zip(&sample).for_each(|(x, byte)| *x = byte.wrapping_sub(offset) as i8);
        let y = network.predict_int8(&x);
        let expected: Vec<i8> = expected.iter().map(|byte| byte.wrapping_sub(offset) as i8).collect();
        assert_eq!(Int8Tensor::flat(slice::from_ref(&y)), expected, "{name}");
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// The distances of outputs in real numbers from those in the file of a model.
fn distances<X: Tensor<Element = f32>, Y: Tensor<Element = f32>>(
    name: &str,
    predict: impl Fn(&X) -> Y,
) -> impl Iterator<Item = f32> {
    let mut x = X::zeroed();
    samples(name, 4 * X::LEN, 4 * Y::LEN).into_iter().flat_map(move |(sample, expected)| {
        X::flat_mut(slice::from_mut(&mut x)).iter_mut().zip(numbers(&sample)).for_each(|(x, number)| *x = number);
        let y = predict(&x);
        let pairs = Y::flat(slice::from_ref(&y)).iter().zip(numbers(&expected));
        pairs.map(|(y, expected)| (y - expected).abs()).collect::<Vec<_>>()
    })
}

/// The outputs in real numbers are those of the library.
fn compare_real<X: Tensor<Element = f32>, Y: Tensor<Element = f32>>(name: &str, predict: impl Fn(&X) -> Y) {
    let largest = distances(name, predict).fold(0f32, f32::max);
    assert!(largest < 1e-5, "{name}: {largest}");
}

/// The outputs in int8 are at most one step from those of onnxruntime, which rounds in real numbers.
fn compare_steps<X: Tensor<Element = f32>, Y: Tensor<Element = f32>>(
    name: &str,
    predict: impl Fn(&X) -> Y,
    output: Scale,
) {
    let steps: Vec<f32> = distances(name, predict).map(|distance| (distance / output.scale).round()).collect();
    let equal = steps.iter().filter(|steps| **steps == 0.0).count();
    println!("{name}: {equal} of {} are equal", steps.len());
    assert!(steps.iter().all(|steps| *steps <= 1.0), "{name}: {steps:?}");
}

#[test]
fn int8_models_compute_the_bytes_of_tensorflow_lite() {
    compare("mobile", &MOBILE, 0);
    compare("inception", &INCEPTION, 0);
    compare("keep_dims", &KEEP_DIMS, 0);
    compare("series", &SERIES, 0);
    compare("multiplied", &MULTIPLIED, 0);
    compare("constant", &CONSTANT, 0);
    compare("reduced", &REDUCED, 0);
    compare("scaled", &SCALED, 0);
    compare("excited", &EXCITED, 0);
    compare("dilated", &DILATED, 0);
    compare("enlarged", &ENLARGED, 0);
    compare("dilated_series", &DILATED_SERIES, 0);
    compare("transposed", &TRANSPOSED, 0);
    compare("cut", &CUT, 0);
    compare("rectified", &RECTIFIED, 0);
    compare("gated", &GATED, 0);
    compare("each_step", &EACH_STEP, 0);
    compare("combined", &COMBINED, 0);
    compare("shuffled", &SHUFFLED, 0);
    compare("functions", &FUNCTIONS, 0);
    compare("normalized", &NORMALIZED, 0);
    compare("several", &SEVERAL, 0);
    compare("widened", &WIDENED, 0);
    compare("attended", &ATTENDED, 0);
    compare("masked", &MASKED, 0);
    compare("log_softmax", &LOG_SOFTMAX, 0);
    compare("unit_length", &UNIT_LENGTH, 0);
    compare("shared", &SHARED, 0);
    compare("unrolled", &UNROLLED, 0);
    compare("padded", &PADDED, 0);
    compare("mirrored", &MIRRORED, 0);
    compare("least", &LEAST, 0);
    compare("summed", &SUMMED, 0);
    compare("resized", &RESIZED, 0);
    compare("lstm_states", &LSTM_STATES, 0);
    compare("lstm_stack", &LSTM_STACK, 0);
    compare("bytes", &BYTES, 128);
}

#[test]
fn printed_source_is_the_same_network() {
    compare("keep_dims", &printed::NET, 0);
}

#[test]
fn activations_of_all_inputs_are_those_of_tensorflow_lite() {
    compare("sigmoid", &SIGMOID, 0);
    compare("tanh", &TANH, 0);
    compare("relu", &RELU, 0);
    compare("leaky_relu", &LEAKY_RELU, 0);
    compare("hard_swish", &HARD_SWISH, 0);
    compare("elu", &ELU, 0);
    compare("gelu", &GELU, 0);
    compare("gelu_by_tanh", &GELU_BY_TANH, 0);
    compare("abs", &ABS, 0);
    compare("exp", &EXP, 0);
    compare("negative", &NEGATIVE, 0);
    compare("square", &SQUARE, 0);
    compare("hard_tanh", &HARD_TANH, 0);
    compare("log", &LOG, 0);
    compare("sqrt", &SQRT, 0);
    compare("rsqrt", &RSQRT, 0);
}

#[test]
fn models_with_real_ends_predict_the_same() {
    compare_real("real_ends", |x| REAL_ENDS.predict(x));
}

#[test]
fn real_models_predict_the_same() {
    compare_real("mobile_real", |x: &Image<12, 12, 3>| MOBILE_REAL.predict(x));
    compare_real("inception_real", |x: &Image<9, 8, 4>| INCEPTION_REAL.predict(x));
    compare_real("images_real", |x: &Image<10, 9, 3>| IMAGES_REAL.predict(x));
    compare_real("series_real", |x: &[[f32; 3]; 24]| SERIES_REAL.predict(x));
    compare_real("steps_real", |x: &[[f32; 2]; 16]| STEPS_REAL.predict(x));
    compare_real("each_step_real", |x: &[[f32; 4]; 6]| EACH_STEP_REAL.predict(x));
    compare_real("rectified_real", |x: &Image<6, 5, 3>| RECTIFIED_REAL.predict(x));
    compare_real("cut_real", |x: &Image<12, 11, 4>| CUT_REAL.predict(x));
    compare_real("normed_real", |x: &Image<8, 7, 3>| NORMED_REAL.predict(x));
    compare_real("half_real", |x: &Image<12, 12, 3>| HALF_REAL.predict(x));
    compare_real("excited_real", |x: &Image<7, 6, 3>| EXCITED_REAL.predict(x));
    compare_real("constant_real", |x: &Image<6, 5, 3>| CONSTANT_REAL.predict(x));
    compare_real("enlarged_real", |x: &Image<6, 5, 3>| ENLARGED_REAL.predict(x));
    compare_real("transposed_real", |x: &Image<4, 5, 3>| TRANSPOSED_REAL.predict(x));
    compare_real("dilated_real", |x: &Image<12, 11, 2>| DILATED_REAL.predict(x));
    compare_real("combined_real", |x: &Image<6, 5, 4>| COMBINED_REAL.predict(x));
    compare_real("shuffled_real", |x: &Image<6, 4, 3>| SHUFFLED_REAL.predict(x));
    compare_real("functions_real", |x: &Image<5, 4, 3>| FUNCTIONS_REAL.predict(x));
    compare_real("resized_real", |x: &Image<6, 5, 3>| RESIZED_REAL.predict(x));
    compare_real("attended_real", |x: &[[f32; 8]; 6]| ATTENDED_REAL.predict(x));
    compare_real("masked_real", |x: &[[f32; 8]; 6]| MASKED_REAL.predict(x));
    compare_real("widened_real", |x: &Image<6, 5, 3>| WIDENED_REAL.predict(x));
    compare_real("log_softmax_real", |x: &[[f32; 5]; 7]| LOG_SOFTMAX_REAL.predict(x));
    compare_real("unit_length_real", |x: &Image<5, 4, 3>| UNIT_LENGTH_REAL.predict(x));
    compare_real("shared_real", |x: &Image<8, 6, 2>| SHARED_REAL.predict(x));
    compare_real("unrolled_real", |x: &[[f32; 3]; 3]| UNROLLED_REAL.predict(x));
    compare_real("padded_real", |x: &Image<5, 4, 3>| PADDED_REAL.predict(x));
    compare_real("mirrored_real", |x: &Image<5, 4, 3>| MIRRORED_REAL.predict(x));
    compare_real("summed_real", |x: &Image<6, 5, 4>| SUMMED_REAL.predict(x));
    compare_real("least_real", |x: &Image<6, 5, 4>| LEAST_REAL.predict(x));
    compare_real("added_real", |x: &Image<5, 4, 3>| ADDED_REAL.predict(x));
    compare_real("several_real", |x: &Pair<Image<6, 5, 2>, [f32; 4]>| SEVERAL_REAL.predict(x));
    compare_real("normalized_real", |x: &Image<5, 4, 3>| NORMALIZED_REAL.predict(x));
    compare_real("lstm_states_real", |x: &[[f32; 3]; 9]| LSTM_STATES_REAL.predict(x));
    compare_real("lstm_stack_real", |x: &[[f32; 3]; 9]| LSTM_STACK_REAL.predict(x));
    compare_real("dense_real", |x: &[f32; 9]| DENSE_REAL.predict(x));
}

/// The second one outputs its last state, and no other layer cuts it out of all states.
#[test]
fn lstms_are_streamed() {
    type Stack = (Lstm<[[f32; 3]; 9], 6, AllStates>, Lstm<[[f32; 6]; 9], 4>, Dense<4, 2>);
    let network: &Quantized<Stack> = &LSTM_STACK;
    for (sample, _) in samples("lstm_stack", 27, 2) {
        let x: [[i8; 3]; 9] = std::array::from_fn(|step| std::array::from_fn(|n| sample[3 * step + n] as i8));
        let (mut states, mut stack) = (Stream::<LstmStates>::new(), Stream::<LstmStack>::new());
        assert_eq!(x.map(|frame| states.push(&LSTM_STATES, &frame)), LSTM_STATES.predict_int8(&x).map(Some));
        let outputs: Vec<_> = x.iter().filter_map(|frame| stack.push(network, frame)).collect();
        assert_eq!(outputs, [network.predict_int8(&x)]);
    }
}

#[test]
fn quantized_onnx_models_predict_the_same_within_a_step() {
    compare_steps("images_qdq", |x| IMAGES_QDQ.predict(x), IMAGES_QDQ.output);
    compare_steps("pooled_qdq", |x| POOLED_QDQ.predict(x), POOLED_QDQ.output);
    compare_steps("series_qdq", |x| SERIES_QDQ.predict(x), SERIES_QDQ.output);
    compare_steps("product_qdq", |x| PRODUCT_QDQ.predict(x), PRODUCT_QDQ.output);
}
