//! One training step: forward, loss, backward, update.

use core::ops::Range;

use super::TrainError;
use crate::{
    Rng, Tensor as _, Zeroed,
    cores::{Cores, Passes},
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, Work, dispatch, elementwise, sum_of},
    layer::{Layer, Parameter, Parameters, Path, Visit},
    loss::Loss,
    optim::{AfterBackward, GradientMemory, Measured, Optimizer, OptimizerState, Settings, StateCount},
    zeroed::{Aligned, clear},
};

/// The small part of a trainer: optimizer, loss, and progress.
pub(super) struct Run<L, O> {
    pub optimizer: O,
    pub loss: L,
    pub rng: Rng,
    pub steps: u64,
    pub bound: WeightBound,
}

impl<L, O> Run<L, O> {
    pub fn new(optimizer: O, loss: L, seed: u64) -> Self {
        Self { optimizer, loss, rng: Rng::new(seed), steps: 0, bound: WeightBound::UNKNOWN }
    }
}

/// An upper bound on the magnitude of all weights. Each step adds the maximum change of a weight. The trainer thus
/// rules out overflow without reading the weights, unless the bound is unknown or close to the largest number.
#[derive(Clone, Copy)]
pub(super) struct WeightBound {
    /// The bound on the magnitude of all weights.
    weights: f64,
    /// The optimizer's [`largest_step`](Optimizer::largest_step).
    largest_step: f64,
    /// The highest learning rate so far, or 1.
    rate: f64,
    /// The norm of the largest gradient so far, or 1.
    gradient: f64,
    /// The square of `gradient`.
    square: f64,
}

impl WeightBound {
    /// The initial value, and the value after a possible change of weights, optimizer state or settings.
    pub const UNKNOWN: Self = Self { weights: f64::INFINITY, largest_step: 0.0, rate: 1.0, gradient: 1.0, square: 1.0 };

    /// Whether the bound must be [measured](Self::measured), as before the first step.
    pub fn is_unknown(&self) -> bool {
        self.weights == f64::INFINITY
    }

    /// The bound after step `step` with a gradient of this squared norm, after clipping.
    #[inline(always)]
    fn after(mut self, settings: &Settings, step: u64, square: f64) -> Self {
        let rate = settings.learning_rate.at(step);
        if square > self.square {
            (self.square, self.gradient) = (square, libm::sqrt(square));
        }
        // A NaN in the rate is preserved, and then no bound is within range.
        self.rate = if rate <= self.rate { self.rate } else { rate };
        let keep = (1.0 - rate * settings.weight_decay).abs().max(1.0);
        self.weights = self.weights * keep + self.largest_step * self.rate * self.gradient;
        self
    }

    /// Whether `T` can represent weights of this size, with a margin for rounding.
    #[inline(always)]
    fn is_within<T: Element>(self) -> bool {
        T::from_f64(2.0 * self.weights).is_finite()
    }

    /// Computes the bound from the weights. Optimizer state is derived from gradients, and counts as a gradient.
    #[cold]
    #[inline(never)]
    fn measured<S: Simd, N: Layer, O: Optimizer>(
        mut self,
        simd: S,
        optimizer: &O,
        network: &N,
        state: &[N::Trainable],
        sum: &[N::Trainable],
    ) -> Self {
        let (mut weights, mut largest) = (SumOfMagnitudes(simd, 0.0), SumOfMagnitudes(simd, 0.0));
        network.parameters(Path::ROOT, &mut weights);
        for copy in state.iter().chain(sum) {
            N::trainable(copy, Path::ROOT, &mut largest);
        }
        if largest.1 > self.gradient {
            (self.square, self.gradient) = (largest.1 * largest.1, largest.1);
        }
        // `max` would ignore NaN.
        Self { weights: weights.1 + 0.0 * largest.1, largest_step: optimizer.largest_step(), ..self }
    }
}

/// Adds up magnitudes.
struct SumOfMagnitudes<S>(S, f64);

