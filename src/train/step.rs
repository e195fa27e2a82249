//! One step: forward, loss, backward, update.

use super::{TrainError, penalise::Penalise};
use crate::{
    Rng, Zeroed,
    kernel::{Element, Real, Simd, Summand, Work, dispatch, sum_of},
    layer::{Layer, Parameter, Path, Visit},
    loss::Loss,
    optim::{Bound, Clipping, Kept, Optimizer, Produced, Settings, SquareLength},
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
    /// The optimiser's [`most_movement`](Optimizer::most_movement).
    movement: f64,
    /// The highest learning rate so far, or 1.
    rate: f64,
    /// The length of the longest gradient so far, or 1.
    gradient: f64,
    /// Its square.
    square: f64,
}

impl Reach {
    /// Where weights or moments may have been written to.
    pub const UNKNOWN: Self = Self { weights: f64::INFINITY, movement: 0.0, rate: 1.0, gradient: 1.0, square: 1.0 };

    /// Whether it has to be [measured](Self::measured), as before the first step.
    pub fn is_unknown(&self) -> bool {
        self.weights == f64::INFINITY
    }

    /// After step `step` with a gradient of this squared length.
    #[inline(always)]
    fn after(mut self, settings: &Settings, step: u64, square: f64) -> Self {
        let rate = settings.learning_rate.at(step);
        if square > self.square {
            (self.square, self.gradient) = (square, libm::sqrt(square));
        }
        // A rate that is NaN stays, and nothing holds it.
        self.rate = if rate <= self.rate { self.rate } else { rate };
        let keep = (1.0 - rate * settings.weight_decay).abs().max(1.0);
        self.weights = self.weights * keep + self.movement * self.rate * self.gradient;
        self
    }

    /// Whether numbers `T` reach as far, with room for rounding.
    #[inline(always)]
    fn is_within<T: Element>(self) -> bool {
        T::from_f64(2.0 * self.weights).is_finite()
    }

    /// What it is now, by looking. Moments count as gradients: that is how they came to be.
    #[cold]
    #[inline(never)]
    fn measured<S: Simd, N: Layer, O: Optimizer>(
        mut self,
        simd: S,
        optimizer: &O,
        network: &N,
        moments: &[N::Trainable],
    ) -> Self {
        let (mut weights, mut largest) = (Magnitudes(simd, 0.0), Magnitudes(simd, 0.0));
        network.parameters(Path::ROOT, &mut weights);
        for moment in moments {
            N::trainable(moment, Path::ROOT, &mut largest);
        }
        if largest.1 > self.gradient {
            (self.square, self.gradient) = (largest.1 * largest.1, largest.1);
        }
        // Not `max`, which would pass over NaN.
        Self { weights: weights.1 + 0.0 * largest.1, movement: optimizer.most_movement(), ..self }
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

impl Summand<1> for Magnitude {
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

impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Memory<N, L, O, BATCH> {
    /// What is in it beside the network, in bytes.
    pub const PARTS: [(&'static str, usize); 5] = [
        ("gradient", size_of::<Aligned<O::Gradient<N::Trainable>>>()),
        ("moments", size_of::<Aligned<O::Moments<N::Trainable>>>()),
        ("tape", size_of::<Aligned<N::Tape<BATCH>>>()),
        ("outputs", 2 * size_of::<Aligned<[N::Output; BATCH]>>()),
        ("batch", size_of::<[N::Input; BATCH]>() + size_of::<[L::Label; BATCH]>()),
    ];
}

/// The network and what a step writes.
pub(super) struct Learner<N: Layer, O: Optimizer, const BATCH: usize> {
    pub network: Aligned<N>,
    gradient: Aligned<O::Gradient<N::Trainable>>,
    pub moments: Aligned<O::Moments<N::Trainable>>,
    tape: Aligned<N::Tape<BATCH>>,
    pub outputs: Aligned<[N::Output; BATCH]>,
    dy: Aligned<[N::Output; BATCH]>,
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
        let Learner { network, gradient, moments, tape, outputs, dy } = learner;
        let (network, gradient, moments, tape) = (&mut **network, &mut **gradient, &mut **moments, &mut **tape);
        let (y, dy) = (&mut outputs[..x.len()], &mut dy[..x.len()]);
        let (step, settings) = (*steps, *optimizer.settings());
        let everywhere = settings.penalty;

        network.record_batch::<S, L::Ending, BATCH>(simd, Some(rng), x, tape, y);
        let mean = loss.total(simd, y, labels) / x.len() as f64;
        loss.gradient(simd, y, labels, dy);
        network.backward_batch::<S, L::Ending, BATCH>(simd, x, tape, y, dy, None);

        // One gradient or none, as the optimiser's type says.
        let mut kept = gradient.as_mut().first_mut();
        let (square, cost) = match &mut kept {
            Some(gradient) => {
                network.gradient_batch(simd, x, tape, dy, gradient);
                let mut penalise = Penalise { simd, everywhere, cost: 0.0 };
                N::trainable_mut(Some(&mut *network), gradient, [], Path::ROOT, &mut penalise);
                let mut length = SquareLength(simd, 0.0);
                N::trainable_mut(None, gradient, [], Path::ROOT, &mut length);
                (length.1, penalise.cost)
            }
            None => {
                let mut bound = Bound { simd, everywhere, square: 0.0, cost: 0.0 };
                network.learn(simd, x, tape, dy, [], Path::ROOT, &mut bound);
                (bound.square, bound.cost)
            }
        };
        let diverged = TrainError::Diverged { epoch: None, step };
        if !(mean.is_finite() && N::Element::from_f64(square).is_finite()) {
            return Err(diverged);
        }
        let mut after = reach.after(&settings, step, square);
        if !after.is_within::<N::Element>() {
            after = reach.measured(simd, optimizer, network, moments.as_ref()).after(&settings, step, square);
            if !after.is_within::<N::Element>() {
                return Err(diverged);
            }
        }
        match kept {
            Some(gradient) => {
                if let Some(clip) = settings.clip {
                    N::trainable_mut(None, gradient, [], Path::ROOT, &mut Clipping::new(simd, clip, square));
                }
                optimizer.update(step, network, Kept(simd, gradient), moments);
            }
            None => optimizer.update(step, network, Produced::<S, N, BATCH> { simd, x, tape, dy }, moments),
        }
        *reach = after;
        Ok(mean + cost)
    }
}
