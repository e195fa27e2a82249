//! A part of a trial that was trained.

use std::string::String;

use serde::{Deserialize, Serialize};

use crate::report::{Table, number};

/// A part of a trial that was trained: everything that the outcome of the trial needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The number of the trial.
    pub trial: usize,
    /// The last epoch that was to be trained.
    pub last: usize,
    /// The epochs of this part.
    pub history: Table,
    /// The best epoch of the trial, if it is in this part. A part that failed has none.
    pub best: Option<Best>,
    /// The hash of the weights of this epoch.
    pub weights: Option<u64>,
    pub end: End,
}

/// How a part of a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    Trained,
    /// The value had not improved for long enough.
    Stopped,
    Failed(String),
}

/// The best epoch of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    pub epoch: usize,
    #[serde(with = "number")]
    pub value: f64,
}
