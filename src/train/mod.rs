//! Training:
//!
//! - [`Trainer`]: a network and all the memory that training takes, with `step`, `fit`, `evaluate`, `predict`;
//! - [`Fit`]: how long to train, and on which data to validate;
//! - [`Callback`]: is told of each step and [`Epoch`] and may change settings or stop: [`EarlyStopping`], `History`,
//!   [`ReduceLrOnPlateau`], [`LearningRateScheduler`], a closure, your own;
//! - [`TrainingState`]: everything that a resumed run needs;
//! - [`TrainError`]: what can be wrong with data, settings and training.

mod callback;
mod error;
mod evaluate;
mod fit;
mod learning_rate;
mod resume;
mod step;
mod trainer;

#[cfg(feature = "std")]
pub use callback::History;
#[cfg(feature = "progress")]
pub(crate) use callback::lend;
pub use callback::{Callback, EarlyStopping, Epoch, Flow, Report};
pub use error::{Data, TrainError};
pub use fit::Fit;
pub use learning_rate::{LearningRateScheduler, ReduceLrOnPlateau};
pub use resume::{TrainingState, TrainingStateMut};
pub use trainer::Trainer;
