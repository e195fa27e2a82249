//! Gradients on all cores.

use core::marker::PhantomData;

use super::{
    KeepsAverage, KeepsGradient, Optimizer, OptimizerState, PerWeight, Settings, StateCount, StateOf,
    gradient::{AfterBackward, GradientKind, GradientMemory, Kept, Measured, Stored, Summed, accumulate, apply_kept},
    norm::{Norm, Square, norm, square},
    state::Numbers,
};
use crate::{
    Zeroed,
    cores::{Shards, slices},
    kernel::{Element, Plus, Real, Simd, elementwise, sum_of},
    layer::{Layer, Parameter, Path, VisitTrainable},
    regularize::Penalty,
};

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

impl<O, const SHARDS: usize, const ROWS: usize> Optimizer for AllCores<O, SHARDS, ROWS>
where
    O: Optimizer<State: OnCores<SHARDS, ROWS>>,
{
    type State = <O::State as OnCores<SHARDS, ROWS>>::On;
    type Step = O::Step;
    const NAME: &'static str = O::NAME;

    fn settings(&self) -> &Settings {
        self.0.settings()
    }

    fn settings_mut(&mut self) -> &mut Settings {
        self.0.settings_mut()
    }

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        O::check_state(state)
    }

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn largest_step(&self) -> f64 {
        self.0.largest_step()
    }

    fn step(&self, number: u64, rate: f64) -> O::Step {
        self.0.step(number, rate)
    }

    #[inline(always)]
    fn update<V: Real>(step: O::Step, gradient: V, weight: V, state: StateOf<Self, V>) -> (V, StateOf<Self, V>) {
        O::update(step, gradient, weight, state)
    }

    fn steps_per_update(&self) -> u64 {
        self.0.steps_per_update()
    }
}

impl<O, const SHARDS: usize, const ROWS: usize> KeepsAverage for AllCores<O, SHARDS, ROWS> where
    O: KeepsAverage<State: OnCores<SHARDS, ROWS>>
{
}

/// State with a stored gradient, which [`AllCores`] can compute in shards.
#[diagnostic::on_unimplemented(
    message = "`AllCores` cannot split the gradient of this optimizer into shards",
    label = "this optimizer keeps no gradient, or has already split it",
    note = "choose either `AllCores<O, SHARDS, ROWS>` or `InPlace<O>`, which keeps no gradient; one `AllCores` is enough"
)]
pub trait OnCores<const SHARDS: usize, const ROWS: usize>: OptimizerState {
    /// The same state, with a gradient that is computed in shards.
    #[doc(hidden)]
    type On: OptimizerState<Count = Self::Count>;
}

/// The gradient is computed in shards. It is otherwise kept as with `K`.
#[derive(Clone, Copy, Debug)]
pub struct InShards<K, const SHARDS: usize, const ROWS: usize>(PhantomData<K>);

macro_rules! in_shards {
    ($($kind:ident $arrays:literal)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<const NUMBERS: usize, const SHARDS: usize, const ROWS: usize> OnCores<SHARDS, ROWS>
                for PerWeight<NUMBERS, $kind>
            where
                Numbers<NUMBERS>: StateCount,
            {
                type On = PerWeight<NUMBERS, InShards<$kind, SHARDS, ROWS>>;
            }

            impl<const SHARDS: usize, const ROWS: usize> GradientKind for InShards<$kind, SHARDS, ROWS> {
                type Cores = Shards<SHARDS, ROWS>;
                type Memory<L: Zeroed> = [L; $arrays];
            }
        )*
    };
}
in_shards!(Kept 0 Summed 1);

impl<const NUMBERS: usize, const SHARDS: usize, const ROWS: usize> KeepsGradient
    for PerWeight<NUMBERS, InShards<Kept, SHARDS, ROWS>>
where
    Numbers<NUMBERS>: StateCount,
{
    type Summed = PerWeight<NUMBERS, InShards<Summed, SHARDS, ROWS>>;
}

