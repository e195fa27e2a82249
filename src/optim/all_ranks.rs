//! Training on all ranks.

use super::{KeepsAverage, OnCores, Optimizer, Settings, StateOf};
use crate::{
    kernel::Real,
    ranks::{self, OnRanks},
};

/// The optimizer `O`, for training on all [ranks](crate::ranks) of an MPI program: each batch of up to `SHARDS·ROWS`
/// samples is split into shards of `ROWS`, and each rank takes its part of the shards, on as many cores as `rayon` has
/// threads.
///
/// All ranks run the same program with the same data, settings and seeds. In each step, they exchange the outputs of the
/// batch, add up the gradients in the order of the shards, and all make the same update. So the network, its files and
/// its bits are those of [`AllCores`](super::AllCores) with the same shards, on any number of ranks up to `SHARDS`, and
/// losses, metrics and callbacks are the same on all ranks. Each rank computes all of the validation. [`OnFirst`](crate::train::OnFirst) lets only one of them print
/// and write files.
///
/// A step sends the gradient to the next rank and back, rank after rank, in packets of 16 KiB. A rank with one shard passes
/// a packet on as soon as it has added its own; one with several shards, only after it has received all packets.
///
/// ```
/// use shiplap::{optim::AllRanks, prelude::*, ranks};
///
/// type Net = (Dense<8, 32, Relu>, Dense<32, 1, Linear>);
/// type Shards<O> = AllRanks<O, 4, 16>;
///
/// ranks::run(|_| {
///     let (x, y) = ([[0.5f32; 8]; 64], [[1.0f32]; 64]);
///     let mut trainer = Trainer::<Net, MeanSquaredError, Shards<Adam>, 64>::boxed(AllRanks(Adam::default()), 1);
///     trainer.fit(&x, &y, Fit::epochs(3))
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AllRanks<O, const SHARDS: usize, const ROWS: usize>(pub O);

#[diagnostic::do_not_recommend]
impl<O, const SHARDS: usize, const ROWS: usize> Optimizer for AllRanks<O, SHARDS, ROWS>
where
    O: Optimizer<State: OnCores<OnRanks, SHARDS, ROWS>>,
{
    type State = <O::State as OnCores<OnRanks, SHARDS, ROWS>>::On;
    const NAME: &'static str = O::NAME;

    formula_of!(O, 0);

    fn check(&self) -> Result<(), &'static str> {
        ranks::check(SHARDS)?;
        self.0.check()
    }

    fn steps_per_update(&self) -> u64 {
        self.0.steps_per_update()
    }
}

impl<O, const SHARDS: usize, const ROWS: usize> KeepsAverage for AllRanks<O, SHARDS, ROWS> where
    O: KeepsAverage<State: OnCores<OnRanks, SHARDS, ROWS>>
{
}
