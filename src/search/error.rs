//! The errors of a search.

use core::fmt;
use std::{format, io, path::PathBuf, string::String, vec::Vec};

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
    /// The search has failed on another rank of an MPI program.
    OnRank {
        /// The rank.
        rank: usize,
        /// Its error.
        reason: String,
    },
    /// The file with the best weights does not contain those of the best trial.
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
            Self::OtherSearch { path, setting, recorded, requested } => {
                let [recorded, requested] = from_difference(recorded, requested);
                write!(
                    formatter,
                    "{} is the journal of another search: its `{}` is {recorded} there, but {requested} here: continue that search, or choose another folder",
                    path.display(),
                    short(setting),
                )
            }
            Self::OnRank { rank, reason } => write!(formatter, "rank {rank}: {}", short(reason)),
            Self::NoWeights { path } => write!(
                formatter,
                "{} does not contain the weights of the best trial: run the search again, which trains that trial again, or choose another folder",
                path.display()
            ),
        }
    }
}

/// Shortens two texts, so that the place where they differ is shown.
fn from_difference(one: &str, other: &str) -> [String; 2] {
    const BEFORE: usize = 50;
    let common = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    let skipped = if common <= 2 * BEFORE { 0 } else { common - BEFORE };
    [one, other].map(|text| {
        let start = text.char_indices().nth(skipped).map_or(text.len(), |(start, _)| start);
        format!("{}{}", if skipped > 0 { "…" } else { "" }, short(&text[start..]))
    })
}

impl core::error::Error for SearchError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } | Self::Write { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn long_settings_are_shown_where_they_differ() {
        let text = |recorded: &str, requested: &str| {
            let (recorded, requested) = (recorded.into(), requested.into());
            SearchError::OtherSearch { path: "j".into(), setting: "s".into(), recorded, requested }.to_string()
        };
        assert!(text("ab", "ac").contains("is ab there, but ac here"));
        let common = "é".repeat(1000);
        let error = text(&format!("{common}a{common}"), &format!("{common}b"));
        let shown = "é".repeat(50);
        assert!(error.contains(&format!("is …{shown}a{shown}é")) && error.contains(&format!("but …{shown}b here")));
        assert!(error.chars().count() < 600, "{error}");
        assert!(text(&common, &format!("{common}a")).contains(&format!("is …{shown} there, but …{shown}a here")));
    }
}