/// The gradient is in the memory of the first shard.
impl<L: Zeroed, const SHARDS: usize, const ROWS: usize> GradientMemory<L, Shards<SHARDS, ROWS>> for [L; 0] {
    const MARGIN: f64 = 0.0;

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, Shards<SHARDS, ROWS>, B>,
        penalty: Penalty,
    ) -> Measured {
        measure(network, batch, penalty)
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, Shards<SHARDS, ROWS>, B>,
        norm: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let Some(gradient) = batch.passes.gradients().next() else { return };
        apply_kept::<S, Shards<SHARDS, ROWS>, N, O>(batch.simd, gradient, network, norm, optimizer, number, state);
    }
}

/// The sum of the gradients since the last update, besides the gradient in the memory of the first shard.
impl<L: Zeroed, const SHARDS: usize, const ROWS: usize> GradientMemory<L, Shards<SHARDS, ROWS>> for [L; 1] {
    const MARGIN: f64 = 1.0625;

    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, Shards<SHARDS, ROWS>, B>,
        penalty: Penalty,
    ) -> Measured {
        measure(network, batch, penalty)
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, Shards<SHARDS, ROWS>, B>,
        _: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let ([sum], simd) = (self, batch.simd);
        let Some(gradient) = batch.passes.gradients().next() else { return };
        if accumulate::<S, Shards<SHARDS, ROWS>, N>(simd, gradient, sum, number, optimizer.steps_per_update()) {
            let norm = norm::<S, Shards<SHARDS, ROWS>, N>(simd, gradient);
            apply_kept::<S, Shards<SHARDS, ROWS>, N, O>(simd, gradient, network, norm, optimizer, number, state);
        }
    }

    fn sum(&self) -> &[L] {
        self
    }

    fn sum_mut(&mut self) -> &mut [L] {
        self
    }
}

/// Adds the gradients of all shards to the first, computes the penalties, and measures the sum.
#[inline(always)]
fn measure<S: Simd, N: Layer, const SHARDS: usize, const ROWS: usize, const B: usize>(
    network: &mut N,
    batch: &mut AfterBackward<'_, S, N, Shards<SHARDS, ROWS>, B>,
    penalty: Penalty,
) -> Measured {
    let mut sum = SumOfShards { simd: batch.simd, penalty, is_last: true, square: 0.0, cost: 0.0 };
    let mut gradients = batch.passes.gradients();
    let Some(gradient) = gradients.next() else { return Measured { norm: Norm::of(0.0, || 0.0), cost: 0.0 } };
    let mut next = gradients.next();
    if next.is_none() {
        N::trainable_mut(Some(network), gradient, [], Path::ROOT, &mut sum);
    }
    while let Some(shard) = next {
        next = gradients.next();
        sum.is_last = next.is_none();
        N::trainable_mut(Some(network), gradient, [shard], Path::ROOT, &mut sum);
    }
    let norm = Norm::of(sum.square, || square::<S, Shards<SHARDS, ROWS>, N, true>(batch.simd, gradient));
    Measured { norm, cost: sum.cost }
}

/// Adds the gradients of one shard to the sum, and after the last, those of penalties.
struct SumOfShards<S> {
    simd: S,
    penalty: Penalty,
    is_last: bool,
    square: f64,
    cost: f64,
}

impl<S: Simd, T: Element, const M: usize> VisitTrainable<T, M> for SumOfShards<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, weights: &mut [T], gradient: &mut [T], shards: [&mut [T]; M]) {
        let Self { simd, is_last, .. } = *self;
        let penalty = parameter.penalty_with(self.penalty);
        let shards = shards.map(|shard| &*shard);
        let [square, cost] = slices::in_pieces(shards, [weights, gradient], &|shards, [weights, gradient]| {
            for shard in shards {
                elementwise(simd, &Plus, [shard], [&mut *gradient]);
            }
            if !is_last {
                return [0.0; 2];
            }
            let mut cost = 0.0;
            if penalty != Penalty::NONE {
                cost = sum_of(simd, &penalty, [&*weights]).to_f64();
                elementwise(simd, &penalty, [&*weights], [&mut *gradient]);
            }
            [sum_of(simd, &Square, [&*gradient]).to_f64(), cost]
        });
        self.square += square;
        self.cost += cost;
    }
}
