//! A search on the ranks of an MPI program.
//!
//! Rank 0 has the record of the search and gives out the parts to train. Each thread of another rank asks for a part,
//! trains it and sends it back, which also asks for the next.

use std::{
    panic::resume_unwind,
    string::{String, ToString as _},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
    vec::{self, Vec},
};

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Candidates, Outcome, Results, Search, SearchError, Space,
    crew::Crew,
    hash::Hash,
    part::{Best, Part},
    plan::Step,
    step::{Order, Trained},
};
use crate::ranks::{EndsAll, Phase, Ranks, Relay, Sharing, poll, post};

impl Search {
    /// Like [`run`](Self::run), with the trials spread over all [ranks](crate::ranks) of an MPI program. All of them call it
    /// with the same space and objective. The first rank returns the results, the same as those of `run`; the others return
    /// `None` when the search is done.
    ///
    /// Each rank trains as many trials at once as `rayon` has threads. Only the first uses the
    /// [folder](Self::folder).
    ///
    /// ```
    /// use shiplap::{prelude::*, ranks, search::{Search, SearchError, Training, candidates}};
    ///
    /// type Line = Dense<1, 1, Linear>;
    ///
    /// ranks::run(|ranks| {
    ///     let (x, y) = ([[0.0f32], [1.0], [2.0]], [[1.0f32], [3.0], [5.0]]);
    ///     let space = candidates![Line].learning_rates([1e-3, 1e-2, 0.1]).seeds(0..4);
    ///     let training = Training::new(MeanSquaredError, Sgd::new(0.1), &x, &y);
    ///     if let Some(results) = Search::epochs(20).run_on(ranks, &space, &training)? {
    ///         println!("{results}");
    ///         assert_eq!(results.best().unwrap().trial.get("learning rate"), Some(0.1));
    ///     }
    ///     Ok::<_, SearchError>(())
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// The first rank returns the errors of [`run`](Self::run), also if they occur on another rank.
    pub fn run_on<C: Candidates<O>, O: Sync>(
        &self,
        ranks: &Ranks,
        space: &Space<C>,
        objective: &O,
    ) -> Result<Option<Results>, SearchError> {
        self.run_on_with(ranks, space, objective, |_| {})
    }

    /// Like [`run_on`](Self::run_on), and calls `watch` on the first rank with the outcome of each trial as soon as it is
    /// trained.
    ///
    /// # Errors
    ///
    /// The first rank returns the errors of [`run`](Self::run), also if they occur on another rank.
    pub fn run_on_with<C: Candidates<O>, O: Sync>(
        &self,
        ranks: &Ranks,
        space: &Space<C>,
        objective: &O,
        watch: impl FnMut(&Outcome) + Send,
    ) -> Result<Option<Results>, SearchError> {
        Relay::forward(Phase::Search, ranks).tell();
        let work = match self.work(space, objective) {
            Ok(work) => work,
            // The settings are wrong on all ranks.
            Err(error) => return if ranks.is_first() { Err(error) } else { Ok(None) },
        };
        let settings = self.settings(space, objective, &work.candidates, &work.trials);
        let hash = Hash::of(&serde_json::to_vec(&settings).unwrap_or_default());
        if ranks.is_first() {
            let crew = Coordinator { others: ranks.count() - 1, settings: hash, workers: Mutex::default() };
            let results = self.search(&work, || settings, watch, &crew);
            let end = crew.dismiss();
            return results.and_then(|results| end.map(|()| Some(results)));
        }
        let _sharing = Sharing::begin();
        let workers = rayon::current_num_threads();
        thread::scope(|scope| {
            for worker in 0..workers {
                let (work, ready) = (&work, Report::Ready { worker, of: workers, settings: hash });
                scope.spawn(move || {
                    let _ends_all = EndsAll;
                    run_worker(worker, &ready, &|order| work.train(order));
                });
            }
        });
        Ok(None)
    }
}

/// The tag of messages to rank 0. Those to a worker have its number plus 1.
const TO_FIRST: usize = 0;

/// The time between two polls for messages. MPI itself would keep a core busy while it waits.
const POLL_INTERVAL: Duration = Duration::from_micros(500);

