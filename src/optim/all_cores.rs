//! Training on all cores.

use super::{KeepsAverage, OnCores, Optimizer, Settings, StateOf};
use crate::{cores::ThisProcess, kernel::Real};

/// The optimizer `O`, for training on as many cores as `rayon` has threads: each batch of up to `SHARDS·ROWS` samples is
/// split into shards of `ROWS`, and each shard passes through the network by itself, with its own tape and gradient.
/// Threads also share the sum of the gradients and the update of the weights.
///
/// The network, its files and checkpoints are those of training with `O`. The gradients are added in the order of the
/// shards, so the result depends on `SHARDS` and `ROWS`, but not on the number of threads. Batch norms normalize each
/// shard by itself, and one shard after the other moves their running statistics by its share. A trainer with a batch of
/// more than `SHARDS·ROWS` does not compile.
///
/// Small steps, of less than 2 million multiply-accumulates in the forward pass, stay on one core. Each shard takes the
/// memory of one gradient. [`InPlace`](super::InPlace), which keeps no gradient, trains on one core. Nothing is
/// allocated, except by `rayon`, about once in 100 steps: for the queues from which threads steal work, and for handing
/// work over to the pool, unless training already runs inside a pool (`pool.install(|| trainer.fit(..))`).
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<8, 32, Relu>, Dense<32, 1, Linear>);
/// type Shards<O> = AllCores<O, 4, 16>;
///
/// let (x, y) = ([[0.5f32; 8]; 64], [[1.0f32]; 64]);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Shards<Adam>, 64>::boxed(AllCores(Adam::default()), 1);
/// trainer.fit(&x, &y, Fit::epochs(3))?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AllCores<O, const SHARDS: usize, const ROWS: usize>(pub O);

#[diagnostic::do_not_recommend]
impl<O, const SHARDS: usize, const ROWS: usize> Optimizer for AllCores<O, SHARDS, ROWS>
where
    O: Optimizer<State: OnCores<ThisProcess, SHARDS, ROWS>>,
{
    type State = <O::State as OnCores<ThisProcess, SHARDS, ROWS>>::On;
    const NAME: &'static str = O::NAME;

    formula_of!(O, 0);

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn steps_per_update(&self) -> u64 {
        self.0.steps_per_update()
    }
}

impl<O, const SHARDS: usize, const ROWS: usize> KeepsAverage for AllCores<O, SHARDS, ROWS> where
    O: KeepsAverage<State: OnCores<ThisProcess, SHARDS, ROWS>>
{
}
