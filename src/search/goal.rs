//! The quantity by which trials are ranked.

use core::{cmp::Ordering, fmt};
use std::{borrow::ToOwned as _, string::String, vec::Vec};

use super::{Outcome, Row, SearchError};

/// The quantity that ranks trials.
#[derive(Clone, Debug, Default)]
pub(super) struct Goal {
    /// The name, by default `val_loss`, or `loss` without validation data.
    pub name: Option<String>,
    /// Whether a trial with a higher value is better.
    pub highest: bool,
}

impl Goal {
    /// The value of the quantity in an epoch.
    pub fn of(&self, row: &Row) -> Result<f64, SearchError> {
        let get = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        match &self.name {
            Some(name) => get(name),
            None => get("val_loss").or_else(|| get("loss")),
        }
        .ok_or_else(|| SearchError::Quantity {
            name: self.name.as_deref().unwrap_or("loss").to_owned(),
            reported: row.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(),
        })
    }

    /// Whether `value` is better than `other`. NaN is not better than anything.
    pub fn is_better(&self, value: f64, other: f64) -> bool {
        let (value, other) = if self.highest { (-value, -other) } else { (value, other) };
        value < other || !value.is_nan() && other.is_nan()
    }

    /// Compares outcomes, the better one first: those without a score last, and equal ones by their numbers.
    pub fn compare(&self, one: &Outcome, other: &Outcome) -> Ordering {
        let by_score = match (one.score, other.score) {
            (Some(value), Some(other)) if self.is_better(value, other) => Ordering::Less,
            (Some(value), Some(other)) if self.is_better(other, value) => Ordering::Greater,
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        by_score.then(one.trial.number.cmp(&other.trial.number))
    }
}

/// `lowest val_loss`
impl fmt::Display for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.highest { "highest" } else { "lowest" };
        write!(formatter, "{order} {}", self.name.as_deref().unwrap_or("loss"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_worst() {
        for highest in [false, true] {
            let goal = Goal { name: None, highest };
            assert!(goal.is_better(1.0, f64::NAN) && goal.is_better(f64::INFINITY, f64::NAN));
            assert!(!goal.is_better(f64::NAN, 1.0) && !goal.is_better(f64::NAN, f64::NAN));
            assert_eq!((goal.is_better(1.0, 2.0), goal.is_better(2.0, 1.0)), (!highest, highest));
            assert!(!goal.is_better(1.0, 1.0));
        }
    }
}
