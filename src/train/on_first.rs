//! A callback on one rank or shard.

use core::ops::{ControlFlow, RangeInclusive};

use super::{Callback, Epoch, Report, TrainingState};
use crate::{
    layer::Layer,
    ranks::{Chain, Relay},
};

/// The callback `C` on the first rank or shard only: progress, plots, checkpoints. If it stops training, all stop.
///
/// Callbacks that change settings, inputs or weights, such as a learning rate scheduler or augmentation, run on all ranks
/// instead, beside this one: what they change would otherwise differ between ranks.
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
}

impl<'a, P: Chain, C> OnFirst<'a, P, C> {
    /// Calls `callback` on the first of these ranks or shards.
    pub const fn new(chain: &'a P, callback: C) -> Self {
        Self { chain, callback }
    }

    /// The callback, if this is the first.
    fn here(&mut self) -> Option<&mut C> {
        self.chain.previous().is_none().then_some(&mut self.callback)
    }

    /// Tells the flow of the first to all others.
    fn tell(&self, flow: ControlFlow<()>) -> ControlFlow<()> {
        let mut stops = [u8::from(flow.is_break())];
        let mut relay = Relay::forward(self.chain);
        relay.pass(&mut stops, |own, first| *own = first);
        relay.end();
        if stops == [0] { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl<N: Layer, M, P: Chain, C: Callback<N, M>> Callback<N, M> for OnFirst<'_, P, C> {
    fn check(&self) -> Result<(), &'static str> {
        self.callback.check()
    }

    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        if let Some(callback) = self.here() {
            callback.before_fit(epochs);
        }
    }

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        if let Some(callback) = self.here() {
            callback.after_step(seen, samples, report);
        }
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()> {
        let flow = self.here().map_or(ControlFlow::Continue(()), |callback| callback.after_epoch(epoch, network));
        self.tell(flow)
    }

    fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, N>) -> ControlFlow<()> {
        let flow = self.here().map_or(ControlFlow::Continue(()), |callback| callback.checkpoint(epoch, state));
        self.tell(flow)
    }

    fn after_fit(&mut self, network: &mut N) -> Result<(), &'static str> {
        self.here().map_or(Ok(()), |callback| callback.after_fit(network))
    }
}
