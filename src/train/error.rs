//! The errors of training and evaluation.

use core::fmt;

use crate::{
    layer::{Invalid, Layer},
    loss::{Flaw, Loss},
    tensor::first_not_finite,
};

/// The error of a step, a fit or an evaluation. A failed step does not change the network. After a failed fit,
/// callbacks may still change it: [`EarlyStopping`](super::EarlyStopping) restores the best weights.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrainError {
    /// There are no samples.
    Empty {
        /// The data that contain the error.
        data: Data,
    },
    /// The numbers of inputs and labels differ.
    Lengths {
        /// The data that contain the error.
        data: Data,
        /// The number of inputs.
        inputs: usize,
        /// The number of labels.
        labels: usize,
    },
    /// `step` was called with more rows than a batch holds.
    BatchTooLarge {
        /// The number of rows.
        rows: usize,
        /// The maximum number of rows in a batch.
        batch: usize,
    },
    /// An input is NaN or infinite. (NaN is valid in a network that starts with [`Impute`](crate::layers::Impute).)
    Input {
        /// The data that contain the error.
        data: Data,
        /// The index of the sample, from 0.
        sample: usize,
    },
    /// The network takes whole numbers of a vocabulary, and an input is another number. (See
    /// [`Embedding`](crate::layers::Embedding).)
    Vocabulary {
        /// The data that contain the error.
        data: Data,
        /// The index of the sample, from 0.
        sample: usize,
        /// The place in the sample, from 0; the second member of a [`Pair`](crate::Pair) follows the first.
        place: usize,
        /// The number.
        number: f64,
        /// The size of the vocabulary.
        vocabulary: usize,
    },
    /// The length of a series is not possible. (See [`Masked`](crate::layers::Masked).)
    Length {
        /// The data that contain the error.
        data: Data,
        /// The index of the sample, from 0.
        sample: usize,
        /// The place of the length in the sample, from 0.
        place: usize,
        /// The length.
        length: f64,
        /// The smallest length that is possible.
        least: usize,
        /// The largest length that is possible.
        most: usize,
    },
    /// A label is not valid for this loss.
    Label {
        /// The data that contain the error.
        data: Data,
        /// The index of the sample, from 0.
        sample: usize,
        /// A description of the label: `is 10`.
        flaw: Flaw,
        /// The valid labels of this loss.
        expected: &'static str,
    },
    /// A setting of the optimizer or of a callback, or a value of the loss, is out of range. The text names it and the
    /// range.
    Settings(&'static str),
    /// A callback has failed, for example to write a checkpoint. The text says what failed, and where to find the
    /// reason. The network is as the last step left it.
    CallbackFailed(&'static str),
    /// The validation split is not in [0, 1), or is above 0 but amounts to less than one sample.
    Split {
        /// The number of samples.
        samples: usize,
    },
    /// There are no epochs to train.
    NoEpochs {
        /// The number of epochs requested.
        epochs: usize,
        /// The number of epochs already done.
        done: usize,
    },
    /// In training, the loss or the gradient is NaN or infinite, or the step would make a weight NaN or infinite.
    Diverged {
        /// The epoch, from 1; `None` for a call of `step`.
        epoch: Option<usize>,
        /// The step of the trainer, from 0.
        step: u64,
    },
    /// In evaluation, the output for a sample or its loss is NaN or infinite.
    Output {
        /// The data that contain the error.
        data: Data,
        /// The index of the sample, from 0.
        sample: usize,
    },
}

/// The data in which an error occurred. It is displayed as the word that precedes `sample`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Data {
    /// The data passed to the method.
    Given,
    /// The validation data.
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
    fn of_invalid(sample: usize, invalid: Invalid) -> Self {
        let data = Data::Given;
        match invalid {
            Invalid::Vocabulary { place, number, vocabulary } => {
                Self::Vocabulary { data, sample, place, number, vocabulary }
            }
            Invalid::Length { place, length, least, most } => Self::Length { data, sample, place, length, least, most },
        }
    }

    pub(super) fn of_validation(mut self) -> Self {
        if let Self::Empty { data }
        | Self::Lengths { data, .. }
        | Self::Input { data, .. }
        | Self::Vocabulary { data, .. }
        | Self::Length { data, .. }
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
            Self::Empty { data } => write!(formatter, "there are no {data}samples: pass at least one"),
            Self::Lengths { data, inputs, labels } => {
                write!(formatter, "{inputs} {data}inputs, but {labels} labels: pass one label for each input")
            }
            Self::BatchTooLarge { rows, batch } => {
                write!(
                    formatter,
                    "{rows} rows in a step, but the trainer's batch holds {batch}: pass fewer, or call `fit`"
                )
            }
            Self::Input { data, sample } => {
                write!(
                    formatter,
                    "the input of {data}sample {sample} is NaN or infinite: clean or drop it; where NaN is a missing value, start the network with `Impute`"
                )
            }
            Self::Vocabulary { data, sample, place, number, vocabulary } => {
                write!(
                    formatter,
                    "the input of {data}sample {sample} is {number} at place {place}: the network's vocabulary has the \
                     whole numbers from 0 to {}",
                    vocabulary.saturating_sub(1)
                )
            }
            Self::Length { data, sample, place, length, least, most } => {
                write!(
                    formatter,
                    "the input of {data}sample {sample} has the length {length} at place {place}: the network's series have \
                     lengths from {least} to {most}"
                )
            }
            Self::Label { data, sample, flaw, expected } => {
                write!(formatter, "the label of {data}sample {sample} {flaw}: this loss takes {expected}")
            }
            Self::CallbackFailed(what) => formatter.write_str(what),
            Self::Settings(what) => write!(formatter, "{what}: change it before training"),
            Self::Split { samples } => write!(
                formatter,
                "the validation split must be in [0, 1) and hold out at least one of the {samples} samples: pass a \
                 share such as 0.5, or 0.0 for none"
            ),
            Self::NoEpochs { epochs, done } => {
                write!(formatter, "there are no epochs to train: {done} of {epochs} are done: request more")
            }
            Self::Diverged { epoch, step } => {
                formatter.write_str("training diverged in ")?;
                if let Some(epoch) = epoch {
                    write!(formatter, "epoch {epoch}, ")?;
                }
                write!(
                    formatter,
                    "step {step}: the loss, the gradient or a weight is no longer finite, and the network was left \
                     unchanged: lower the learning rate, or clip gradients"
                )
            }
            Self::Output { data, sample } => write!(
                formatter,
                "the network's output for {data}sample {sample}, or its loss, is NaN or infinite: check the network's \
                 weights and the scale of that sample"
            ),
        }
    }
}

impl core::error::Error for TrainError {}

/// Checks that there are samples, and that each has a valid label and finite inputs.
pub(super) fn check<N: Layer, L: Loss<N::Output>>(x: &[N::Input], y: &[L::Label]) -> Result<(), TrainError> {
    if x.len() != y.len() {
        return Err(TrainError::Lengths { data: Data::Given, inputs: x.len(), labels: y.len() });
    }
    if x.is_empty() {
        return Err(TrainError::Empty { data: Data::Given });
    }
    for (sample, label) in y.iter().enumerate() {
        if let Some(flaw) = L::flaw(label) {
            return Err(TrainError::Label { data: Data::Given, sample, flaw, expected: L::EXPECTS });
        }
    }
    if let Some(sample) = first_not_finite(x, N::TAKES_MISSING) {
        return Err(TrainError::Input { data: Data::Given, sample });
    }
    for (sample, x) in x.iter().enumerate() {
        if let Some(invalid) = N::invalid(x) {
            return Err(TrainError::of_invalid(sample, invalid));
        }
    }
    Ok(())
}
