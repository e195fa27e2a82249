//! Training on one core.

use super::{Cores, Passes};
use crate::{
    Rng, Zeroed,
    kernel::Simd,
    layer::{Ending, Layer, Path, VisitGradient},
    zeroed::Aligned,
};

/// One core does everything.
#[derive(Clone, Copy, Debug)]
pub struct OneCore;

impl Cores for OneCore {
    type Passes<N: Layer, const BATCH: usize> = Tape<N, BATCH>;
}

/// One core does everything, `ROWS` rows of a batch at a time.
#[derive(Clone, Copy, Debug)]
pub struct InParts<const ROWS: usize>;

impl<const ROWS: usize> Cores for InParts<ROWS> {
    type Passes<N: Layer, const BATCH: usize> = Tape<N, ROWS>;
}

/// The tape of `BATCH` rows.
pub struct Tape<N: Layer, const BATCH: usize>(Aligned<N::Tape<BATCH>>);

// SAFETY: the field is `Zeroed`.
unsafe impl<N: Layer, const BATCH: usize> Zeroed for Tape<N, BATCH> {}

impl<N: Layer, const BATCH: usize> Tape<N, BATCH> {
    /// Computes the gradient of the loss with respect to the trainable parameters, after `backward`.
    #[inline(always)]
    pub fn gradient<S: Simd>(
        &mut self,
        simd: S,
        network: &N,
        x: &[N::Input],
        dy: &[N::Output],
        gradient: &mut N::Trainable,
    ) {
        network.gradient_batch(simd, x, &mut self.0, dy, gradient);
    }

    /// Visits the gradient of each parameter, after `backward`.
    #[inline(always)]
    pub fn visit_gradient<S: Simd, V: VisitGradient<N::Element, M>, const M: usize>(
        &mut self,
        simd: S,
        network: &mut N,
        x: &[N::Input],
        dy: &[N::Output],
        state: [&mut N::Trainable; M],
        visitor: &mut V,
    ) {
        network.visit_gradient(simd, x, &mut self.0, dy, state, Path::ROOT, visitor);
    }
}

impl<N: Layer, const BATCH: usize> Passes<N> for Tape<N, BATCH> {
    const ROWS: usize = BATCH;

    #[inline(always)]
    fn record<S: Simd, E: Ending>(&mut self, simd: S, network: &N, rng: &mut Rng, x: &[N::Input], y: &mut [N::Output]) {
        network.record_batch::<S, E, BATCH>(simd, Some(rng), x, &mut self.0, y);
    }

    #[inline(always)]
    fn backward<S: Simd, E: Ending>(
        &mut self,
        simd: S,
        network: &N,
        x: &[N::Input],
        y: &[N::Output],
        dy: &mut [N::Output],
    ) {
        network.backward_batch::<S, E, BATCH>(simd, x, &mut self.0, y, dy, None);
    }

    #[inline(always)]
    fn update_statistics<S: Simd>(&self, simd: S, network: &mut N, _: usize) {
        network.update_statistics(simd, &self.0, 1.0);
    }
}
