//! One step of an optimizer over all trainable parameters.

use core::marker::PhantomData;

use super::{
    Optimizer, Settings,
    clip::{Clip, Scaled},
    state::{Numbers, OptimizerState},
};
use crate::{
    cores::Cores,
    kernel::{Element, ElementwiseKernel, Real, Simd, sum_rows, tn_then},
    layer::{Parameter, VisitGradient, VisitTrainable},
    regularize::Penalty,
    zeroed::{fits_stack, large},
};

/// The number of layers whose bias gradients may be in the same stack frame.
const LAYERS: usize = 8;

/// The update of each parameter with its gradient. If not `FINISHED`, the update first applies penalty and clipping to
/// the gradient.
pub struct Update<S, C, O: Optimizer, const FINISHED: bool> {
    simd: S,
    cores: PhantomData<C>,
    formula: Formula<O>,
    penalty: Penalty,
    limit: f64,
}

impl<S, C, O: Optimizer, const FINISHED: bool> Update<S, C, O, FINISHED> {
    /// Step `number` of the optimizer.
    #[inline(always)]
    pub(super) fn new(simd: S, optimizer: &O, number: u64) -> Self {
        let Settings { learning_rate, clip, weight_decay, penalty } = optimizer.settings();
        let (penalty, rate) = (*penalty, learning_rate.at(number));
        let limit = if let Some(Clip::Value(limit)) = clip { *limit } else { f64::INFINITY };
        let step = optimizer.step(number / optimizer.steps_per_update(), rate);
        Self { simd, cores: PhantomData, formula: Formula { keep: 1.0 - rate * weight_decay, step }, penalty, limit }
    }

    /// The penalty and clipping to apply to the gradient of this parameter, if any.
    #[inline(always)]
    fn missing(&self, parameter: &Parameter<'_>) -> Option<Finish> {
        let Self { penalty, limit, .. } = *self;
        let penalty = parameter.penalty_with(penalty);
        (penalty != Penalty::NONE || limit < f64::INFINITY).then_some(Finish { penalty, limit })
    }
}

/// Weight decay, then the optimizer's formula.
struct Formula<O: Optimizer> {
    /// The factor by which decay multiplies the weight.
    keep: f64,
    step: O::Step,
}

impl<O: Optimizer> Copy for Formula<O> {}

impl<O: Optimizer> Clone for Formula<O> {
    fn clone(&self) -> Self {
        *self
    }
}

/// The penalty and clipping of one gradient.
#[derive(Clone, Copy)]
struct Finish {
    penalty: Penalty,
    limit: f64,
}

/// A formula that first applies penalty and clipping to the gradient.
struct Finished<O: Optimizer>(Finish, Formula<O>);

impl<O: Optimizer> Copy for Finished<O> {}

impl<O: Optimizer> Clone for Finished<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<const W: usize, O: Optimizer> ElementwiseKernel<1, W> for Finished<O>
where
    Formula<O>: ElementwiseKernel<1, W>,
{
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], write: [V; W]) -> [V; W] {
        let [g] = self.0.penalty.apply([write[0]], [g]);
        let [g] = Scaled { limit: self.0.limit, ..Scaled::NOT }.apply([], [g]);
        self.1.apply([g], write)
    }
}

/// The loop over gradient, weights and state, for each number of state numbers: a const generic cannot express an array
/// that is longer by one.
macro_rules! walks {
    ($($numbers:literal $arrays:literal [$($state:ident)*];)*) => {
        $(
            impl<O> ElementwiseKernel<1, $arrays> for Formula<O>
            where
                O: Optimizer,
                O::State: OptimizerState<Count = Numbers<$numbers>>,
            {
                #[inline(always)]
                fn apply<V: Real>(&self, [g]: [V; 1], [w, $($state),*]: [V; $arrays]) -> [V; $arrays] {
                    let (w, [$($state),*]) = O::update(self.step, g, w * V::splat(self.keep), [$($state),*]);
                    [w, $($state),*]
                }
            }

            impl<S, C, T, O, const FINISHED: bool> VisitTrainable<T, $numbers> for Update<S, C, O, FINISHED>
            where
                S: Simd,
                C: Cores,
                T: Element,
                O: Optimizer,
                O::State: OptimizerState<Count = Numbers<$numbers>>,
            {
                #[inline(always)]
                fn visit(
                    &mut self,
                    parameter: Parameter<'_>,
                    values: &mut [T],
                    gradient: &mut [T],
                    [$($state),*]: [&mut [T]; $numbers],
                ) {
                    if const { !FINISHED }
                        && let Some(finish) = self.missing(&parameter)
                    {
                        C::elementwise(self.simd, &Finished(finish, self.formula), [gradient], [values, $($state),*]);
                    } else {
                        C::elementwise(self.simd, &self.formula, [gradient], [values, $($state),*]);
                    }
                }
            }

            impl<S, C, T, O, const FINISHED: bool> VisitGradient<T, $numbers> for Update<S, C, O, FINISHED>
            where
                S: Simd,
                C: Cores,
                T: Element,
                O: Optimizer,
                O::State: OptimizerState<Count = Numbers<$numbers>>,
            {
                #[inline(always)]
                fn product<const IN: usize, const OUT: usize>(
                    &mut self,
                    parameter: Parameter<'_>,
                    x: &[[T; IN]],
                    dz: &[[T; OUT]],
                    kernel: &mut [[T; OUT]; IN],
                    [$($state),*]: [&mut [[T; OUT]; IN]; $numbers],
                ) {
                    if const { !FINISHED }
                        && let Some(finish) = self.missing(&parameter)
                    {
                        tn_then(self.simd, x, dz, &Finished(finish, self.formula), [kernel, $($state),*]);
                    } else {
                        tn_then(self.simd, x, dz, &self.formula, [kernel, $($state),*]);
                    }
                }

                #[inline(always)]
                fn sums<const N: usize>(
                    &mut self,
                    parameter: Parameter<'_>,
                    dz: &[[T; N]],
                    bias: &mut [T; N],
                    [$($state),*]: [&mut [T; N]; $numbers],
                ) {
                    let mut learn = |gradient: &mut [T; N]| {
                        sum_rows(self.simd, dz, gradient);
                        VisitTrainable::<T, $numbers>::visit(self, parameter, bias, gradient, [$($state),*]);
                    };
                    if const { fits_stack(LAYERS * size_of::<[T; N]>()) } {
                        learn(&mut [T::zero(); N]);
                    } else {
                        learn(&mut large::<[T; N]>());
                    }
                }
            }
        )*
    };
}
walks! {
    0 1 [];
    1 2 [a];
    2 3 [a b];
    3 4 [a b c];
    4 5 [a b c d];
    5 6 [a b c d e];
    6 7 [a b c d e f];
}
