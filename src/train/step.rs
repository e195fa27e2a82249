//! One step: forward, loss, backward, update.

use super::TrainError;
use crate::{
    Rng, Zeroed,
    kernel::{Simd, Work, dispatch},
    layer::{Layer, Path},
    loss::Loss,
    optim::{Clipping, Optimizer, SquareLength},
    regularize::Penalise,
    zeroed::Aligned,
};

/// The small part of a trainer: how it trains, and how far it is.
pub(super) struct Course<L, O> {
    pub optimizer: O,
    pub loss: L,
    pub rng: Rng,
    pub steps: u64,
}

impl<L: Default, O> Course<L, O> {
    pub fn new(optimizer: O, seed: u64) -> Self {
        Self { optimizer, loss: L::default(), rng: Rng::new(seed), steps: 0 }
    }
}

/// The large part of a trainer, which starts as zeros.
pub(super) struct Memory<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    pub learner: Learner<N, O, BATCH>,
    /// A batch put together from samples that do not lie side by side.
    pub inputs: [N::Input; BATCH],
    pub labels: [L::Label; BATCH],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Zeroed for Memory<N, L, O, BATCH> {}

/// The network and what a step writes.
pub(super) struct Learner<N: Layer, O: Optimizer, const BATCH: usize> {
    pub network: Aligned<N>,
    gradient: Aligned<N>,
    pub moments: Aligned<O::Moments<N>>,
    tape: Aligned<N::Tape<BATCH>>,
    pub outputs: Aligned<[N::Output; BATCH]>,
    slopes: Aligned<[N::Output; BATCH]>,
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, O: Optimizer, const BATCH: usize> Zeroed for Learner<N, O, BATCH> {}

impl<N: Layer, O: Optimizer, const BATCH: usize> Learner<N, O, BATCH> {
    /// A step on at most `BATCH` rows. Gives the loss before it; if that or the gradient is not finite, the
    /// network stays as it was.
    pub fn step<L: Loss<N::Output>>(
        &mut self,
        course: &mut Course<L, O>,
        x: &[N::Input],
        y: &[L::Label],
    ) -> Result<f64, TrainError> {
        let result = dispatch(Step { learner: self, course, x, labels: y });
        course.steps += u64::from(result.is_ok());
        result
    }
}

struct Step<'a, N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    learner: &'a mut Learner<N, O, BATCH>,
    course: &'a mut Course<L, O>,
    x: &'a [N::Input],
    labels: &'a [L::Label],
}

impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Work for Step<'_, N, L, O, BATCH> {
    type Output = Result<f64, TrainError>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { learner, course, x, labels } = self;
        let Course { optimizer, loss, rng, steps } = course;
        let Learner { network, gradient, moments, tape, outputs, slopes } = learner;
        let (network, gradient, moments, tape) = (&mut **network, &mut **gradient, &mut **moments, &mut **tape);
        let (y, dy) = (&mut outputs[..x.len()], &mut slopes[..x.len()]);

        network.record::<S, L::Ending, BATCH>(simd, rng, x, tape, y);
        let mean = loss.total(simd, y, labels) / x.len() as f64;
        loss.gradient(simd, y, labels, dy);
        network.backward::<S, L::Ending, BATCH>(simd, x, tape, y, dy, None, gradient);

        let mut penalise = Penalise { simd, everywhere: optimizer.settings().penalty, cost: 0.0 };
        N::parameters_mut([&mut *gradient, &mut *network], Path::ROOT, &mut penalise);
        let mut length = SquareLength(simd, 0.0);
        N::parameters_mut([&mut *gradient], Path::ROOT, &mut length);
        if !(mean.is_finite() && length.1.is_finite()) {
            return Err(TrainError::Diverged { step: *steps });
        }
        if let Some(clip) = optimizer.settings().clip {
            N::parameters_mut([&mut *gradient], Path::ROOT, &mut Clipping::new(simd, clip, length.1));
        }
        optimizer.update(simd, *steps, network, gradient, moments);
        Ok(mean + penalise.cost)
    }
}
