//! Records what was trained.

use core::cmp::Ordering;
use std::{collections::BTreeMap, vec, vec::Vec};

use super::{Outcome, Results, SearchError, Trial, folder::Folder, goal::Goal, part::Part, plan::Step, step::Trained};

/// The record of a search: what was trained so far, and the best weights; in memory, and in a folder if there is one.
#[derive(Debug)]
pub(super) struct Record {
    goal: Goal,
    /// The last of all epochs.
    last: usize,
    outcomes: Vec<Outcome>,
    /// The best trial.
    best: Option<usize>,
    /// Its weights, unless they are only in the folder.
    weights: Option<Vec<u8>>,
    /// The states of trials that may continue, unless they are in the folder.
    states: BTreeMap<usize, Vec<u8>>,
    folder: Option<Folder>,
    /// The parts of the journal that were not replayed yet, by trial and last epoch.
    journal: BTreeMap<(usize, usize), Part>,
}

impl Record {
    /// The record of a search of these trials, with the parts that its folder has.
    pub fn new(goal: Goal, last: usize, trials: Vec<Trial>, folder: Option<(Folder, Vec<Part>)>) -> Self {
        let (folder, parts) = folder.map_or((None, vec![]), |(folder, parts)| (Some(folder), parts));
        Self {
            goal,
            last,
            outcomes: trials.into_iter().map(Outcome::waiting).collect(),
            best: None,
            weights: None,
            states: BTreeMap::new(),
            folder,
            journal: parts.into_iter().map(|part| ((part.trial, part.last), part)).collect(),
        }
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
            if let Some(weights) = weights.as_ref().filter(|_| is_best) {
                folder.write_best(weights)?;
            }
            if let Some(state) = &state {
                folder.write_state(trial, part.last, state)?;
            }
            folder.add(&part)?;
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
            self.best = Some(trial);
        }
        is_best
    }

    /// The results. The states of trials that were dropped are removed.
    pub fn finish(mut self) -> Result<Results, SearchError> {
        if let Some(folder) = &self.folder {
            for outcome in &self.outcomes {
                if let Some(epoch) = outcome.history.epochs().last() {
                    folder.remove_state(outcome.trial.number, *epoch);
                }
            }
            if self.weights.is_none() && self.best.is_some() {
                self.weights = Some(folder.read_best()?);
            }
        }
        Ok(Results::new(self.goal, self.outcomes, self.weights))
    }
}
