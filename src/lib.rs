//! Neural networks whose layers fit together, or don't compile.
//!
//! A network is a type, a tuple of layers:
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[network]
//! type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
//!
//! fn main() -> Result<(), TrainError> {
//!     let (x, y) = ([[0.5f32; 10]; 100], [[1.0f32]; 100]);
//!     let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::new(0.01), 42);
//!     trainer.fit(&x, &y, Fit::epochs(10))?;
//!     let p: [f32; 1] = trainer.predict(&x[0]);
//!     assert!(p[0] > 0.9);
//!     Ok(())
//! }
//! ```
//!
//! The README lists the features and the examples. The [`guide`] shows how to write layers, activations, losses,
//! optimizers, metrics and callbacks of your own, how to stream series, and how to use all cores and search.
//!
//! The modules, from the bottom up. Each uses only those listed before it:
//!
//! - [`message`]: the texts of compile errors;
//! - [`kernel`]: numeric code: instruction sets, matrix products, elementwise kernels;
//! - [`regularize`], [`init`]: penalties and initializers;
//! - [`activation`]: formulas with their derivatives;
//! - [`layer`]: the traits of a layer: its parameters, its formula, and the check that layers fit together;
//! - [`mod@budget`]: limits on flash, RAM and multiply-accumulates, checked at compile time;
//! - [`stream`]: networks that take one frame at a time;
//! - [`flash`]: networks in read-only memory, read from files at compile time;
//! - [`mod@network`]: tuples and structs of layers: prediction, initialization, summaries;
//! - [`layers`]: the layers, one file each;
//! - [`quantized`]: networks in int8, and TensorFlow Lite models as types;
//! - [`metric`], [`loss`], [`optim`]: formulas for metrics, losses and weight updates;
//! - [`train`]: the trainer: `step`, `fit`, `evaluate`; callbacks such as early stopping and history;
//! - [`explain`]: attribution of a prediction to its inputs.
//!
//! Modules that need `std`:
//!
//! - `ranks` (feature `mpi`): the processes of an MPI program, for training and searching. `optim` and `train` use it;
//! - `check`: comparison of the gradients of your own layers with finite differences;
//! - `data`: data sets in arrays: reading files, splits, class weights, augmentation;
//! - `io` (feature `safetensors`, `onnx` or `tflite`): weight files and checkpoints, import from PyTorch and Keras,
//!   export to ONNX and TensorFlow Lite;
//! - `report` (feature `plot` or `tensorboard`): plots, HTML pages, TensorBoard, JSON and CSV;
//! - `search` (feature `search`): a search for the best network and settings, on all cores;
//! - `progress` (feature `progress`): the progress bar in the terminal.
#![no_std]
#![deny(missing_docs)]

#[cfg(any(feature = "std", test))]
extern crate std;

// Generated code names the crate `::shiplap`, even inside the crate.
extern crate self as shiplap;

pub mod activation;
pub mod budget;
#[cfg(feature = "std")]
pub mod check;
mod cores;
#[cfg(feature = "std")]
pub mod data;
pub mod explain;
#[cfg(any(feature = "npy", feature = "onnx", feature = "plot", feature = "safetensors", feature = "tflite"))]
mod file;
pub mod flash;
#[cfg(feature = "std")]
pub mod guide;
pub mod init;
#[cfg(any(feature = "safetensors", feature = "onnx", feature = "tflite"))]
pub mod io;
pub mod kernel;
mod kind;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod message;
pub mod metric;
pub mod network;
mod operations;
pub mod optim;
mod path;
#[cfg(feature = "progress")]
pub mod progress;
pub mod quantized;
mod random;
mod range;
#[cfg(feature = "mpi")]
pub mod ranks;
pub mod regularize;
#[cfg(any(feature = "plot", feature = "search", feature = "tensorboard"))]
pub mod report;
mod rounding;
#[cfg(feature = "search")]
pub mod search;
#[cfg(feature = "std")]
mod short;
pub mod stream;
mod tensor;
pub mod train;
mod zeroed;

