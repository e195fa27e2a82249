//! The errors of a search.

use core::fmt;
use std::{io, path::PathBuf, string::String, vec::Vec};

use crate::short::short;

/// The error of a search. What goes wrong in a trial, such as a loss that is not finite or a panic, is not an error of
/// the search, but the [outcome](super::Outcome) of that trial.
#[derive(Debug)]
#[non_exhaustive]
pub enum SearchError {
    /// A setting of the search is out of range, or there is nothing to try.
    Settings(String),
    /// Trials do not report the quantity that ranks them.
    Quantity {
        /// The name of the quantity.
        name: String,
        /// The quantities that the trial reports.
        reported: Vec<String>,
    },
    /// A file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// A file or a folder cannot be written.
    Write {
        /// The file or the folder.
        path: PathBuf,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// Another process is searching with this journal.
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// A line of the journal is not valid.
    Journal {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The journal is that of a search with another setting.
    OtherSearch {
        /// The journal.
        path: PathBuf,
        /// The name of the setting.
        setting: String,
        /// Its value in the journal.
        recorded: String,
        /// Its value in this search.
        requested: String,
    },
    /// The journal has trials, but the file with the best weights is gone.
    NoWeights {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for SearchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(what) => formatter.write_str(what),
            Self::Quantity { name, reported } => {
                let reported = reported.join("`, `");
                write!(formatter, "the trials are ranked by `{name}`, but report `{reported}`: choose one of these")
            }
            Self::Read { path, error } => write!(formatter, "cannot read {}: {error}", path.display()),
            Self::Write { path, error } => write!(formatter, "cannot write {}: {error}", path.display()),
            Self::Busy { path } => {
                write!(
                    formatter,
                    "another process is searching with {}: wait for it, or choose another folder",
                    path.display()
                )
            }
            Self::Journal { path, line, reason } => {
                write!(formatter, "{}, line {line}: {}", path.display(), short(reason))
            }
            Self::OtherSearch { path, setting, recorded, requested } => write!(
                formatter,
                "{} is the journal of another search: its `{}` is {} there, but {} here: continue that search, or choose another folder",
                path.display(),
                short(setting),
                short(recorded),
                short(requested)
            ),
            Self::NoWeights { path } => write!(
                formatter,
                "{} is missing, though the journal beside it has trials: restore it, or choose another folder",
                path.display()
            ),
        }
    }
}

impl core::error::Error for SearchError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } | Self::Write { error, .. } => Some(error),
            _ => None,
        }
    }
}
