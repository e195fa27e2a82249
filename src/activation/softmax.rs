//! Softmax: from logits to class probabilities.

use super::{Activation, SaveNothing};
use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Product, Real, Simd, Unchanged, Work, elementwise_row, largest, sum_of_row},
    operations::Operations,
    path::Path,
};

/// `y[n] = e^x[n] / Σₖ e^x[k]` along the innermost axis, computed relative to the largest logit, so that nothing
/// overflows.
///
/// A softmax of one output would always be 1, and does not compile. Use [`Sigmoid`](super::Sigmoid) for a binary
/// output:
///
/// ```compile_fail
/// use shiplap::prelude::*;
///
/// let net: Dense<2, 1, Softmax> = Network::new(1);
/// net.predict(&[1.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Softmax;

#[diagnostic::do_not_recommend]
impl Activation for Softmax {
    type Saves = SaveNothing;
    const NAME: &'static str = "Softmax";
    const INITIALIZER: Initializer = Initializer::GlorotUniform;

    #[inline(always)]
    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]) {
        const { assert!(X::INNERMOST > 1, "softmax of one output is always 1: use `Sigmoid` for a yes or no") };
        simd.run(Probabilities(rows));
    }

    /// `dx[n] = y[n]·(dy[n] − Σₖ dy[k]·y[k])`.
    #[inline(always)]
    fn backward<S: Simd, X: Tensor>(simd: S, _logits: &[X], y: &[X], gradient: &mut [X]) {
        let (rows, gradients) = (X::flat(y).chunks_exact(X::INNERMOST), X::flat_mut(gradient));
        for (y, gradient) in rows.zip(gradients.chunks_exact_mut(X::INNERMOST)) {
            softmax_row_backward(simd, y, gradient);
        }
    }

    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.softmax(path);
    }
}

/// The softmax of a row, in place.
#[inline(always)]
pub(crate) fn softmax_row<S: Simd, T: Element>(simd: S, row: &mut [T]) {
    let top = largest(simd, row);
    elementwise_row(simd, &ExpBelow(top.to_f64()), [], [row]);
    let sum = sum_of_row(simd, &Unchanged, [row]);
    elementwise_row(simd, &Scale(1.0 / sum.to_f64()), [], [row]);
}

/// Turns the gradient with respect to `y`, a softmax, into that with respect to its logits, in place.
#[inline(always)]
pub(crate) fn softmax_row_backward<S: Simd, T: Element>(simd: S, y: &[T], gradient: &mut [T]) {
    let mean = sum_of_row(simd, &Product, [y, gradient]);
    elementwise_row(simd, &Center(mean.to_f64()), [y], [gradient]);
}

/// The forward pass.
struct Probabilities<'a, X>(&'a mut [X]);

impl<X: Tensor> Work for Probabilities<'_, X> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in X::flat_mut(self.0).chunks_exact_mut(X::INNERMOST) {
            softmax_row(simd, row);
        }
    }
}

#[derive(Clone, Copy)]
struct ExpBelow(f64);

impl ElementwiseKernel<0, 1> for ExpBelow {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
        [(x - V::splat(self.0)).exp()]
    }
}

#[derive(Clone, Copy)]
pub(super) struct Scale(pub f64);

impl ElementwiseKernel<0, 1> for Scale {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
        [x * V::splat(self.0)]
    }
}

#[derive(Clone, Copy)]
struct Center(f64);

impl ElementwiseKernel<1, 1> for Center {
    #[inline(always)]
    fn apply<V: Real>(&self, [y]: [V; 1], [gradient]: [V; 1]) -> [V; 1] {
        [y * (gradient - V::splat(self.0))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Work, dispatch};

    struct Run<'a>(&'a mut [[f32; 3]]);

    impl Work for Run<'_> {
        type Output = ();

        fn run<S: Simd>(self, simd: S) {
            Softmax::forward(simd, self.0);
        }
    }

    #[test]
    fn huge_logits_stay_probabilities() {
        let mut rows = [[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]];
        dispatch(Run(&mut rows));
        assert_eq!(rows[0], [1.0, 0.0, 0.0]);
        assert!(rows[1].iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-7));
    }
}