pub use kernel::{Pair, Tensor};
pub use layer::{Layer, Parameters};
pub(crate) use random::Permutation;
pub use random::Rng;
/// Declares the type and the static of a TensorFlow Lite or ONNX model:
///
/// ```standalone_crate
/// use shiplap::include_model;
///
/// include_model! {
///     /// Tells 12 classes of sounds apart.
///     static KWS: Kws = "../data/mlperf_tiny/kws_int8.tflite";
/// }
///
/// let classes: [i8; 12] = KWS.predict_int8(&[[[83]; 10]; 49]);
/// assert!(classes.iter().map(|class| i32::from(*class) + 128).sum::<i32>().abs_diff(256) < 4);
/// ```
///
/// A model in int8 is a [`Quantized`](quantized::Quantized) network. If its file quantizes real numbers at its ends, so
/// does `predict`; the bytes of an input in uint8 are the int8 plus 128. A model in float32 is a [`Network`]:
///
/// ```standalone_crate
/// use shiplap::{include_model, prelude::*};
///
/// include_model! { static NET: Net = "../tests/models/dense_real.tflite"; }
///
/// let y: [f32; 3] = NET.predict(&[0.5; 9]);
/// ```
///
/// `cargo run --features include-model --example import -- FILE` prints the type and the static as Rust source.
///
/// These operators have layers:
///
/// - Products: `FULLY_CONNECTED`, also of each step; `CONV_2D` and `DEPTHWISE_CONV_2D`, also between `SPACE_TO_BATCH_ND`
///   and `BATCH_TO_SPACE_ND`, which dilate it; `TRANSPOSE_CONV` with the size of `Same` or `Valid`; `BATCH_MATMUL`, also
///   of two tensors, as in attention.
/// - Pools: `MAX_POOL_2D`, `AVERAGE_POOL_2D`; `MEAN`, `SUM`, `REDUCE_MAX` and `REDUCE_MIN`.
/// - Arithmetic: `ADD`, `SUB`, `MUL`, `SQUARED_DIFFERENCE`, `MAXIMUM` and `MINIMUM` of a tensor and a constant, or of two
///   tensors that follow from one, which are repeated to one shape; `ADD_N` in float32.
/// - Parts of tensors: `STRIDED_SLICE` and `SLICE` with constant bounds, `GATHER` at constant places, `SPLIT`, `SPLIT_V`,
///   `UNPACK`, `CONCATENATION`, `PACK`; `SELECT_V2` by a constant mask.
/// - Shapes: `PAD` and `PADV2` of rows, columns and channels, `MIRROR_PAD`, `TILE`, `BROADCAST_TO`,
///   `RESIZE_NEAREST_NEIGHBOR` by whole factors, `RESIZE_BILINEAR`, `RESHAPE` and related ones, `TRANSPOSE`,
///   `DEPTH_TO_SPACE`, `SPACE_TO_DEPTH`.
/// - Activations: `SOFTMAX`, `LOG_SOFTMAX`, `L2_NORMALIZATION`, `LOGISTIC`, `TANH`, `RELU`, `RELU6`, `RELU_N1_TO_1`,
///   `LEAKY_RELU`, `PRELU`, `HARD_SWISH`, `GELU` (in float32 not approximated), `RSQRT`, and, also between `DEQUANTIZE`
///   and `QUANTIZE`, `ABS`, `ELU`, `EXP`, `LOG`, `NEG`, `SQRT` and `SQUARE`.
/// - Sequences: `UNIDIRECTIONAL_SEQUENCE_LSTM`, whose states are initially 0; with a projection, a peephole, layer norms or
///   without an input gate, it is a compile error. In real numbers, its cells have no limit, as in Keras.
/// - `DEQUANTIZE`, also of weights in float16, and `QUANTIZE`.
///
/// Several inputs, or several outputs, are a [`Pair`] of the first one and of the others, in the order of the file; the
/// documentation of the type lists their names. Branches that share operators start from a pair of what they read, so that
/// each operator is in the type once. Recurrent layers without the operator above are read step by step (`unroll=True` in
/// Keras), with `FILL` for the first state, and have their weights once for each step. Loops, which are other recurrent
/// layers, and models with int8 weights and real activations, are compile errors.
///
/// An `.onnx` model has real numbers, or pairs of `QuantizeLinear` and `DequantizeLinear` as onnxruntime's static
/// quantization writes them, with symmetric int8 weights. Its images are `[height][width][channels]` here, and its series
/// `[step][channel]`. An output of a layer may differ from that of onnxruntime by one step, because it rounds in real
/// numbers. The outputs of 48 models differ by up to 5 steps, where their scale is finer than those before.
/// These operators have layers: `Conv` of images or series with one group or one for each channel, `Gemm`, `MatMul`,
/// `MaxPool`, `AveragePool`, `GlobalAveragePool`, `ReduceMean` over all pixels or steps, `Add`, `Mul` by a constant and
/// `BatchNormalization` in real numbers, `Concat` of channels, `Flatten`, `Reshape`, `Squeeze` and `Unsqueeze` between
/// images, series and vectors, `Transpose` between both orders of channels, `Relu`, `Clip` to 0 and 6 or −1
/// and 1, `LeakyRelu`, `Elu`, `HardSwish`, `Sigmoid`, `Tanh` and `Softmax`.
#[cfg(feature = "include-model")]
#[doc(inline)]
pub use shiplap_macros::include_model;
/// Embeds a saved network in the program:
///
/// ```standalone_crate
/// use shiplap::prelude::*;
///
/// type Net = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);
/// static XOR: Net = include_weights!("../tests/flash/xor.safetensors");
///
/// assert!(XOR.predict(&[0.0, 1.0])[0] > 0.9);
/// assert!(XOR.predict(&[1.0, 1.0])[0] < 0.1);
/// ```
#[cfg(feature = "include-weights")]
#[doc(inline)]
pub use shiplap_macros::include_weights;
pub use shiplap_macros::{Layer, Network, Parameters, const_assert, network};