impl<S: Simd, T: Element> Visit<T> for SumOfMagnitudes<S> {
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

/// The optimizer's state for the network `N`.
type StateFor<N, O> =
    <<<O as Optimizer>::State as OptimizerState>::Count as StateCount>::Stored<<N as Parameters>::Trainable>;

/// The memory for the gradient of the network `N`.
type GradientFor<N, O> = <<O as Optimizer>::State as OptimizerState>::Gradient<<N as Parameters>::Trainable>;

/// The cores that compute it.
pub(super) type CoresOf<O> = <<O as Optimizer>::State as OptimizerState>::Cores;

/// The memory for the passes of the network `N`.
pub(super) type PassesOf<N, O, const BATCH: usize> = <CoresOf<O> as Cores>::Passes<N, BATCH>;

/// The large part of a trainer, which is initialized with zeros.
pub(super) struct Memory<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    pub buffers: Buffers<N, O, BATCH>,
    /// A batch assembled from samples that are not contiguous.
    pub inputs: [N::Input; BATCH],
    pub labels: [L::Label; BATCH],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Zeroed for Memory<N, L, O, BATCH> {}

impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Memory<N, L, O, BATCH> {
    /// The sizes in bytes of all parts except the network.
    pub const PARTS: [(&'static str, usize); 5] = [
        ("gradient", size_of::<Aligned<GradientFor<N, O>>>()),
        ("state", size_of::<Aligned<StateFor<N, O>>>()),
        ("tape", size_of::<PassesOf<N, O, BATCH>>()),
        ("outputs", 2 * size_of::<Aligned<[N::Output; BATCH]>>()),
        ("batch", size_of::<[N::Input; BATCH]>() + size_of::<[L::Label; BATCH]>()),
    ];
}

/// The network, and the memory that a step writes.
pub(super) struct Buffers<N: Layer, O: Optimizer, const BATCH: usize> {
    pub network: Aligned<N>,
    pub gradient: Aligned<GradientFor<N, O>>,
    pub state: Aligned<StateFor<N, O>>,
    passes: PassesOf<N, O, BATCH>,
    pub outputs: Aligned<[N::Output; BATCH]>,
    dy: Aligned<[N::Output; BATCH]>,
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer, O: Optimizer, const BATCH: usize> Zeroed for Buffers<N, O, BATCH> {}

impl<N: Layer, O: Optimizer, const BATCH: usize> Buffers<N, O, BATCH> {
    /// Trains one step on at most `BATCH` rows. Returns the loss before the step.
    ///
    /// If the loss or the gradient is not finite, or the step would make a weight infinite, the network does not
    /// change, and stateful layers restart with zero.
    pub fn step<L: Loss<N::Output>>(
        &mut self,
        run: &mut Run<L, O>,
        x: &[N::Input],
        y: &[L::Label],
    ) -> Result<f64, TrainError> {
        let result = dispatch(Step { buffers: self, run, x, labels: y });
        run.steps = run.steps.saturating_add(u64::from(result.is_ok()));
        if const { N::OUTLINE.is_stateful() } && result.is_err() {
            self.reset_states();
        }
        result
    }

    /// The states that tapes keep from one step to the next become zero. They keep nothing else.
    pub fn reset_states(&mut self) {
        clear(&mut self.passes);
    }
}

struct Step<'a, N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> {
    buffers: &'a mut Buffers<N, O, BATCH>,
    run: &'a mut Run<L, O>,
    x: &'a [N::Input],
    labels: &'a [L::Label],
}

impl<N: Layer, L: Loss<N::Output>, O: Optimizer, const BATCH: usize> Work for Step<'_, N, L, O, BATCH> {
    type Output = Result<f64, TrainError>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { buffers, run, x, labels } = self;
        let Run { optimizer, loss, rng, steps, bound } = run;
        let Buffers { network, gradient, state, passes, outputs, dy } = buffers;
        let (network, gradient, state) = (&mut **network, &mut **gradient, &mut **state);
        let (Some(y), Some(dy)) = (outputs.get_mut(..x.len()), dy.get_mut(..x.len())) else {
            return Err(TrainError::BatchTooLarge { rows: x.len(), batch: BATCH });
        };
        let (step, settings) = (*steps, *optimizer.settings());

        let (rows, mut total, mut start) = (x.len(), 0.0, 0);
        let mut batch = loop {
            let part = start..rows.min(start + const { at_once::<N, O, BATCH>() });
            // An index could panic, also if the part is the whole batch.
            let (x, labels) = (rows_of(x, &part), rows_of(labels, &part));
            let (y, dy) = (rows_of_mut(y, &part), rows_of_mut(dy, &part));
            passes.record::<S, L::Ending>(simd, network, rng, x, y);
            total += loss.total(simd, y, labels);
            loss.gradient(simd, y, labels, dy);
            if const { at_once::<N, O, BATCH>() < BATCH } && part.len() < rows {
                elementwise(simd, &Share(part.len() as f64 / rows as f64), [], [N::Output::flat_mut(dy)]);
            }
            passes.backward::<S, L::Ending>(simd, network, x, y, dy);
            let mut last = AfterBackward::<S, N, CoresOf<O>, BATCH> { simd, x, passes, dy, is_first: start == 0 };
            if const { at_once::<N, O, BATCH>() >= BATCH } || part.end == rows {
                break last;
            }
            gradient.add(network, &mut last);
            start = part.end;
        };
        let mean = total / rows as f64;
        let Measured { norm, cost } = gradient.measure(network, &mut batch, settings.penalty);
        let square = norm.clipped_square::<N::Element>(settings.clip);
        let margin = <GradientFor<N, O> as GradientMemory<_, _>>::MARGIN * optimizer.steps_per_update() as f64;
        let diverged = TrainError::Diverged { epoch: None, step };
        let fits = norm.fits::<N::Element>(margin) && N::Element::from_f64(square).is_finite();
        if !(mean.is_finite() && fits) {
            return Err(diverged);
        }
        let mut after = bound.after(&settings, step, square);
        if !after.is_within::<N::Element>() {
            after =
                bound.measured(simd, optimizer, network, state.as_ref(), gradient.sum()).after(&settings, step, square);
            if !after.is_within::<N::Element>() {
                return Err(diverged);
            }
        }
        gradient.apply(network, batch, norm, optimizer, step, state);
        passes.update_statistics(simd, network, rows);
        *bound = after;
        Ok(mean + cost)
    }
}

/// The rows that pass through the network at a time.
const fn at_once<N: Layer, O: Optimizer, const BATCH: usize>() -> usize {
    <PassesOf<N, O, BATCH> as Passes<N>>::ROWS
}

/// The rows of a part; none if there are fewer.
#[inline(always)]
fn rows_of<'a, X>(rows: &'a [X], part: &Range<usize>) -> &'a [X] {
    rows.get(part.clone()).unwrap_or_default()
}

/// The mutable version of [`rows_of`].
#[inline(always)]
fn rows_of_mut<'a, X>(rows: &'a mut [X], part: &Range<usize>) -> &'a mut [X] {
    rows.get_mut(part.clone()).unwrap_or_default()
}

/// Multiplies the gradient of the mean over a part of the batch by the part's share of the batch.
#[derive(Clone, Copy)]
struct Share(f64);

impl ElementwiseKernel<0, 1> for Share {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [value]: [V; 1]) -> [V; 1] {
        [value * V::splat(self.0)]
    }
}
