//! Records what was trained.

use core::cmp::Ordering;
use std::{collections::BTreeMap, vec, vec::Vec};

use super::{
    Outcome, Results, SearchError, Trial, folder::Folder, goal::Goal, hash::Hash, part::Part, plan::Step, step::Trained,
};

/// The record of a search: what was trained so far, and the best weights; in memory, and in a folder if there is one.
#[derive(Debug)]
pub(super) struct Record {
    goal: Goal,
    /// The last of all epochs.
    last: usize,
    outcomes: Vec<Outcome>,
    /// The best trial.
    best: Option<usize>,
    /// The hash of its weights.
    hash: Option<u64>,
    /// The best weights.
    weights: Option<Vec<u8>>,
    /// The states of trials that may continue, unless they are in the folder.
    states: BTreeMap<usize, Vec<u8>>,
    folder: Option<Folder>,
    /// The parts of the journal that were not replayed yet, by trial and last epoch.
    journal: BTreeMap<(usize, usize), Part>,
}

impl Record {
    /// The record of a search of these trials, with the parts that its folder has. A trial whose weights are lost, though
    /// they are the best, is trained again.
    pub fn new(
        goal: Goal,
        last: usize,
        trials: Vec<Trial>,
        folder: Option<(Folder, Vec<Part>)>,
    ) -> Result<Self, SearchError> {
        let (folder, parts) = folder.map_or((None, vec![]), |(folder, parts)| (Some(folder), parts));
        let parts = parts.into_iter().filter(|part| part.trial < trials.len());
        let mut journal: BTreeMap<_, _> = parts.map(|part| ((part.trial, part.last), part)).collect();
        let mut weights = None;
        if let Some(folder) = &folder {
            if let Some((trial, hash)) = best_of(&goal, journal.values()) {
                weights = hash.map(|hash| folder.read_best(hash)).transpose()?.flatten();
                if weights.is_none() {
                    journal.retain(|(other, _), _| *other != trial);
                }
            }
            folder.remove_next_best();
        }
        let outcomes = trials.into_iter().map(Outcome::waiting).collect();
        Ok(Self { goal, last, outcomes, best: None, hash: None, weights, states: BTreeMap::new(), folder, journal })
    }

    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Adds the part of this step if the journal has it. Otherwise, the step is to be trained.
    pub fn replay(&mut self, step: &Step) -> bool {
        let Some(part) = self.journal.remove(&(step.trial, *step.epochs.end())) else { return false };
        self.merge(&part);
        if let Some(folder) = &self.folder {
            folder.remove_state(step.trial, step.epochs.start() - 1);
        }
        true
    }

    /// The state of a trial that is to continue with this step. Without one, it is trained from its first epoch again.
    pub fn state(&mut self, step: &Step) -> Result<Option<Vec<u8>>, SearchError> {
        match &self.folder {
            Some(folder) if *step.epochs.start() > 1 => folder.read_state(step.trial, step.epochs.start() - 1),
            _ => Ok(self.states.remove(&step.trial)),
        }
    }

    /// Adds what was trained, and returns the outcome of its trial. The part is in the journal only after everything that
    /// it stands for is on disk: if the process is killed before, the part is trained again.
    pub fn add(&mut self, trained: Trained) -> Result<&Outcome, SearchError> {
        let Trained { step, part, weights, state } = trained;
        let trial = part.trial;
        let is_best = self.merge(&part);
        if let Some(folder) = &mut self.folder {
            let best = weights.as_ref().filter(|_| is_best);
            if let Some(weights) = best {
                folder.write_next_best(weights)?;
            }
            if let Some(state) = &state {
                folder.write_state(trial, part.last, state)?;
            }
            folder.add(&part)?;
            if best.is_some() {
                folder.put_next_best()?;
            }
            folder.remove_state(trial, step.epochs.start() - 1);
        } else if let Some(state) = state {
            self.states.insert(trial, state);
        }
        if is_best {
            self.weights = weights;
        }
        Ok(&self.outcomes[trial])
    }

    /// Adds a part to the outcome of its trial. Returns whether it has the best epoch of all.
    fn merge(&mut self, part: &Part) -> bool {
        let trial = part.trial;
        self.outcomes[trial].add(&self.goal, part, part.last == self.last);
        let is_best = part.best.is_some()
            && self
                .best
                .is_none_or(|best| self.goal.compare(&self.outcomes[trial], &self.outcomes[best]) != Ordering::Greater);
        if is_best {
            (self.best, self.hash) = (Some(trial), part.weights);
        }
        is_best
    }

    /// The results. The states of trials that were dropped are removed. It is an error if the weights are not those of
    /// the best trial: one whose weights were lost has become worse when it was trained again.
    pub fn finish(self) -> Result<Results, SearchError> {
        if let Some(folder) = &self.folder {
            for outcome in &self.outcomes {
                if let Some(epoch) = outcome.history.epochs().last() {
                    folder.remove_state(outcome.trial.number, *epoch);
                }
            }
            if self.weights.as_deref().map(Hash::of) != self.hash {
                return Err(SearchError::NoWeights { path: folder.best() });
            }
        }
        Ok(Results::new(self.goal, self.outcomes, self.weights))
    }
}

/// The trial with the best epoch of these parts, and the hash of its weights.
fn best_of<'a>(goal: &Goal, parts: impl Iterator<Item = &'a Part>) -> Option<(usize, Option<u64>)> {
    let candidates = parts.filter_map(|part| part.best.map(|best| (best.value, part)));
    let best = candidates.reduce(|best, other| {
        let is_better = goal.is_better(other.0, best.0);
        // Of equal ones, the trial with the lowest number is the best.
        let is_equal = !goal.is_better(best.0, other.0);
        if is_better || is_equal && other.1.trial < best.1.trial { other } else { best }
    });
    best.map(|(_, part)| (part.trial, part.weights))
}
