//! Errors of reports.

use std::{fmt, io, path::PathBuf, string::String};

/// The error of creating a report.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// A file cannot be written.
    File {
        /// The file.
        path: PathBuf,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// The file extension is not supported.
    Format {
        /// The file.
        path: PathBuf,
        /// The supported extensions.
        expected: &'static str,
    },
    /// A number is too large for TensorBoard, and is left out.
    Range {
        /// The name of the loss or metric.
        name: String,
        /// The epoch.
        epoch: usize,
        /// The number.
        number: f64,
    },
    /// There are no data, or data of this kind cannot be plotted.
    Data {
        /// The data that are required.
        expected: &'static str,
    },
    /// The plot cannot be drawn.
    Draw(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(formatter, "cannot write {}: {error}", path.display()),
            Self::Format { path, expected } => {
                write!(formatter, "unsupported file extension of {}: use {expected}", path.display())
            }
            Self::Range { name, epoch, number } => write!(
                formatter,
                "the value of `{name}` in epoch {epoch}, {number:e}, is too large for TensorBoard, whose numbers are \
                 `f32`: it is left out"
            ),
            Self::Data { expected } => write!(formatter, "cannot plot these data: provide {expected}"),
            Self::Draw(reason) => write!(formatter, "cannot draw the plot: {reason}"),
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            _ => None,
        }
    }
}
