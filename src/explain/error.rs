//! What can be wrong with what is to be explained.

use core::fmt;

/// Why there is no explanation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExplainError {
    /// The network has no such output.
    Output {
        /// The one asked for, from 0.
        output: usize,
        /// How many there are.
        outputs: usize,
    },
    /// A sample has no such feature.
    Feature {
        /// The one asked for, from 0.
        feature: usize,
        /// How many there are.
        features: usize,
    },
    /// There are no samples.
    Empty,
    /// A sample, or the baseline, holds a NaN or an infinity.
    Input,
    /// The network's output or gradient at the sample is NaN or infinite.
    NotFinite,
    /// Integrated gradients do not add up to the change of the output.
    Incomplete {
        /// The change of the output less the sum.
        gap: f64,
        /// How many steps were taken.
        steps: usize,
    },
}

impl fmt::Display for ExplainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Output { output, outputs } => {
                write!(formatter, "output {output} was asked for, but the network has {outputs}, counted from 0")
            }
            Self::Feature { feature, features } => {
                write!(formatter, "feature {feature} was asked for, but a sample has {features}, counted from 0")
            }
            Self::Empty => write!(formatter, "there are no samples: give at least one"),
            Self::Input => write!(formatter, "a sample or baseline holds a NaN or an infinity: clean or drop it"),
            Self::NotFinite => {
                write!(formatter, "the output or its gradient is NaN or infinite: check the network's weights")
            }
            Self::Incomplete { gap, steps } => write!(
                formatter,
                "after {steps} steps the integrated gradients are still {gap} away from the change of the output: \
                 choose a baseline nearer to the sample, or compute in `f64`"
            ),
        }
    }
}

impl core::error::Error for ExplainError {}
