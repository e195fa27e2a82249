//! What losses have in common that compare each output by itself.

use crate::{
    Tensor,
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, elementwise, sum_of},
};

/// The formula of such a loss.
pub(super) trait Pointwise: Copy {
    fn value<V: Real>(&self, output: V, label: V) -> V;
    fn derivative<V: Real>(&self, output: V, label: V) -> V;
}

#[derive(Clone, Copy)]
struct Value<L>(L);

impl<L: Pointwise> Summand<2> for Value<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2]) -> V {
        self.0.value(output, label)
    }
}

#[derive(Clone, Copy)]
struct Derivative<L>(L, f64);

impl<L: Pointwise> ElementwiseKernel<2, 1> for Derivative<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2], _: [V; 1]) -> [V; 1] {
        [self.0.derivative(output, label) * V::splat(self.1)]
    }
}

/// The sum over the rows, of which each output is this `share`.
#[inline(always)]
pub(super) fn total<S: Simd, T: Element + Tensor<Element = T>, const N: usize>(
    simd: S,
    loss: impl Pointwise,
    share: f64,
    outputs: &[[T; N]],
    labels: &[[T; N]],
) -> f64 {
    sum_of(simd, &Value(loss), [outputs.as_flattened(), labels.as_flattened()]).to_f64() * share
}

/// The gradient of the mean over the rows.
#[inline(always)]
pub(super) fn gradient<S: Simd, T: Element + Tensor<Element = T>, const N: usize>(
    simd: S,
    loss: impl Pointwise,
    share: f64,
    outputs: &[[T; N]],
    labels: &[[T; N]],
    gradient: &mut [[T; N]],
) {
    let derivative = Derivative(loss, share / outputs.len() as f64);
    elementwise(simd, &derivative, [outputs.as_flattened(), labels.as_flattened()], [gradient.as_flattened_mut()]);
}

/// `impl Loss` from the formula: what it looks at, its metric, the share of an output in the loss of a row, what a label
/// must be and whether a number of it is that.
macro_rules! pointwise {
    ($loss:ident, $ending:ty, $metric:ty, $share:expr, $expects:literal, $valid:expr) => {
        impl<T: $crate::kernel::Element + $crate::Tensor<Element = T>, const N: usize> $crate::loss::Loss<[T; N]>
            for $loss
        {
            type Label = [T; N];
            type Ending = $ending;
            type Metric = $metric;
            const EXPECTS: &'static str = $expects;

            fn flaw(label: &[T; N]) -> Option<$crate::loss::Flaw> {
                $crate::loss::Flaw::first(label, $valid)
            }

            #[inline(always)]
            fn total<S: $crate::kernel::Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]]) -> f64 {
                let share: fn(usize) -> f64 = $share;
                $crate::loss::pointwise::total(simd, *self, share(N), outputs, labels)
            }

            #[inline(always)]
            fn gradient<S: $crate::kernel::Simd>(
                &self,
                simd: S,
                outputs: &[[T; N]],
                labels: &[[T; N]],
                gradient: &mut [[T; N]],
            ) {
                let share: fn(usize) -> f64 = $share;
                $crate::loss::pointwise::gradient(simd, *self, share(N), outputs, labels, gradient);
            }
        }

        impl<T: $crate::kernel::Element + $crate::Tensor<Element = T>, const N: usize>
            $crate::loss::Compares<[T; N], [T; N]> for $loss
        {
        }
    };
}
pub(super) use pointwise;
