//! Which trials to train next, and for how many epochs.

use core::ops::RangeInclusive;
use std::{vec, vec::Vec};

use super::{Outcome, Status, goal::Goal};

/// A part of a trial: a few epochs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The number of the trial.
    pub trial: usize,
    /// The numbers of the epochs.
    pub epochs: RangeInclusive<usize>,
}

/// The order of a search: a list of rungs. Trials train up to the epoch of the first rung; the best of them continue to
/// the next.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The last epoch of each rung, ascending.
    rungs: Vec<usize>,
    /// The share of trials that a rung passes on is one in `keep_one_in`.
    keep_one_in: usize,
}

impl Plan {
    /// Trains all trials for all epochs.
    pub fn full(epochs: usize) -> Self {
        Self { rungs: vec![epochs], keep_one_in: 1 }
    }

    /// Trains all trials for `first` epochs, and one in `keep_one_in` of each rung for `keep_one_in` times as many, up to
    /// `epochs`.
    pub fn halving(epochs: usize, first: usize, keep_one_in: usize) -> Self {
        let next = |rung: &usize| rung.checked_mul(keep_one_in);
        let rungs = core::iter::successors(Some(first), next).take_while(|rung| *rung < epochs);
        Self { rungs: rungs.chain([epochs]).collect(), keep_one_in }
    }

    /// The number of rungs.
    pub fn rungs(&self) -> usize {
        self.rungs.len()
    }

    /// The steps of a rung, after those before it. They are independent of each other.
    pub fn steps(&self, rung: usize, goal: &Goal, outcomes: &[Outcome]) -> Vec<Step> {
        let last = self.rungs[rung];
        let Some(before) = rung.checked_sub(1).map(|before| self.rungs[before]) else {
            return (0..outcomes.len()).map(|trial| Step { trial, epochs: 1..=last }).collect();
        };
        let reached = |outcome: &&Outcome| match outcome.status {
            Status::Dropped => outcome.history.epochs().last() == Some(&before),
            Status::Stopped => true,
            _ => false,
        };
        let mut best: Vec<_> = outcomes.iter().filter(reached).collect();
        best.sort_by(|one, other| goal.compare(one, other));
        let kept = (0..rung).fold(outcomes.len(), |trials, _| trials / self.keep_one_in).max(1);
        // A trial that was stopped has its place among the best, but does not continue.
        let continues = best.into_iter().take(kept).filter(|outcome| outcome.status == Status::Dropped);
        continues.map(|outcome| Step { trial: outcome.trial.number, epochs: before + 1..=last }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::Table,
        search::{
            Trial,
            part::{Best, End, Part},
        },
    };

    fn outcome(number: usize) -> Outcome {
        Outcome::waiting(Trial { number, candidate: "A", seed: 0, values: vec![], index: 0 })
    }

    /// The outcome after the epochs of a step.
    fn add(outcome: &mut Outcome, step: &Step, value: f64, end: End) {
        let mut history = Table::default();
        step.epochs.clone().for_each(|epoch| history.push(epoch, &[("loss".into(), value)]));
        let (trial, last) = (step.trial, *step.epochs.end());
        let best = Some(Best { epoch: last, value });
        outcome.add(&Goal::default(), &Part { trial, last, history, best, weights: None, end }, false);
    }

    #[test]
    fn rungs_end_with_all_epochs() {
        let rungs = |epochs, first, keep| Plan::halving(epochs, first, keep).rungs;
        assert_eq!(rungs(27, 1, 3), [1, 3, 9, 27]);
        assert_eq!(rungs(20, 2, 3), [2, 6, 18, 20]);
        assert_eq!(rungs(5, 5, 2), [5]);
        assert_eq!(rungs(usize::MAX, usize::MAX / 2, 3), [usize::MAX / 2, usize::MAX]);
    }

    #[test]
    fn the_best_continue() {
        let plan = Plan::halving(9, 1, 3);
        let mut outcomes: Vec<_> = (0..10).map(outcome).collect();
        let values = [0.5, 0.1, 0.9, 0.1, 0.2, 0.7, 0.8, 0.6, 0.4, 0.3];
        for step in plan.steps(0, &Goal::default(), &outcomes) {
            // The best trial fails, and the second was stopped.
            let end = [End::Trained, End::Failed("".into()), End::Trained, End::Stopped];
            add(
                &mut outcomes[step.trial],
                &step,
                values[step.trial],
                end.get(step.trial).cloned().unwrap_or(End::Trained),
            );
        }
        // 10 / 3 trials: 3, which was stopped, 4 and 9.
        let steps = plan.steps(1, &Goal::default(), &outcomes);
        assert_eq!(steps, [4, 9].map(|trial| Step { trial, epochs: 2..=3 }));
        add(&mut outcomes[4], &steps[0], 0.09, End::Trained);
        add(&mut outcomes[9], &steps[1], 0.08, End::Trained);
        assert_eq!(plan.steps(2, &Goal::default(), &outcomes), [Step { trial: 9, epochs: 4..=9 }]);
    }
}
