//! The outcome of a trial.

use core::fmt;
use std::string::String;

use super::{
    Trial,
    goal::Goal,
    part::{Best, End, Part},
};
use crate::report::Table;

/// The outcome of a trial.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The settings of the trial.
    pub trial: Trial,
    /// The loss and metrics of each epoch.
    pub history: Table,
    /// The best value of the quantity that ranks trials; `None` if the trial failed before there was one.
    pub score: Option<f64>,
    /// The epoch with this value. The saved weights are those after it.
    pub best_epoch: Option<usize>,
    /// How the trial ended.
    pub status: Status,
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It was not started yet.
    Waiting,
    /// Other trials were better, and continued in its place.
    Dropped,
    /// It has trained all epochs.
    Finished,
    /// It was stopped, because it no longer improved.
    Stopped,
    /// It has failed, for this reason.
    Failed(String),
}

impl Outcome {
    pub(super) fn waiting(trial: Trial) -> Self {
        Self { trial, history: Table::default(), score: None, best_epoch: None, status: Status::Waiting }
    }

    pub(super) fn best(&self) -> Option<Best> {
        self.score.zip(self.best_epoch).map(|(value, epoch)| Best { epoch, value })
    }

    /// Adds a part that was trained. It `is_last` if it ends with the last of all epochs.
    pub(super) fn add(&mut self, goal: &Goal, part: &Part, is_last: bool) {
        self.history.append(&part.history);
        self.status = match &part.end {
            End::Failed(reason) => Status::Failed(reason.clone()),
            End::Stopped => Status::Stopped,
            End::Trained if is_last => Status::Finished,
            End::Trained => Status::Dropped,
        };
        if let Some(best) = part.best
            && self.score.is_none_or(|score| goal.is_better(best.value, score))
        {
            (self.score, self.best_epoch) = (Some(best.value), Some(best.epoch));
        }
    }
}

/// `Wide, learning rate 0.01, seed 3: 0.1047 in epoch 17 of 20`
impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.trial)?;
        let epochs = self.history.epochs().len();
        match (&self.status, self.best()) {
            (Status::Failed(reason), _) => write!(formatter, "failed: {reason}"),
            (_, Some(Best { epoch, value })) => write!(formatter, "{value:.4} in epoch {epoch} of {epochs}"),
            (_, None) => write!(formatter, "no value in {epochs} epochs"),
        }
    }
}
