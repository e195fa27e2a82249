//! The results of a search.

use core::fmt;
use std::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{Outcome, Status, goal::Goal, trial::short};

/// The results of a search: the outcome of each trial, and the weights of the best.
///
/// It is displayed as a table, the best trial first.
#[derive(Clone, Debug)]
pub struct Results {
    goal: Goal,
    outcomes: Vec<Outcome>,
    weights: Option<Vec<u8>>,
}

impl Results {
    pub(super) fn new(goal: Goal, outcomes: Vec<Outcome>, weights: Option<Vec<u8>>) -> Self {
        Self { goal, outcomes, weights }
    }

    /// The outcomes, in the order of the trials.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The outcomes, the best first; those that failed before they had a score are last. Of trials with the same score,
    /// the one with the lower number is first.
    pub fn ranked(&self) -> Vec<&Outcome> {
        let mut ranked: Vec<_> = self.outcomes.iter().collect();
        ranked.sort_by(|one, other| self.goal.compare(one, other));
        ranked
    }

    /// The best trial, or `None` if none has a score.
    pub fn best(&self) -> Option<&Outcome> {
        self.ranked().into_iter().find(|outcome| outcome.score.is_some())
    }

    /// The weights of the best trial in its best epoch, as a safetensors file, which
    /// [`from_bytes`](crate::io::from_bytes) loads into a network of its candidate's type.
    pub fn weights(&self) -> Option<&[u8]> {
        self.weights.as_deref()
    }

    /// Whether the highest value of the quantity is the best.
    #[cfg(feature = "plot")]
    pub(super) fn is_highest(&self) -> bool {
        self.goal.highest
    }

    /// The name of the quantity that ranks the trials.
    pub fn quantity(&self) -> &str {
        let reported = |name| self.outcomes.iter().any(|outcome| outcome.history.column(name).is_some());
        match &self.goal.name {
            Some(name) => name,
            None if reported("val_loss") => "val_loss",
            None => "loss",
        }
    }
}

/// A column of the table.
struct Column {
    cells: Vec<String>,
    /// Whether the cells are numbers, which are aligned at the right.
    numbers: bool,
}

impl Results {
    fn columns(&self) -> Vec<Column> {
        let ranked = self.ranked();
        let column = |head: &str, numbers, cell: &dyn Fn(&Outcome) -> String| {
            let cells = ranked.iter().map(|outcome| cell(outcome));
            Column { cells: core::iter::once(head.to_string()).chain(cells).collect(), numbers }
        };
        let mut columns = std::vec![
            column("trial", true, &|outcome| outcome.trial.number.to_string()),
            column("candidate", false, &|outcome| outcome.trial.candidate.to_string()),
        ];
        for (index, (name, _)) in ranked.first().map_or(&[][..], |first| &first.trial.values).iter().enumerate() {
            let value = |outcome: &Outcome| outcome.trial.values.get(index).map(|(_, value)| short(*value));
            columns.push(column(name, true, &|outcome| value(outcome).unwrap_or_default()));
        }
        columns.extend([
            column("seed", true, &|outcome| outcome.trial.seed.to_string()),
            column("epochs", true, &|outcome| outcome.history.epochs().len().to_string()),
            column("best", true, &|outcome| outcome.best_epoch.map_or("-".into(), |epoch| epoch.to_string())),
            column(self.quantity(), true, &|outcome| outcome.score.map_or("-".into(), |score| format!("{score:.4}"))),
            column("", false, &|outcome| match &outcome.status {
                Status::Finished => String::new(),
                Status::Waiting => "waiting".into(),
                Status::Dropped => "dropped".into(),
                Status::Stopped => "stopped".into(),
                Status::Failed(reason) => format!("failed: {reason}"),
            }),
        ]);
        columns
    }
}

impl fmt::Display for Results {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns();
        let widths: Vec<usize> = columns
            .iter()
            .map(|column| column.cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0))
            .collect();
        for row in 0..=self.outcomes.len() {
            let mut line = String::new();
            for (column, width) in columns.iter().zip(&widths) {
                let gap = if line.is_empty() { "" } else { "  " };
                let cell = &column.cells[row];
                line += &if column.numbers { format!("{gap}{cell:>width$}") } else { format!("{gap}{cell:<width$}") };
            }
            if row > 0 {
                formatter.write_str("\n")?;
            }
            formatter.write_str(line.trim_end())?;
        }
        Ok(())
    }
}
