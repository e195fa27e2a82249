//! Gradients that are computed in shards.

use core::marker::PhantomData;

use super::{
    KeepsGradient, Optimizer, OptimizerState, PerWeight, StateCount,
    gradient::{AfterBackward, GradientKind, GradientMemory, Kept, Measured, Stored, Summed, accumulate, apply_kept},
    norm::{Norm, Square, norm, square},
    state::Numbers,
};
use crate::{
    Zeroed,
    cores::{Processes, Sharded, Shards, slices},
    kernel::{Element, Plus, Simd, elementwise, sum_of},
    layer::{Layer, Parameter, Path, VisitTrainable},
    regularize::Penalty,
};

/// State with a stored gradient, which [`AllCores`](super::AllCores) can compute in shards.
#[diagnostic::on_unimplemented(
    message = "the gradient of this optimizer cannot be split into shards",
    label = "this optimizer keeps no gradient, or has already split it",
    note = "choose either `AllCores<O, SHARDS, ROWS>` or `InPlace<O>`, which keeps no gradient; one `AllCores` or `AllRanks` is enough"
)]
pub trait OnCores<P, const SHARDS: usize, const ROWS: usize>: OptimizerState {
    /// The same state, with a gradient that is computed in shards.
    #[doc(hidden)]
    type On: OptimizerState<Count = Self::Count>;
}

/// The gradient is computed in shards. It is otherwise kept as with `K`.
#[derive(Clone, Copy, Debug)]
pub struct InShards<K, P, const SHARDS: usize, const ROWS: usize>(PhantomData<(K, P)>);

macro_rules! in_shards {
    ($($kind:ident $arrays:literal)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<P: Processes, const NUMBERS: usize, const SHARDS: usize, const ROWS: usize> OnCores<P, SHARDS, ROWS>
                for PerWeight<NUMBERS, $kind>
            where
                Numbers<NUMBERS>: StateCount,
            {
                type On = PerWeight<NUMBERS, InShards<$kind, P, SHARDS, ROWS>>;
            }

            impl<P: Processes, const SHARDS: usize, const ROWS: usize> GradientKind for InShards<$kind, P, SHARDS, ROWS> {
                const WHOLE: bool = false;
                type Cores = Shards<P, SHARDS, ROWS>;
                type Memory<L: Zeroed> = [L; $arrays];
            }
        )*
    };
}
in_shards!(Kept 0 Summed 1);

impl<P: Processes, const NUMBERS: usize, const SHARDS: usize, const ROWS: usize> KeepsGradient
    for PerWeight<NUMBERS, InShards<Kept, P, SHARDS, ROWS>>
where
    Numbers<NUMBERS>: StateCount,
{
    type Summed = PerWeight<NUMBERS, InShards<Summed, P, SHARDS, ROWS>>;
}

/// The gradient is in the memory of the first shard. With `SUMS` 1, the sum of the gradients since the last update is here.
impl<L: Zeroed, P: Processes, const SHARDS: usize, const ROWS: usize, const SUMS: usize>
    GradientMemory<L, Shards<P, SHARDS, ROWS>> for [L; SUMS]
{
    const MARGIN: f64 = if SUMS == 0 { 0.0 } else { 1.0625 };

    /// Adds the gradients of all shards to the first, computes the penalties, and measures the sum.
    #[inline(always)]
    fn measure<S: Simd, N: Layer<Trainable = L>, const B: usize>(
        &mut self,
        network: &mut N,
        batch: &mut AfterBackward<'_, S, N, Shards<P, SHARDS, ROWS>, B>,
        penalty: Penalty,
    ) -> Measured {
        let mut sum = SumOfShards { simd: batch.simd, penalty, is_last: true, square: 0.0, cost: 0.0 };
        let rows = batch.x.len();
        let (own, mut gradients) = (Sharded::<N, P, SHARDS, ROWS, B>::own(rows), batch.passes.gradients(rows));
        let Some(gradient) = gradients.next() else { return Measured { norm: Norm::of(0.0, || 0.0), cost: 0.0 } };
        let mut next = gradients.next();
        if P::SEVERAL {
            sum.is_last = false;
            let others = own.len().div_ceil(ROWS).saturating_sub(1);
            P::sum::<N>(gradient, !own.is_empty(), others, |gradient| {
                for shard in next.take().into_iter().chain(gradients.by_ref()) {
                    N::trainable_mut(None, gradient, [shard], Path::ROOT, &mut sum);
                }
            });
            sum.is_last = true;
        }
        if next.is_none() {
            N::trainable_mut(Some(network), gradient, [], Path::ROOT, &mut sum);
        }
        while let Some(shard) = next {
            next = gradients.next();
            sum.is_last = next.is_none();
            N::trainable_mut(Some(network), gradient, [shard], Path::ROOT, &mut sum);
        }
        let norm = Norm::of(sum.square, || square::<S, Shards<P, SHARDS, ROWS>, N, true>(batch.simd, gradient));
        Measured { norm, cost: sum.cost }
    }

    #[inline(always)]
    fn apply<S: Simd, N: Layer<Trainable = L>, O: Optimizer, const B: usize>(
        &mut self,
        network: &mut N,
        batch: AfterBackward<'_, S, N, Shards<P, SHARDS, ROWS>, B>,
        measured: Norm,
        optimizer: &O,
        number: u64,
        state: &mut Stored<O, L>,
    ) {
        let simd = batch.simd;
        let Some(gradient) = batch.passes.gradients(batch.x.len()).next() else { return };
        let norm = match self.first_mut() {
            None => measured,
            Some(sum) => {
                let every = optimizer.steps_per_update();
                if !accumulate::<S, Shards<P, SHARDS, ROWS>, N>(simd, gradient, sum, number, every) {
                    return;
                }
                norm::<S, Shards<P, SHARDS, ROWS>, N>(simd, gradient)
            }
        };
        apply_kept::<S, Shards<P, SHARDS, ROWS>, N, O>(simd, gradient, network, norm, optimizer, number, state);
    }

    fn sum(&self) -> &[L] {
        self
    }

    fn sum_mut(&mut self) -> &mut [L] {
        self
    }
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
