//! A callback on one rank or shard.

use core::ops::{ControlFlow, RangeInclusive};

use super::{Callback, Epoch, Report, TrainingState};
use crate::{
    layer::{Layer, Path},
    optim::Settings,
    ranks::{Chain, Passing, Phase, Relay, fail},
};

/// The callback `C` on the first rank or shard only: progress, plots, checkpoints, early stopping. If it stops training,
/// all stop; if it changes weights after an epoch or at the end, all have them.
///
/// A callback that changes settings, inputs or the state in each step, such as a learning rate scheduler, augmentation or
/// [`LocalSgd`](super::LocalSgd), has its place beside this one, so that it runs on all ranks. In this one, it ends the
/// program with an error.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use shiplap::{optim::AllRanks, prelude::*, ranks, train::OnFirst};
///
/// type Line = Dense<1, 1, Linear>;
/// type Two<O> = AllRanks<O, 2, 1>;
///
/// ranks::run(|ranks| {
///     let mut trainer = Trainer::<Line, MeanSquaredError, Two<Sgd>, 2>::boxed(AllRanks(Sgd::new(0.1)), 1);
///     // Prints each loss once, and stops all ranks.
///     let watch = OnFirst::new(ranks, |epoch: &Epoch<_>| {
///         println!("{}: {}", epoch.epoch, epoch.loss());
///         if epoch.loss() < 0.01 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
///     });
///     let last = trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(1000), watch)?;
///     assert!(last.loss() < 0.01 && last.epoch < 1000);
///     Ok::<_, TrainError>(())
/// });
/// ```
#[derive(Debug)]
pub struct OnFirst<'a, P, C> {
    chain: &'a P,
    callback: C,
    /// Whether an epoch is under way.
    in_step: bool,
}

impl<'a, P: Chain, C> OnFirst<'a, P, C> {
    /// Calls `callback` on the first of these ranks or shards.
    pub const fn new(chain: &'a P, callback: C) -> Self {
        Self { chain, callback, in_step: false }
    }

    /// The callback, if this is the first.
    fn here(&mut self) -> Option<&mut C> {
        self.chain.previous().is_none().then_some(&mut self.callback)
    }

    /// Tells the flow of the first to all others.
    fn tell(&self, flow: ControlFlow<()>) -> ControlFlow<()> {
        let mut stops = [u8::from(flow.is_break())];
        let mut relay = Relay::forward(Phase::Epoch, self.chain);
        relay.pass(&mut stops, |own, first| *own = first);
        relay.end();
        if stops == [0] { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Gives the network of the first to all others.
    fn share<N: Layer>(&self, network: &mut N) {
        let mut relay = Relay::forward(Phase::Epoch, self.chain);
        N::parameters_mut([network], Path::ROOT, &mut Passing::taking(&mut relay));
        relay.end();
    }
}

/// What a callback may not do here.
const CHANGES: &str = "a callback in `OnFirst` changes settings, inputs or the state in each step: pass it beside, as in `(LocalSgd::new(shard, 8), OnFirst::new(shard, callback))`, so that all ranks change them";

impl<N: Layer, M, P: Chain, C: Callback<N, M>> Callback<N, M> for OnFirst<'_, P, C> {
    fn check(&self) -> Result<(), &'static str> {
        if self.callback.changes_inputs() {
            return Err(CHANGES);
        }
        self.callback.check()
    }

    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        self.in_step = true;
        if let Some(callback) = self.here() {
            callback.before_fit(epochs);
        }
    }

    fn before_epoch(&mut self, epoch: usize, settings: &mut Settings) {
        self.in_step = true;
        if let Some(callback) = self.here() {
            unchanged(settings, |settings| callback.before_epoch(epoch, settings));
        }
    }

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        if let Some(callback) = self.here() {
            callback.after_step(seen, samples, report);
            if callback.changes_state() {
                fail(CHANGES);
            }
        }
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()> {
        self.in_step = false;
        let flow = self.here().map_or(ControlFlow::Continue(()), |callback| callback.after_epoch(epoch, network));
        self.share(network);
        self.tell(flow)
    }

    fn adjust(&mut self, epoch: &Epoch<M>, settings: &mut Settings) {
        if let Some(callback) = self.here() {
            unchanged(settings, |settings| callback.adjust(epoch, settings));
        }
    }

    fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, N>) -> ControlFlow<()> {
        let flow = self.here().map_or(ControlFlow::Continue(()), |callback| callback.checkpoint(epoch, state));
        self.tell(flow)
    }

    fn after_fit(&mut self, network: &mut N) -> Result<(), &'static str> {
        let result = self.here().map_or(Ok(()), |callback| callback.after_fit(network));
        // After an error in a step, which may be on this rank alone, the others do not listen.
        if !self.in_step {
            self.share(network);
        }
        result
    }
}

/// Ends the program if `call` changes the settings.
fn unchanged(settings: &mut Settings, call: impl FnOnce(&mut Settings)) {
    let before = *settings;
    call(settings);
    if *settings != before {
        fail(CHANGES);
    }
}
