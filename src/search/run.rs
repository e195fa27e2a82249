//! A search: from a space and an objective to results.

use core::{cmp::Reverse, fmt::Write as _};
use std::{
    borrow::ToOwned as _,
    format,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    string::{String, ToString as _},
    sync::{Mutex, MutexGuard, PoisonError},
    vec,
    vec::Vec,
};

use super::{
    Candidates, Outcome, Results, SearchError, Space, Trial,
    candidates::Candidate,
    crew::{Alone, Crew},
    folder::Folder,
    goal::Goal,
    hash::Hash,
    journal::Settings,
    plan::{Plan, Step},
    record::Record,
    step::{Order, Rules, Start, Trained, train},
};

/// A search: which trials of a [`Space`] to train, for how many epochs, and how to rank them.
///
/// The trials run in parallel, on as many threads as `rayon` has; `pool.install(|| search.run(..))` chooses their number.
/// Each trial has its own seed: the results do not depend on the number of threads.
///
/// A trial that fails or panics is an [outcome](Outcome) of the search, which goes on. (A program built with
/// `panic = "abort"` ends at a panic.)
#[derive(Clone, Debug)]
#[must_use = "a search does nothing before `run`"]
pub struct Search {
    epochs: usize,
    random: Option<(usize, u64)>,
    halving: Option<(usize, usize)>,
    folder: Option<PathBuf>,
    rules: Rules,
}

impl Search {
    /// Trains each combination of the space for this number of epochs, at least 1.
    pub fn epochs(epochs: usize) -> Self {
        Self {
            epochs,
            random: None,
            halving: None,
            folder: None,
            rules: Rules { goal: Goal::default(), patience: None },
        }
    }

    /// Draws trials of the space in place of all combinations; the same ones for the same seed. If each axis of the space
    /// is a list, the trials differ from each other.
    pub fn random(self, trials: usize, seed: u64) -> Self {
        Self { random: Some((trials, seed)), ..self }
    }

    /// Drops trials early: successive halving (Jamieson and Talwalkar 2016). All trials train `first` epochs; the best of
    /// them, one in `keep_one_in`, continue to `keep_one_in` times as many epochs, and so on, until the best train all
    /// epochs.
    ///
    /// Of 27 trials, `Search::epochs(27).halving(1, 3)` trains 9 for 3 epochs, 3 for 9, and one for 27: 81 epochs
    /// instead of 729, since a trial continues from its state. The memory of a trial that may continue, its
    /// weights and the state of its optimizer, is kept until the others of its rung are trained.
    ///
    /// ```
    /// use shiplap::{prelude::*, search::{Search, Status, Training, candidates}};
    ///
    /// type Line = Dense<1, 1, Linear>;
    /// let (x, y) = ([[0.0f32], [1.0], [2.0]], [[1.0f32], [3.0], [5.0]]);
    /// let space = candidates![Line].learning_rates([1e-3, 1e-2, 0.1, 1.0]);
    /// let training = Training::new(MeanSquaredError, Sgd::new(0.1), &x, &y);
    /// let results = Search::epochs(20).halving(5, 2).run(&space, &training)?;
    /// let epochs: Vec<_> = results.outcomes().iter().map(|outcome| outcome.history.epochs().len()).collect();
    /// assert_eq!(epochs, [5, 10, 20, 5]);
    /// assert_eq!(results.best().unwrap().status, Status::Finished);
    /// # Ok::<(), shiplap::search::SearchError>(())
    /// ```
    pub fn halving(self, first: usize, keep_one_in: usize) -> Self {
        Self { halving: Some((first, keep_one_in)), ..self }
    }

