//! Trains a part of one trial.

use std::{
    any::Any,
    format,
    panic::{AssertUnwindSafe, catch_unwind},
    string::String,
    vec::Vec,
};

use super::{
    Failure, Next, SearchError, Trial,
    candidates::Candidate,
    goal::Goal,
    hash::Hash,
    part::{Best, End, Part},
    plan::Step,
};
use crate::report::Table;

/// A part to train, with what was trained before.
#[derive(Debug)]
pub(super) struct Order {
    pub step: Step,
    /// The best epoch of the parts before.
    pub best: Option<Best>,
    /// The state after them, if there is one.
    pub state: Option<Vec<u8>>,
}

/// A part that was trained, with the weights and the state after it.
#[derive(Debug)]
pub(super) struct Trained {
    pub step: Step,
    pub part: Part,
    /// The weights of the best epoch, if it is in this part.
    pub weights: Option<Vec<u8>>,
    /// The state from which the trial can continue, if it may.
    pub state: Option<Vec<u8>>,
}

/// The settings that all trials share.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub goal: Goal,
    /// The number of epochs without improvement after which a trial stops.
    pub patience: Option<usize>,
}

/// A trial to train, and what was trained of it before.
pub(super) struct Start<'a, O> {
    pub objective: &'a O,
    pub candidate: &'a Candidate<O>,
    pub trial: &'a Trial,
    /// The best epoch of the parts before.
    pub best: Option<Best>,
    /// The state after them. Without it, or if it is damaged, the trial is trained from its first epoch again.
    pub state: Option<Vec<u8>>,
    /// Whether the trial may continue after this part.
    pub pauses: bool,
}

/// Trains the epochs of `step`. The trial's own errors, also panics, are part of the result.
pub(super) fn train<O>(rules: &Rules, step: Step, start: Start<'_, O>) -> Result<Trained, SearchError> {
    let (mut history, mut end, mut best, mut wrong) = (Table::default(), End::Trained, None, None);
    let run = || -> Result<_, Failure> {
        let mut run = (start.candidate.start)(start.objective, start.trial)?;
        let mut epoch = 1;
        match &start.state {
            Some(state) if run.resume(state).is_ok() => epoch = *step.epochs.start(),
            Some(_) => run = (start.candidate.start)(start.objective, start.trial)?,
            None => {}
        }
        run.train(epoch..=*step.epochs.end(), &mut |row| {
            let number = epoch;
            epoch += 1;
            if number < *step.epochs.start() {
                return Next::Continue;
            }
            history.push(number, row);
            let value = match rules.goal.of(row) {
                Ok(value) => value,
                Err(error) => {
                    wrong = Some(error);
                    return Next::Stop;
                }
            };
            let known = best.or(start.best);
            if known.is_none_or(|known| rules.goal.is_better(value, known.value)) && !value.is_nan() {
                best = Some(Best { epoch: number, value });
                return Next::Keep;
            }
            let waited = number - known.map_or(0, |known| known.epoch);
            if rules.patience.is_some_and(|patience| waited >= patience) {
                end = End::Stopped;
                return Next::Stop;
            }
            Next::Continue
        })?;
        let weights = best.map(|_| run.weights()).transpose()?;
        let state = (start.pauses && end == End::Trained).then(|| run.pause()).transpose()?;
        Ok((weights, state))
    };
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panicked(&*panic)));
    if let Some(error) = wrong {
        return Err(error);
    }
    let (weights, state) = result.unwrap_or_else(|Failure(reason)| {
        (end, best) = (End::Failed(reason), None);
        (None, None)
    });
    let hash = weights.as_deref().map(Hash::of);
    let part = Part { trial: step.trial, last: *step.epochs.end(), history, best, weights: hash, end };
    Ok(Trained { step, part, weights, state })
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure(format!("panicked: {}", text.unwrap_or("no message")))
}
