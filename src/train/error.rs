//! What can be wrong with data, and with training.

use core::fmt;

use crate::{
    layer::{Layer, Sample},
    loss::{Flaw, Label, Loss},
    tensor::first_not_finite,
};

/// Why training stopped. The network is as it was before the step that failed, unless a callback has given it other
/// weights: [`EarlyStopping`](super::EarlyStopping) puts back the best also then.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrainError {
    /// There are no samples.
    Empty {
        /// In which data.
        data: Data,
    },
    /// There are not as many labels as inputs.
    Lengths {
        /// In which data.
        data: Data,
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
        /// In which data.
        data: Data,
        /// Which sample, from 0.
        sample: usize,
    },
    /// A label is not one for this loss.
    Label {
        /// In which data.
        data: Data,
        /// Which sample, from 0.
        sample: usize,
        /// What is wrong with it.
        flaw: Flaw,
        /// What it should be.
        expected: &'static str,
    },
    /// A setting of the optimiser is out of range: which, and what it should be.
    Settings(&'static str),
    /// The share of held out data is not in [0, 1), or less than one sample.
    Split {
        /// How many samples there are.
        samples: usize,
    },
    /// There is no epoch to train.
    NoEpochs {
        /// How many were asked for.
        epochs: usize,
        /// How many of them were left out as done.
        done: usize,
    },
    /// In training, loss or gradient became NaN or infinite, or the step would have made a weight so.
    Diverged {
        /// In which epoch, from 1; none in a step by itself.
        epoch: Option<usize>,
        /// In which step of the trainer, from 0.
        step: u64,
    },
    /// In evaluation, the output for a sample, or its loss, is NaN or infinite.
    Output {
        /// In which data.
        data: Data,
        /// Which sample, from 0.
        sample: usize,
    },
}

/// Which data an error is about. It displays as the word before `sample`, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// The data given to the method.
    Given,
    /// Those for validation.
    Validation,
}

impl fmt::Display for Data {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Given => "",
            Self::Validation => "validation ",
        })
    }
}

impl TrainError {
    pub(super) fn of_validation(mut self) -> Self {
        if let Self::Empty { data }
        | Self::Lengths { data, .. }
        | Self::Input { data, .. }
        | Self::Label { data, .. }
        | Self::Output { data, .. } = &mut self
        {
            *data = Data::Validation;
        }
        self
    }

    pub(super) fn in_epoch(mut self, number: usize) -> Self {
        if let Self::Diverged { epoch, .. } = &mut self {
            *epoch = Some(number);
        }
        self
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty { data } => write!(formatter, "there are no {data}samples: give at least one"),
            Self::Lengths { data, inputs, labels } => {
                write!(formatter, "{inputs} {data}inputs, but {labels} labels: give one label for each input")
            }
            Self::BatchTooLarge { rows, batch } => {
                write!(
                    formatter,
                    "{rows} rows in a step, but the trainer's batch holds {batch}: give fewer, or call `fit`"
                )
            }
            Self::Input { data, sample } => {
                write!(
                    formatter,
                    "the input of {data}sample {sample} is NaN or infinite: clean or drop it; where NaN is a missing value, start the network with `Impute`"
                )
            }
            Self::Label { data, sample, flaw, expected } => {
                write!(formatter, "the label of {data}sample {sample} {flaw}: this loss takes {expected}")
            }
            Self::Settings(what) => write!(formatter, "{what}: change it before training"),
            Self::Split { samples } => write!(
                formatter,
                "the share of data held out for validation must be in [0, 1) and come to at least one of the \
                 {samples} samples: hold out more, or none"
            ),
            Self::NoEpochs { epochs, done } => {
                write!(formatter, "no epoch to train: {epochs} asked for, {done} of them done: ask for more")
            }
            Self::Diverged { epoch, step } => {
                formatter.write_str("training diverged in ")?;
                if let Some(epoch) = epoch {
                    write!(formatter, "epoch {epoch}, ")?;
                }
                write!(
                    formatter,
                    "step {step}: loss, gradient or weights are no longer finite numbers; the step was not made: \
                     lower the learning rate, or clip gradients"
                )
            }
            Self::Output { data, sample } => write!(
                formatter,
                "the network's output for {data}sample {sample}, or the loss on it, is NaN or infinite: look at the \
                 network's weights, and at the scale of that sample"
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
        Some(sample) => Err(TrainError::Input { data: Data::Given, sample }),
        None => Ok(()),
    }
}

/// All of [`check`] but for reading the inputs.
pub(super) fn check_labels<N: Layer, L: Loss<N::Output>, X: Sample<N>, Y: Label<L, N::Output>>(
    x: &[X],
    y: &[Y],
) -> Result<(), TrainError> {
    if x.len() != y.len() {
        return Err(TrainError::Lengths { data: Data::Given, inputs: x.len(), labels: y.len() });
    }
    if x.is_empty() {
        return Err(TrainError::Empty { data: Data::Given });
    }
    for (sample, label) in Y::rows(y).iter().enumerate() {
        if let Some(flaw) = L::flaw(label) {
            return Err(TrainError::Label { data: Data::Given, sample, flaw, expected: L::EXPECTS });
        }
    }
    Ok(())
}