pub use zeroed::Zeroed;
#[doc(hidden)]
pub use zeroed::{Either, Memory, zeroed_at};

/// The items that most programs need: `use shiplap::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "include-weights")]
    pub use crate::include_weights;
    #[cfg(feature = "rayon")]
    pub use crate::optim::AllCores;
    #[cfg(feature = "mpi")]
    pub use crate::optim::AllRanks;
    #[cfg(feature = "progress")]
    pub use crate::progress::Progress;
    #[cfg(feature = "std")]
    pub use crate::train::History;
    pub use crate::{
        Layer, Network, Pair, Parameters, Rng, Zeroed,
        activation::{
            Elementwise, Elu, Gelu, HardSigmoid, HardSwish, LeakyRelu, Linear, Relu, Relu6, SaveInput, SaveNothing,
            Selu, Sigmoid, Silu, Softmax, Softplus, Tanh,
        },
        budget, const_assert,
        flash::Flash,
        init::Initializer,
        kernel::{Element, Real, Simd},
        layer::{Logits, Predictions, SimpleLayer},
        layers::{
            Activate, AllStates, AllSteps, AveragePool1d, AveragePool2d, BatchNorm, Bias, Bidirectional, BothEnds,
            Causal, Conv1d, Conv2d, ConvTranspose2d, Crop2d, Dense, DepthwiseConv1d, DepthwiseConv2d, Dropout,
            Embedding, Flatten, Frozen, GlobalAveragePool, GlobalMaxPool, Gru, HalfPixel, Image, Impute, InFlash,
            Initialized, LayerNorm, LearnedPositions, Lstm, Masked, MaxPool1d, MaxPool2d, MinMax, MultiHeadAttention,
            NoBias, OneHot, PRelu, Padded, Regularized, Reshape, Residual, Resize2d, Reversed, RmsNorm, Rotary, Same,
            SimpleRnn, SinusoidalPositions, SpatialDropout, Standardize, Stateful, TimeDistributed, TransformerBlock,
            Transpose2d, UpSample2d, Valid, ZeroPad2d,
        },
        loss::{
            BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
            ClassWeighted, EachPixel, EachStep, Follows, HalfSquaredError, Huber, MeanAbsoluteError, MeanSquaredError,
            PointwiseLoss, Smoothed, SparseCategoricalCrossentropy, Weighted,
        },
        metric::{
            Accuracy, Auc, BinaryAccuracy, ConfusionMatrix, F1, MeanAbsolute, Metric, Named, Precision, RSquared,
            Recall, RootMeanSquaredError,
        },
        network,
        network::Network,
        optim::{
            Accumulate, Adagrad, Adam, AdamW, AmsGrad, Averaged, Clip, InPlace, Lion, Momentum, Nadam, Optimizer,
            RmsProp, Schedule, Sgd,
        },
        regularize::{L1, L2, Penalty},
        stream::Stream,
        train::{Callback, EarlyStopping, Epoch, Fit, LearningRateScheduler, ReduceLrOnPlateau, TrainError, Trainer},
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
