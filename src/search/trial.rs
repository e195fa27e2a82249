//! The settings of one trial.

use core::fmt;
use std::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

/// The name of the axis of [learning rates](super::Space::learning_rates).
pub(super) const LEARNING_RATE: &str = "learning rate";
/// The name of the axis of [penalties](super::Space::penalties).
pub(super) const PENALTY: &str = "L2";

/// The settings of one trial: a point of the [`Space`](super::Space).
///
/// It is displayed as `Wide, learning rate 0.01, seed 3`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trial {
    /// The number of the trial, from 0.
    pub number: usize,
    /// The name of the network.
    pub candidate: &'static str,
    /// The seed of the initial weights, of the order of samples and of dropout.
    pub seed: u64,
    /// The value of each axis of the space, with its name.
    pub values: Vec<(String, f64)>,
    /// The index of the network among the candidates.
    pub(super) index: usize,
}

impl Trial {
    /// The value of the axis with this name, or `None` if the space has no such axis.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(axis, _)| axis == name).map(|(_, value)| *value)
    }

    /// The learning rate, if the space has [learning rates](super::Space::learning_rates).
    pub fn learning_rate(&self) -> Option<f64> {
        self.get(LEARNING_RATE)
    }

    /// The coefficient of the L2 penalty, if the space has [penalties](super::Space::penalties).
    pub fn penalty(&self) -> Option<f64> {
        self.get(PENALTY)
    }
}

/// A drawn number has more digits than a reader needs.
pub(super) fn short(value: f64) -> String {
    let (exact, rounded) = (value.to_string(), format!("{value:.3e}"));
    if exact.len() <= rounded.len() { exact } else { rounded }
}

impl fmt::Display for Trial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.candidate)?;
        for (name, value) in &self.values {
            write!(formatter, ", {name} {}", short(*value))?;
        }
        write!(formatter, ", seed {}", self.seed)
    }
}