/// What a worker tells rank 0.
#[derive(Serialize, Deserialize)]
enum Report {
    /// It is one of so many on its rank, and ready. `settings` is the hash of the settings of the search.
    Ready { worker: usize, of: usize, settings: u64 },
    /// It has trained a part, and is ready. The weights and the state follow, if there are some.
    Trained { worker: usize, first: usize, part: Part, has_weights: bool, has_state: bool },
    /// It cannot train.
    Failed { worker: usize, reason: String },
}

/// What rank 0 tells a worker.
#[derive(Serialize, Deserialize)]
enum Command {
    /// Train a part. The state follows, if there is one.
    Train { trial: usize, first: usize, last: usize, best: Option<Best>, has_state: bool },
    /// The search is done.
    End,
}

/// Trains as a worker of another rank until the search is done.
fn run_worker(worker: usize, ready: &Report, train: &impl Fn(Order) -> Result<Trained, SearchError>) {
    let mut message = pack(ready, []);
    loop {
        post(&message, 0, TO_FIRST);
        let command = loop {
            match poll(worker + 1) {
                Some((_, command)) => break command,
                None => thread::sleep(POLL_INTERVAL),
            }
        };
        let Some((Command::Train { trial, first, last, best, has_state }, mut blobs)) = unpack(&command) else {
            return;
        };
        let state = if has_state { blobs.pop() } else { None };
        let order = Order { step: Step { trial, epochs: first..=last }, best, state };
        message = match train(order) {
            Ok(Trained { part, weights, state, .. }) => {
                let (has_weights, has_state) = (weights.is_some(), state.is_some());
                let report = Report::Trained { worker, first, part, has_weights, has_state };
                pack(&report, [weights, state].iter().flatten().map(Vec::as_slice))
            }
            Err(error) => pack(&Report::Failed { worker, reason: error.to_string() }, []),
        };
    }
}

/// Gives out the steps of a search to all ranks.
struct Coordinator {
    /// The number of other ranks.
    others: usize,
    /// The hash of the settings of the search.
    settings: u64,
    workers: Mutex<Workers>,
}

/// The workers of other ranks.
#[derive(Default)]
struct Workers {
    /// The ranks that have reported, and the number of their workers.
    ranks: usize,
    all: usize,
    /// Workers that wait for a part, by rank and number.
    ready: Vec<(usize, usize)>,
    /// The number of workers that train.
    busy: usize,
}

impl Workers {
    /// Takes the next message, if there is one. Returns what was trained.
    fn listen(&mut self, expected: u64) -> Result<Option<Trained>, SearchError> {
        let Some((rank, message)) = poll(TO_FIRST) else {
            thread::sleep(POLL_INTERVAL);
            return Ok(None);
        };
        let failed = |reason: String| SearchError::OnRank { rank, reason };
        match unpack(&message) {
            Some((Report::Ready { worker, of, settings }, _)) => {
                if worker == 0 {
                    self.ranks += 1;
                    self.all += of;
                }
                self.ready.push((rank, worker));
                if settings != expected {
                    let reason = "its space, objective or data are not those of the first rank";
                    return Err(failed(reason.into()));
                }
                Ok(None)
            }
            Some((Report::Trained { worker, first, part, has_weights, has_state }, mut blobs)) => {
                self.busy -= 1;
                self.ready.push((rank, worker));
                let state = if has_state { blobs.pop() } else { None };
                let weights = if has_weights { blobs.pop() } else { None };
                let step = Step { trial: part.trial, epochs: first..=part.last };
                Ok(Some(Trained { step, part, weights, state }))
            }
            Some((Report::Failed { worker, reason }, _)) => {
                self.busy -= 1;
                self.ready.push((rank, worker));
                Err(failed(reason))
            }
            None => Err(failed("it has sent a message that this version of the program cannot read".into())),
        }
    }
}

