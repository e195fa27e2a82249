//! What can be wrong with data, and with training.

use core::fmt;

use crate::{
    layer::{Layer, Sample},
    loss::{Label, Loss},
    tensor::first_not_finite,
};

/// Why training stopped. The network is as it was before the step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrainError {
    /// There are no samples.
    Empty,
    /// There are not as many labels as inputs.
    Lengths {
        /// How many inputs.
        inputs: usize,
        /// How many labels.
        labels: usize,
    },
    /// More rows than a batch holds were given to `step`.
    BatchTooLarge {
        /// How many rows.
        rows: usize,
        /// How many it holds.
        batch: usize,
    },
    /// An input is NaN or infinite.
    Input {
        /// Which sample, from 0.
        sample: usize,
    },
    /// A label is not one for this loss.
    Label {
        /// Which sample, from 0.
        sample: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// The share of held out data is not in [0, 1).
    Split,
    /// Loss or gradient became NaN or infinite.
    Diverged {
        /// In which step of the trainer, from 0.
        step: u64,
    },
}

impl fmt::Display for TrainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(formatter, "there are no samples: give at least one"),
            Self::Lengths { inputs, labels } => {
                write!(formatter, "{inputs} inputs, but {labels} labels: give one label for each input")
            }
            Self::BatchTooLarge { rows, batch } => {
                write!(
                    formatter,
                    "{rows} rows in a step, but the trainer's batch holds {batch}: give fewer, or call `fit`"
                )
            }
            Self::Input { sample } => {
                write!(
                    formatter,
                    "the input of sample {sample} is NaN or infinite: clean or drop it; where NaN is a missing value, start the network with `Impute`"
                )
            }
            Self::Label { sample, expected } => {
                write!(formatter, "the label of sample {sample} is out of range: this loss takes {expected}")
            }
            Self::Split => write!(formatter, "the share of data held out for validation must be in [0, 1)"),
            Self::Diverged { step } => write!(
                formatter,
                "loss or gradient became NaN or infinite in step {step}; the network is as before it: \
                 lower the learning rate, or clip gradients"
            ),
        }
    }
}

impl core::error::Error for TrainError {}

/// Whether these are samples with labels to train on.
pub(super) fn check<N: Layer, L: Loss<N::Output>, X: Sample<N>, Y: Label<L, N::Output>>(
    x: &[X],
    y: &[Y],
) -> Result<(), TrainError> {
    check_labels::<N, L, X, Y>(x, y)?;
    match first_not_finite(x, N::TAKES_MISSING) {
        Some(sample) => Err(TrainError::Input { sample }),
        None => Ok(()),
    }
}

/// All of [`check`] but for reading the inputs.
pub(super) fn check_labels<N: Layer, L: Loss<N::Output>, X: Sample<N>, Y: Label<L, N::Output>>(
    x: &[X],
    y: &[Y],
) -> Result<(), TrainError> {
    if x.len() != y.len() {
        return Err(TrainError::Lengths { inputs: x.len(), labels: y.len() });
    }
    if x.is_empty() {
        return Err(TrainError::Empty);
    }
    match Y::rows(y).iter().position(|label| !L::is_label(label)) {
        Some(sample) => Err(TrainError::Label { sample, expected: L::EXPECTS }),
        None => Ok(()),
    }
}
