//! The work of a training step on one core or on several: the passes of a batch, and loops over parameters.
//!
//! [`OneCore`] keeps one tape for the whole batch, and [`InParts`] one for a part of it. `Shards` (with the feature
//! `rayon`) splits the batch into shards, each with its own tape and gradient. [`Processes`] may share the shards.

mod one;
#[cfg(feature = "rayon")]
mod processes;
mod rows;
#[cfg(feature = "rayon")]
mod shards;
#[cfg(feature = "rayon")]
pub mod slices;

pub use one::{InParts, OneCore};
#[cfg(feature = "rayon")]
pub use processes::{Processes, ThisProcess};
#[cfg(feature = "rayon")]
pub(crate) use rows::is_worthwhile;
pub(crate) use rows::{Rows, on_all_cores};
#[cfg(feature = "rayon")]
pub use shards::{Sharded, Shards};

use crate::{
    Rng, Zeroed,
    kernel::{Element, ElementwiseKernel, Simd, Summand, elementwise, sum_of},
    layer::{Ending, Layer},
};

/// The cores that a step uses.
pub trait Cores: Copy + Send + Sync + 'static {
    /// The memory for the passes of up to `BATCH` rows.
    type Passes<N: Layer, const BATCH: usize>: Passes<N>;

    /// Does the work of a step of `macs` multiply-accumulates where the cores are at hand: by default, on this one.
    #[inline(always)]
    fn enter<R: Send>(macs: usize, work: impl FnOnce() -> R + Send) -> R {
        let _ = macs;
        work()
    }

    /// `write = kernel(read, write)`, number by number, for slices of one length.
    #[inline(always)]
    fn elementwise<S: Simd, T: Element, K: ElementwiseKernel<R, W>, const R: usize, const W: usize>(
        simd: S,
        kernel: &K,
        read: [&[T]; R],
        write: [&mut [T]; W],
    ) {
        elementwise(simd, kernel, read, write);
    }

    /// `Σ summand(read)` for slices of one length.
    #[inline(always)]
    fn sum_of<S: Simd, T: Element, K: Summand<R>, const R: usize>(simd: S, summand: &K, read: [&[T]; R]) -> f64 {
        sum_of(simd, summand, read).to_f64()
    }
}

/// The passes of a batch through a network in training, and their memory. The methods are those of [`Layer`] with similar
/// names.
pub trait Passes<N: Layer>: Zeroed {
    /// Does not compile if there is too little memory for the batch.
    const FITS: () = ();
    /// The rows that fit. A larger batch takes these passes several times.
    const ROWS: usize;

    /// Computes the outputs `y` and records what `backward` needs.
    fn record<S: Simd, E: Ending>(&mut self, simd: S, network: &N, rng: &mut Rng, x: &[N::Input], y: &mut [N::Output]);

    /// Passes the gradient `dy` of the loss back through the layers.
    fn backward<S: Simd, E: Ending>(
        &mut self,
        simd: S,
        network: &N,
        x: &[N::Input],
        y: &[N::Output],
        dy: &mut [N::Output],
    );

    /// Updates running statistics with those of the batch of `rows`.
    fn update_statistics<S: Simd>(&self, simd: S, network: &mut N, rows: usize);
}
