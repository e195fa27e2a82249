//! Shards that train by themselves for several steps.

use core::ops::ControlFlow;

use super::{Callback, Epoch, Report, TrainingStateMut};
use crate::{
    layer::{Layer, Path, VisitMut, VisitTrainable},
    ranks::{Passing, Phase, Relay, Shard, fail},
};

/// Averages the weights of all [shards](Shard) every few steps, and after each epoch (local SGD, Stich 2019): less communication
/// between ranks than [`AllRanks`](crate::optim::AllRanks), which adds up gradients in each step.
///
/// The average covers weights, running statistics and the state of the optimizer, so that all shards are equal after it:
/// a checkpoint of one of them resumes all, on any number of ranks. The mean is computed in the order of the shards.
///
/// All shards have trainers with the same settings and the same seed. Losses and metrics of training are those of the
/// shard's own part of the data; validation, after the average, is the same for all, and each shard computes all of it.
///
/// ```
/// use shiplap::{prelude::*, ranks, train::{LocalSgd, OnFirst}};
///
/// type Net = (Dense<1, 16, Tanh>, Dense<16, 1, Linear>);
///
/// ranks::run(|ranks| {
///     let x: Vec<[f32; 1]> = (0..256).map(|i| [i as f32 / 128.0 - 1.0]).collect();
///     let y: Vec<[f32; 1]> = x.iter().map(|[x]| [(3.0 * x).sin()]).collect();
///     let loss = ranks.shards(4, |shard| {
///         let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 16>::boxed(Adam::new(0.01), 1);
///         let print = OnFirst::new(shard, |epoch: &Epoch<_>| println!("{}", epoch.loss()));
///         let fit = Fit::epochs(200).validation(&x, &y);
///         let callbacks = (LocalSgd::new(shard, 2), print);
///         trainer.fit_with(&shard.part(&x), &shard.part(&y), fit, callbacks)?;
///         trainer.evaluate(&x, &y).map(|report| report.loss)
///     });
///     assert!(loss < 0.02, "{loss}");
///     Ok::<_, TrainError>(())
/// });
/// ```
#[derive(Debug)]
pub struct LocalSgd<'a> {
    shard: &'a Shard,
    every: usize,
    steps: usize,
    is_due: bool,
}

impl<'a> LocalSgd<'a> {
    /// Averages after every `every` steps of an epoch, at least 1, and after its last step.
    pub const fn new(shard: &'a Shard, every: usize) -> Self {
        Self { shard, every, steps: 0, is_due: false }
    }
}

impl<N: Layer, M> Callback<N, M> for LocalSgd<'_> {
    fn check(&self) -> Result<(), &'static str> {
        if self.every == 0 { Err("weights are averaged every 1 step at least") } else { Ok(()) }
    }

    fn after_step(&mut self, seen: usize, samples: usize, _: &Report<M>) {
        self.steps += 1;
        self.is_due = self.steps.is_multiple_of(self.every) || seen == samples;
        if seen == samples {
            self.steps = 0;
        }
    }

    fn changes_state(&self) -> bool {
        self.is_due
    }

    fn change_state(&mut self, mut state: TrainingStateMut<'_, N>) {
        let mut relay = Relay::forward(Phase::Average, self.shard);
        relay.pass(&mut [*state.steps, state.rng.clone().bits().into()], |own, incoming| {
            if *own != incoming {
                fail("this shard has taken other steps than the one before: all shards have the same settings and seeds, and parts of one size");
            }
        });
        visit(&mut state, &mut Passing::averaging(&mut relay, self.shard.index()));
        relay.end();
        let mut relay = Relay::back(Phase::Average, self.shard);
        visit(&mut state, &mut Passing::taking(&mut relay));
        relay.end();
    }

    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Visits all numbers that training changes.
fn visit<N: Layer, V>(state: &mut TrainingStateMut<'_, N>, visitor: &mut V)
where
    V: VisitMut<N::Element, 1> + VisitTrainable<N::Element, 0>,
{
    N::parameters_mut([&mut *state.network], Path::ROOT, visitor);
    for copy in state.optimizer_state.iter_mut().chain(&mut *state.gradient_sum) {
        N::trainable_mut(None, copy, [], Path::ROOT, visitor);
    }
}