impl Coordinator {
    /// Gives out steps to other ranks until all are trained.
    fn serve(
        &self,
        steps: &Mutex<vec::IntoIter<Step>>,
        prepare: &impl Fn(Step) -> Result<Order, SearchError>,
        finish: &impl Fn(Trained) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            while let Some((rank, worker)) = workers.ready.pop() {
                let Some(step) = next(steps) else {
                    workers.ready.push((rank, worker));
                    break;
                };
                let prepared = prepare(step);
                if prepared.is_err() {
                    workers.ready.push((rank, worker));
                }
                let Order { step, best, state } = prepared?;
                let (first, last) = step.epochs.into_inner();
                let command = Command::Train { trial: step.trial, first, last, best, has_state: state.is_some() };
                post(&pack(&command, state.iter().map(Vec::as_slice)), rank, worker + 1);
                workers.busy += 1;
            }
            if workers.busy == 0 && left(steps) == 0 {
                return Ok(());
            }
            if let Some(trained) = workers.listen(self.settings)? {
                finish(trained)?;
            }
        }
    }

    /// Ends all workers. Fails if one of them was to train something else, but had nothing to train.
    fn dismiss(&self) -> Result<(), SearchError> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut dismissed, mut result) = (0, Ok(()));
        loop {
            for (rank, worker) in core::mem::take(&mut workers.ready) {
                post(&pack(&Command::End, []), rank, worker + 1);
                dismissed += 1;
            }
            if workers.ranks == self.others && dismissed == workers.all {
                return result;
            }
            let heard = workers.listen(self.settings).map(drop);
            result = result.and(heard);
        }
    }
}

impl Crew for Coordinator {
    fn share(
        &self,
        steps: Vec<Step>,
        prepare: &(impl Fn(Step) -> Result<Order, SearchError> + Sync),
        train: &(impl Fn(Order) -> Result<Trained, SearchError> + Sync),
        finish: &(impl Fn(Trained) -> Result<(), SearchError> + Sync),
    ) -> Result<(), SearchError> {
        let steps = Mutex::new(steps.into_iter());
        thread::scope(|scope| {
            let others = scope.spawn(|| {
                let unless_done = Ends(&steps);
                self.serve(&steps, prepare, finish).inspect(|()| core::mem::forget(unless_done))
            });
            let run = |step| finish(train(prepare(step)?)?);
            let unless_done = Ends(&steps);
            let own = core::iter::from_fn(|| next(&steps)).par_bridge().try_for_each(run);
            let own = own.inspect(|()| core::mem::forget(unless_done));
            let others = others.join().unwrap_or_else(|panic| resume_unwind(panic));
            own.and(others)
        })
    }
}

/// Leaves no steps to anyone, after an error or a panic.
struct Ends<'a>(&'a Mutex<vec::IntoIter<Step>>);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
    }
}

/// Takes the next step.
fn next(steps: &Mutex<vec::IntoIter<Step>>) -> Option<Step> {
    steps.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// The number of steps that nobody has taken.
fn left(steps: &Mutex<vec::IntoIter<Step>>) -> usize {
    steps.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// A message: a head as JSON, then byte strings, each after its length.
fn pack<'a>(head: &impl Serialize, blobs: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    // Text and numbers are always JSON.
    let head = serde_json::to_vec(head).unwrap_or_default();
    let mut message = Vec::new();
    let mut add = |part: &[u8]| {
        message.extend((part.len() as u64).to_le_bytes());
        message.extend(part);
    };
    add(&head);
    blobs.into_iter().for_each(add);
    message
}

/// The head and the byte strings of a message.
fn unpack<H: DeserializeOwned>(mut message: &[u8]) -> Option<(H, Vec<Vec<u8>>)> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = message.split_first_chunk() {
        let (part, rest) = rest.split_at_checked(u64::from_le_bytes(*length).try_into().ok()?)?;
        parts.push(part.to_vec());
        message = rest;
    }
    let head = serde_json::from_slice(parts.first()?).ok()?;
    parts.remove(0);
    Some((head, parts))
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn messages_arrive_as_they_were() {
        let best = Some(Best { epoch: 3, value: f64::INFINITY });
        let command = Command::Train { trial: 7, first: 1, last: 9, best, has_state: true };
        let message = pack(&command, [&[1u8, 2, 3][..], &[]]);
        let (head, blobs) = unpack::<Command>(&message).unwrap();
        let Command::Train { trial: 7, first: 1, last: 9, best: read, has_state: true } = head else { panic!() };
        assert_eq!((read, blobs), (best, vec![vec![1, 2, 3], vec![]]));
        for length in 0..message.len() {
            let cut = unpack::<Command>(&message[..length]).map(|(_, blobs)| blobs.len());
            assert!(cut.is_none() || cut.unwrap() < 2, "{length}");
        }
    }
}
