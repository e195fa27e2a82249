//! Training:
//!
//! - [`Trainer`]: a network and all the memory for its training, with `step`, `fit`, `evaluate`, `predict`;
//! - [`Fit`]: the number of epochs, and the validation data;
//! - [`Callback`]: called at each step and [`Epoch`]; it may change settings or stop training. [`EarlyStopping`],
//!   `History`, [`ReduceLrOnPlateau`], [`LearningRateScheduler`] and closures are callbacks;
//! - [`TrainingState`]: everything that a resumed run needs;
//! - [`TrainError`]: errors in data, settings and training.

mod callback;
mod error;
mod evaluate;
mod fit;
mod learning_rate;
#[cfg(feature = "mpi")]
mod local_sgd;
#[cfg(feature = "mpi")]
mod on_first;
mod report;
mod resume;
mod step;
mod trainer;

#[cfg(feature = "std")]
pub use callback::History;
#[cfg(feature = "search")]
pub(crate) use callback::copy_weights;
#[cfg(feature = "progress")]
pub(crate) use callback::lend;
pub use callback::{Callback, EarlyStopping, Flow};
pub use error::{Data, TrainError};
pub use fit::Fit;
pub use learning_rate::{LearningRateScheduler, ReduceLrOnPlateau};
#[cfg(feature = "mpi")]
pub use local_sgd::LocalSgd;
#[cfg(feature = "mpi")]
pub use on_first::OnFirst;
pub use report::{Epoch, Report};
#[cfg(feature = "safetensors")]
pub(crate) use resume::MOST_STEPS;
pub use resume::{TrainingState, TrainingStateMut};
pub use trainer::Trainer;