    /// Stops a trial after this number of epochs, at least 1, without a better value.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.rules.patience = Some(epochs);
        self
    }

    /// Keeps the search in a folder, which is made if there is none. A search that was interrupted, by a kill or by a power
    /// failure, continues if it runs again: with the same results, and without training finished trials again.
    ///
    /// - `journal.jsonl`: the settings of the search, and the history of each trial, one line for each. A line is
    ///   appended, and synced to disk, when its trial is done. The journal of a search with other settings is an error.
    /// - `best.safetensors`: the weights of the best trial so far. The write is atomic. If the file is lost, or not that of
    ///   the best trial of the journal, that trial is trained again.
    /// - `trial-7.epoch-3.safetensors`: with [`halving`](Self::halving), the state of a trial that may continue, until the
    ///   search ends.
    ///
    /// ```
    /// use shiplap::{io, prelude::*, search::{Search, Training, candidates}};
    ///
    /// type Line = Dense<1, 1, Linear>;
    /// let (x, y) = ([[0.0f32], [1.0], [2.0]], [[1.0f32], [3.0], [5.0]]);
    /// let space = candidates![Line].learning_rates([1e-3, 1e-2, 0.1]);
    /// let training = Training::new(MeanSquaredError, Sgd::new(0.1), &x, &y);
    /// let folder = std::env::temp_dir().join("shiplap.search");
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// let search = Search::epochs(20).folder(&folder);
    /// let results = search.run(&space, &training)?;
    ///
    /// // Nothing is trained again.
    /// let again = search.run_with(&space, &training, |outcome| panic!("trained {outcome}"))?;
    /// assert_eq!(again.outcomes(), results.outcomes());
    ///
    /// let mut best = Line::zeroed();
    /// io::load(&mut best, folder.join("best.safetensors"))?;
    /// let error = Search::epochs(30).folder(&folder).run(&space, &training).unwrap_err().to_string();
    /// assert!(error.contains("its `epochs` is 20 there, but 30 here"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn folder(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Ranks trials by the lowest value of this loss or metric, such as `val_mae`, over their epochs. The default is
    /// `val_loss`, or `loss` without validation data.
    pub fn lowest(mut self, quantity: impl Into<String>) -> Self {
        self.rules.goal = Goal { name: Some(quantity.into()), highest: false };
        self
    }

    /// Ranks trials by the highest value of this metric, such as `val_accuracy`, over their epochs.
    pub fn highest(mut self, quantity: impl Into<String>) -> Self {
        self.rules.goal = Goal { name: Some(quantity.into()), highest: true };
        self
    }

    /// Trains the trials of the space.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting of the search or of the space is out of range, if the trials do not report the
    /// quantity that ranks them, or if a file of the [folder](Self::folder) is of another search, damaged, or cannot be
    /// read or written.
    pub fn run<C: Candidates<O>, O: Sync>(&self, space: &Space<C>, objective: &O) -> Result<Results, SearchError> {
        self.run_with(space, objective, |_| {})
    }

    /// Like [`run`](Self::run), and calls `watch` with the outcome of each trial as soon as it is trained.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`run`](Self::run).
    pub fn run_with<C: Candidates<O>, O: Sync>(
        &self,
        space: &Space<C>,
        objective: &O,
        watch: impl FnMut(&Outcome) + Send,
    ) -> Result<Results, SearchError> {
        let work = self.work(space, objective)?;
        let settings = || self.settings(space, objective, &work.candidates, &work.trials);
        self.search(&work, settings, watch, &Alone)
    }

    /// Trains all trials with the help of `crew`.
    pub(super) fn search<O: Sync>(
        &self,
        work: &Work<'_, O>,
        settings: impl FnOnce() -> Settings,
        watch: impl FnMut(&Outcome) + Send,
        crew: &impl Crew,
    ) -> Result<Results, SearchError> {
        let plan = match self.halving {
            Some((first, keep_one_in)) => Plan::halving(self.epochs, first, keep_one_in),
            None => Plan::full(self.epochs),
        };
        let folder = self.folder.as_ref().map(|folder| Folder::open(folder, settings())).transpose()?;
        let record = Record::new(self.rules.goal.clone(), self.epochs, work.trials.clone(), folder)?;
        let shared = Mutex::new((record, watch));
        let prepare = |step: Step| -> Result<Order, SearchError> {
            let record = &mut locked(&shared).0;
            let (best, state) = (record.outcomes()[step.trial].best(), record.state(&step)?);
            Ok(Order { step, best, state })
        };
        let finish = |trained: Trained| -> Result<(), SearchError> {
            let (record, watch) = &mut *locked(&shared);
            watch(record.add(trained)?);
            Ok(())
        };
        // Its trials run side by side, and `AllRanks` needs all ranks for one.
        #[cfg(feature = "mpi")]
        let _sharing = crate::ranks::Sharing::begin();
        for rung in 0..plan.rungs() {
            let mut steps = plan.steps(rung, &self.rules.goal, locked(&shared).0.outcomes());
            steps.retain(|step| !locked(&shared).0.replay(step));
            work.sort(&mut steps);
            crew.share(steps, &prepare, &|order| work.train(order), &finish)?;
        }
        shared.into_inner().unwrap_or_else(PoisonError::into_inner).0.finish()
    }

    /// The work of the search: its trials, and everything to train them.
    pub(super) fn work<'a, C: Candidates<O>, O>(
        &'a self,
        space: &Space<C>,
        objective: &'a O,
    ) -> Result<Work<'a, O>, SearchError> {
        let mut candidates = Vec::new();
        C::list(&mut candidates);
        let trials = self.trials(space)?;
        Ok(Work { rules: &self.rules, epochs: self.epochs, objective, candidates, trials })
    }

    fn trials<C>(&self, space: &Space<C>) -> Result<Vec<Trial>, SearchError> {
        let wrong = |what: &str| Err(SearchError::Settings(what.into()));
        if self.epochs == 0 {
            return wrong("there are no epochs to train: pass at least 1");
        }
        if self.rules.patience == Some(0) {
            return wrong("the patience must be at least 1 epoch");
        }
        if self.halving.is_some_and(|(first, keep_one_in)| first == 0 || keep_one_in < 2) {
            return wrong("halving starts with at least 1 epoch, and keeps one trial in at least 2");
        }
        space.check()?;
        if self.random.map_or(space.len(), |(trials, _)| Some(trials)).is_some_and(|trials| trials > MOST_TRIALS) {
            return wrong("there are more than 16 million trials: pass fewer values, or draw fewer trials");
        }
        match self.random {
            None => space.grid(),
            Some((0, _)) => wrong("there are no trials to draw: pass at least 1"),
            Some((trials, seed)) => Ok(space.draw(trials, seed)),
        }
    }

    /// Everything that determines the results.
    pub(super) fn settings<C, O>(
        &self,
        space: &Space<C>,
        objective: &O,
        candidates: &[Candidate<O>],
        trials: &[Trial],
    ) -> Settings {
        let Self { epochs, random, halving, rules, .. } = self;
        let mut settings = vec![("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
        let mut add = |name: &str, value: String| settings.push((name.to_owned(), value));
        space.settings(&mut add);
        for (name, candidate) in space.names().iter().zip(candidates) {
            add(&format!("layers of {name}"), candidate.layers.clone());
            add(&format!("objective of {name}"), (candidate.describe)(objective));
        }
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".into());
        add("epochs", epochs.to_string());
        add("trials", random.map_or("all combinations".into(), |(trials, seed)| format!("{trials} of seed {seed}")));
        add("halving", or_none(halving.map(|(first, keep)| format!("{first} epochs, one in {keep}"))));
        add("patience", or_none(rules.patience.map(|patience| patience.to_string())));
        add("ranking", rules.goal.to_string());
        let mut hash = Hash::new();
        for trial in trials {
            let describe = || (candidates[trial.index].describe_trial)(objective, trial);
            // A trial whose settings panic fails when it starts.
            let text = catch_unwind(AssertUnwindSafe(describe)).unwrap_or_default();
            // The hash takes any text.
            let _ = hash.write_str(&text);
        }
        add("objective of each trial", format!("{:016x}", hash.value()));
        settings
    }
}

/// The most trials of a search, which have room in memory.
const MOST_TRIALS: usize = 1 << 24;

/// The trials of a search, and everything to train them.
pub(super) struct Work<'a, O> {
    rules: &'a Rules,
    epochs: usize,
    objective: &'a O,
    pub(super) candidates: Vec<Candidate<O>>,
    pub(super) trials: Vec<Trial>,
}

impl<O> Work<'_, O> {
    /// Trains a part of a trial.
    pub fn train(&self, order: Order) -> Result<Trained, SearchError> {
        let Order { step, best, state } = order;
        let (trial, pauses) = (&self.trials[step.trial], *step.epochs.end() < self.epochs);
        let candidate = &self.candidates[trial.index];
        train(self.rules, step, Start { objective: self.objective, candidate, trial, best, state, pauses })
    }

    /// Sorts the steps by their costs, the largest first, so that no thread begins a long one when the others are done.
    fn sort(&self, steps: &mut [Step]) {
        steps.sort_by_key(|step| Reverse(self.candidates[self.trials[step.trial].index].cost));
    }
}

/// A panic of the caller's `watch` leaves the record as it is.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
