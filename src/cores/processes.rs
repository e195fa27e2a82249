//! The processes that share the shards of a batch.

use core::ops::Range;

use crate::{kernel::Tensor, layer::Layer};

/// The processes that share the shards of a batch. Each has some shards side by side, and all of them call the same
/// methods in the same order.
pub trait Processes: Copy + Send + Sync + 'static {
    /// Whether there may be several.
    const SEVERAL: bool;

    /// The shards of this process, of all `shards`.
    fn own(shards: usize) -> Range<usize>;

    /// Completes the rows of a batch, of which this process has computed its `own`. `mark` depends on the seed of the step
    /// and on the weights, the same for all processes.
    fn exchange_rows<X: Tensor>(mark: u64, rows: &mut [X], own: Range<usize>);

    /// Adds up the gradients of all shards, in their order. `gradient` is that of the first shard of this process, if its
    /// shards have rows; `add_others` adds those of its `others`. At the end, `gradient` is the sum of all.
    fn sum<N: Layer>(
        gradient: &mut N::Trainable,
        has_rows: bool,
        others: usize,
        add_others: impl FnOnce(&mut N::Trainable),
    );

    /// Updates the running statistics of the network in each process, one after the other. At the end, all have those of
    /// the last.
    fn in_turn<N: Layer>(network: &mut N, update: impl FnOnce(&mut N));
}

/// This process has all shards.
#[derive(Clone, Copy, Debug)]
pub struct ThisProcess;

impl Processes for ThisProcess {
    const SEVERAL: bool = false;

    #[inline(always)]
    fn own(shards: usize) -> Range<usize> {
        0..shards
    }

    #[inline(always)]
    fn exchange_rows<X: Tensor>(_: u64, _: &mut [X], _: Range<usize>) {}

    #[inline(always)]
    fn sum<N: Layer>(gradient: &mut N::Trainable, _: bool, _: usize, add_others: impl FnOnce(&mut N::Trainable)) {
        add_others(gradient);
    }

    #[inline(always)]
    fn in_turn<N: Layer>(network: &mut N, update: impl FnOnce(&mut N)) {
        update(network);
    }
}
