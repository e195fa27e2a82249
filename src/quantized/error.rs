//! The error of quantizing.

use core::fmt;
use std::string::String;

/// The error of [`Quantized::calibrate`](super::Quantized::calibrate).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuantizeError {
    /// There are no samples.
    NoSamples,
    /// A number is infinite or NaN.
    NotFinite {
        /// Where it is: the samples, or the output of a layer.
        place: String,
    },
    /// The percentage of [`Ranges::Percentile`](super::Ranges::Percentile) is not above 0 and at most 100.
    Percentage,
    /// A [`QuantizationAware`](super::QuantizationAware) network has no scales yet.
    NotCalibrated,
}

impl fmt::Display for QuantizeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSamples => formatter.write_str("there are no samples: pass some of the training data"),
            Self::NotFinite { place } => write!(formatter, "{place}: a number is infinite or NaN, and has no int8"),
            Self::Percentage => formatter.write_str("the percentile is not above 0 and at most 100"),
            Self::NotCalibrated => formatter.write_str("the network has no scales: call `calibrate` first"),
        }
    }
}

impl core::error::Error for QuantizeError {}
