//! Training, in the order in which data flow:
//!
//! - [`Trainer`]: the network and all that training it takes: step, fit, evaluate, predict;
//! - [`Fit`]: how long to train, and with what;
//! - [`Callback`]: what follows a training along, told of each [`Epoch`]: [`EarlyStopping`], `History`, your own;
//! - [`TrainingState`]: what it takes to go on with a training another time;
//! - [`TrainError`]: what can be wrong with data, settings and training.

mod callback;
mod error;
mod evaluate;
mod fit;
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
pub use resume::{TrainingState, TrainingStateMut};
pub use trainer::Trainer;
