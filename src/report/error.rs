//! What can go wrong with a report.

use std::{fmt, io, path::PathBuf, string::String};

/// Why there is no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// A file cannot be written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The name of the file does not end as it should.
    Format {
        /// Which.
        path: PathBuf,
        /// How it may end.
        expected: &'static str,
    },
    /// There is nothing to show, or it is not what the picture takes.
    Data {
        /// What it takes.
        expected: &'static str,
    },
    /// The picture cannot be drawn.
    Draw(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(formatter, "cannot write {}: {error}", path.display()),
            Self::Format { path, expected } => {
                write!(formatter, "{}: the file's name must end in {expected}", path.display())
            }
            Self::Data { expected } => write!(formatter, "these data cannot be shown: give {expected}"),
            Self::Draw(reason) => write!(formatter, "the picture cannot be drawn: {reason}"),
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
