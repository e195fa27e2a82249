//! Errors of explanations.

use core::fmt;

use crate::layer::Invalid;

/// The error of computing an explanation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExplainError {
    /// The network has no such output.
    Output {
        /// The index of the requested output, from 0.
        output: usize,
        /// The number of outputs.
        outputs: usize,
    },
    /// A sample has no such feature.
    Feature {
        /// The index of the requested feature, from 0.
        feature: usize,
        /// The number of features.
        features: usize,
    },
    /// There are no samples.
    Empty,
    /// A sample, the baseline or the grid contains NaN or an infinity.
    Input,
    /// The network has no output for a number of a sample, the baseline, a point between both, or the grid.
    Invalid(Invalid),
    /// The network takes whole numbers, such as those of a vocabulary, which have no gradient.
    Whole,
    /// The output or its gradient is NaN or infinite.
    NotFinite,
    /// Integrated gradients do not sum to the change of the output.
    Incomplete {
        /// The change of the output minus the sum of the attributions.
        gap: f64,
        /// The number of integration steps.
        steps: usize,
    },
}

impl fmt::Display for ExplainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Output { output, outputs } => {
                write!(formatter, "the network has no output {output}: it has {outputs} outputs, numbered from 0")
            }
            Self::Feature { feature, features } => {
                write!(formatter, "a sample has no feature {feature}: it has {features} features, numbered from 0")
            }
            Self::Empty => write!(formatter, "there are no samples: provide at least one"),
            Self::Input => {
                write!(formatter, "a sample, the baseline or the grid contains NaN or an infinity: clean or remove it")
            }
            Self::Invalid(Invalid::Vocabulary { place, number, vocabulary }) => write!(
                formatter,
                "an input is {number} at place {place}: the network's vocabulary has the whole numbers from 0 to {}",
                vocabulary.saturating_sub(1)
            ),
            Self::Invalid(Invalid::Length { place, length, least, most }) => write!(
                formatter,
                "an input has the length {length} at place {place}: the network's series have lengths from {least} to \
                 {most}"
            ),
            Self::Whole => write!(
                formatter,
                "the network takes whole numbers, which have no gradient: make the layers after `Embedding` a network of \
                 their own, and explain it at the output of `Embedding`"
            ),
            Self::NotFinite => {
                write!(formatter, "the output or its gradient is NaN or infinite: check the weights of the network")
            }
            Self::Incomplete { gap, steps } => write!(
                formatter,
                "after {steps} steps, the integrated gradients still differ by {gap} from the change of the output: \
                 choose a baseline closer to the sample, or use a network of `f64`"
            ),
        }
    }
}

impl core::error::Error for ExplainError {}
