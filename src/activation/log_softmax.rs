//! Log softmax: from logits to the logarithms of class probabilities.

use super::{Activation, SaveNothing};
use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, Unchanged, Work, elementwise_row, largest, sum_of_row},
    operations::Operations,
    path::Path,
};

/// `y[n] = x[n] − ln(Σₖ e^x[k])` along the innermost axis, the logarithm of the [`Softmax`](super::Softmax). It is
/// computed relative to the largest logit, so that nothing overflows.
///
/// ```
/// use shiplap::{activation::LogSoftmax, prelude::*};
///
/// let net: Dense<2, 3, LogSoftmax> = Network::new(1);
/// let sum: f32 = net.predict(&[1.0, 2.0]).iter().map(|y| y.exp()).sum();
/// assert!((sum - 1.0).abs() < 1e-6);
/// ```
///
/// The only output of one would always be 0, and does not compile.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax;

#[diagnostic::do_not_recommend]
impl Activation for LogSoftmax {
    type Saves = SaveNothing;
    const NAME: &'static str = "LogSoftmax";
    const INITIALIZER: Initializer = Initializer::GlorotUniform;

    #[inline(always)]
    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]) {
        const { assert!(X::INNERMOST > 1, "log softmax of one output is always 0") };
        simd.run(Logarithms(rows));
    }

    /// `dx[n] = dy[n] − e^y[n]·Σₖ dy[k]`.
    #[inline(always)]
    fn backward<S: Simd, X: Tensor>(simd: S, _logits: &[X], y: &[X], gradient: &mut [X]) {
        let (rows, gradients) = (X::flat(y).chunks_exact(X::INNERMOST), X::flat_mut(gradient));
        for (y, gradient) in rows.zip(gradients.chunks_exact_mut(X::INNERMOST)) {
            let sum = sum_of_row(simd, &Unchanged, [gradient]);
            elementwise_row(simd, &Without(sum.to_f64()), [y], [gradient]);
        }
    }

    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.log_softmax(path);
    }
}

/// The forward pass.
struct Logarithms<'a, X>(&'a mut [X]);

impl<X: Tensor> Work for Logarithms<'_, X> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in X::flat_mut(self.0).chunks_exact_mut(X::INNERMOST) {
            let top = largest(simd, row).to_f64();
            let sum = sum_of_row(simd, &ExpBelow(top), [row]).to_f64();
            elementwise_row(simd, &Below { top, logarithm: sum.ln() }, [], [row]);
        }
    }
}

#[derive(Clone, Copy)]
struct ExpBelow(f64);

impl Summand<1> for ExpBelow {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1]) -> V {
        (x - V::splat(self.0)).exp()
    }
}

/// Both are subtracted one after the other: next to a large number, the logarithm would be rounded.
#[derive(Clone, Copy)]
struct Below {
    top: f64,
    logarithm: f64,
}

impl ElementwiseKernel<0, 1> for Below {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [x]: [V; 1]) -> [V; 1] {
        [x - V::splat(self.top) - V::splat(self.logarithm)]
    }
}

#[derive(Clone, Copy)]
struct Without(f64);

impl ElementwiseKernel<1, 1> for Without {
    #[inline(always)]
    fn apply<V: Real>(&self, [y]: [V; 1], [gradient]: [V; 1]) -> [V; 1] {
        [gradient - y.exp() * V::splat(self.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dispatch;

    #[test]
    fn huge_logits_have_finite_logarithms() {
        let mut rows = [[1e4f32, -1e4, 0.0], [-1e4, -1e4, -1e4]];
        dispatch(Logarithms(&mut rows));
        assert_eq!(rows[0], [0.0, -2e4, -1e4]);
        assert!(rows[1].iter().all(|y| (y + 3f32.ln()).abs() < 1e-6));
    }
}
