//! Neural networks whose layers fit together, or don't compile.
//!
//! A network is a type: `type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);`. The modules, in
//! the order in which data flows, each using only those above it:
//!
//! - [`message`]: texts of compile errors;
//! - [`kernel`]: instruction sets, matrix products, passes over slices;
//! - [`init`], [`regularize`]: how parameters start, and what their size costs;
//! - [`layer`]: what a layer is, and what fits after what;
//! - [`flash`]: networks in read-only memory, read from files when compiling;
//! - [`activation`], [`layers`]: one file for each kind;
//! - [`mod@network`]: tuples and structs of layers, predicting, summaries;
//! - [`mod@budget`]: what they take in flash, RAM and time, and may take;
//! - [`metric`], [`loss`], [`optim`]: formulas for learning;
//! - [`train`]: the trainer: step, fit, evaluate; callbacks that follow it along: early stopping, history;
//! - [`explain`]: what a prediction depends on;
//! - `data`: from files to arrays: reading, splitting, weighing, augmenting (with `std`);
//! - `io`: files: weights, checkpoints, what PyTorch and Keras trained, ONNX;
//! - `report`: pictures, an HTML page, TensorBoard, JSON and CSV of a training;
//! - `progress`: what is shown in a terminal.
#![no_std]
#![deny(missing_docs)]

#[cfg(any(feature = "std", test))]
extern crate std;

// The macros name the crate `::shiplap`, also in its own tests.
extern crate self as shiplap;

pub mod activation;
pub mod budget;
#[cfg(feature = "std")]
pub mod data;
pub mod explain;
#[cfg(any(feature = "npy", feature = "onnx", feature = "plot", feature = "safetensors"))]
mod file;
pub mod flash;
pub mod init;
#[cfg(any(feature = "safetensors", feature = "onnx"))]
pub mod io;
pub mod kernel;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod message;
pub mod metric;
pub mod network;
pub mod optim;
#[cfg(feature = "progress")]
pub mod progress;
mod random;
pub mod regularize;
#[cfg(any(feature = "plot", feature = "tensorboard"))]
pub mod report;
mod tensor;
pub mod train;
mod zeroed;

pub use kernel::Tensor;
pub use layer::{Layer, Parameters};
pub(crate) use random::Permutation;
pub use random::Rng;
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

/// What most programs need: `use shiplap::prelude::*;`.
pub mod prelude {
    #[cfg(feature = "include-weights")]
    pub use crate::include_weights;
    #[cfg(feature = "progress")]
    pub use crate::progress::Progress;
    #[cfg(feature = "std")]
    pub use crate::train::History;
    pub use crate::{
        Layer, Network, Parameters, Rng, Zeroed,
        activation::{
            Elementwise, Elu, Gelu, HardSigmoid, LeakyRelu, Linear, Relu, SaveInput, SaveNothing, Selu, Sigmoid, Silu,
            Softmax, Softplus, Tanh,
        },
        budget, const_assert,
        flash::Flash,
        init::Initializer,
        kernel::{Real, Simd},
        layer::SimpleLayer,
        layers::{
            Activate, Dense, Dropout, Frozen, Impute, InFlash, Initialized, MinMax, OneHot, Regularized, Standardize,
        },
        loss::{
            BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
            ClassWeighted, HalfSquaredError, Huber, MeanAbsoluteError, MeanSquaredError, PointwiseLoss, Smoothed,
            SparseCategoricalCrossentropy, Weighted,
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
        train::{Callback, EarlyStopping, Epoch, Fit, LearningRateScheduler, ReduceLrOnPlateau, TrainError, Trainer},
    };
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
