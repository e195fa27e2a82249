//! One step: forward, loss, backward, update.

use super::TrainError;
use crate::{
    Rng, Zeroed,
    kernel::{Element, Fold, Real, Simd, Work, dispatch, sum_of},
    layer::{Layer, Parameter, Path, Visit},
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
    pub reach: Reach,
}

impl<L: Default, O> Course<L, O> {
    pub fn new(optimizer: O, seed: u64) -> Self {
        Self { optimizer, loss: L::default(), rng: Rng::new(seed), steps: 0, reach: Reach::UNKNOWN }
    }
}

/// How far from 0 weights can be at most. By it a step knows that it makes no weight infinite, and seldom has to look at
/// them: it adds the most that they can move.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    /// No weight is further from 0.
    weights: f64,
    /// The highest learning rate so far, or 1.
    rate: f64,
    /// The length of the longest gradient so far, or 1.
    gradient: f64,
}

impl Reach {
    /// Where weights or moments may have been written to.
    pub const UNKNOWN: Self = Self { weights: f64::INFINITY, rate: 1.0, gradient: 1.0 };

    /// After step `step` with a gradient as long as `gradient`.
    #[inline(always)]
    fn after<O: Optimizer>(self, optimizer: &O, step: u64, gradient: f64) -> Self {
        let settings = optimizer.settings();
        let rate = settings.learning_rate.at(step);
        let keep = (1.0 - rate * settings.weight_decay).abs().max(1.0);
        // A rate that is NaN stays, and nothing holds it.
        let rate = if rate <= self.rate { self.rate } else { rate };
        let gradient = self.gradient.max(gradient);
        Self { weights: self.weights * keep + optimizer.most_movement() * rate * gradient, rate, gradient }
    }

    /// Whether numbers `T` reach as far, with room for rounding.
    #[inline(always)]
    fn is_within<T: Element>(self) -> bool {
        T::from_f64(2.0 * self.weights).is_finite()
    }

    /// What it is now, by looking. Moments count as gradients: that is how they came to be.
    #[cold]
    #[inline(never)]
    fn measured<S: Simd, N: Layer>(self, simd: S, network: &N, moments: &[N]) -> Self {
        let (mut weights, mut largest) = (Magnitudes(simd, 0.0), Magnitudes(simd, 0.0));
        network.parameters(Path::ROOT, &mut weights);
        for moment in moments {
            moment.parameters(Path::ROOT, &mut largest);
        }
        // Not `max`, which would pass over NaN.
        Self { weights: weights.1 + 0.0 * largest.1, gradient: self.gradient.max(largest.1), ..self }
    }
}

/// Adds up how far numbers are from 0.
struct Magnitudes<S>(S, f64);

impl<S: Simd, T: Element> Visit<T> for Magnitudes<S> {
    fn visit(&mut self, _: Parameter<'_>, values: &[T]) {
        self.1 += sum_of(self.0, &Magnitude, [values]).to_f64();
    }
}

#[derive(Clone, Copy)]
struct Magnitude;

impl Fold<1> for Magnitude {
    #[inline(always)]
    fn apply<V: Real>(&self, [value]: [V; 1]) -> V {
        value.abs()
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
    /// A step on at most `BATCH` rows. Gives the loss before it; if that or the gradient is not finite, or the step would
    /// make a weight infinite, the network stays as it was.
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
        let Course { optimizer, loss, rng, steps, reach } = course;
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
        let diverged = TrainError::Diverged { epoch: None, step: *steps };
        if !(mean.is_finite() && length.1.is_finite()) {
            return Err(diverged);
        }
        let mut after = reach.after(optimizer, *steps, libm::sqrt(length.1));
        if !after.is_within::<N::Element>() {
            after = reach.measured(simd, network, moments.as_ref()).after(optimizer, *steps, libm::sqrt(length.1));
            if !after.is_within::<N::Element>() {
                return Err(diverged);
            }
        }
        if let Some(clip) = optimizer.settings().clip {
            N::parameters_mut([&mut *gradient], Path::ROOT, &mut Clipping::new(simd, clip, length.1));
        }
        optimizer.update(simd, *steps, network, gradient, moments);
        *reach = after;
        Ok(mean + penalise.cost)
    }
}
