//! Vectors of length 1.

use super::{Activation, SaveInput, softmax::Scale};
use crate::{
    Tensor,
    init::Initializer,
    kernel::{Element, ElementwiseKernel, Product, Real, Simd, Work, elementwise_row, sum_of_row},
    operations::Operations,
    path::Path,
};

/// The least length that a vector is divided by.
const LEAST: f64 = 1e-6;

/// `y[n] = x[n] / max(√Σₖ x[k]², 10⁻⁶)` along the innermost axis: `UnitNormalization` in Keras, `normalize` in PyTorch.
/// Embeddings end in it. The product of two outputs is then the cosine of the angle between them.
///
/// ```
/// use shiplap::{activation::UnitLength, prelude::*};
///
/// let embed = Dense::<2, 2, UnitLength>::from_parts([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]);
/// assert_eq!(embed.predict(&[3.0, -4.0]), [0.6, -0.8]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UnitLength;

#[diagnostic::do_not_recommend]
impl Activation for UnitLength {
    type Saves = SaveInput;
    const NAME: &'static str = "UnitLength";
    const INITIALIZER: Initializer = Initializer::GlorotUniform;

    #[inline(always)]
    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]) {
        simd.run(Directions(rows));
    }

    /// `dx[n] = (dy[n] − y[n]·Σₖ dy[k]·y[k]) / length`, and `dy[n] / 10⁻⁶` where the length is less.
    #[inline(always)]
    fn backward<S: Simd, X: Tensor>(simd: S, saved: &[X], y: &[X], gradient: &mut [X]) {
        let rows = X::flat(saved).chunks_exact(X::INNERMOST).zip(X::flat(y).chunks_exact(X::INNERMOST));
        for ((x, y), gradient) in rows.zip(X::flat_mut(gradient).chunks_exact_mut(X::INNERMOST)) {
            let length = length(simd, x);
            let along = if length > LEAST { sum_of_row(simd, &Product, [y, gradient]).to_f64() } else { 0.0 };
            elementwise_row(simd, &Across { along, factor: 1.0 / length }, [y], [gradient]);
        }
    }

    fn operations<T>(path: Path<'_>, operations: &mut impl Operations<T>) {
        operations.unit_length(path, LEAST);
    }
}

/// The length of a vector, or the least one.
#[inline(always)]
fn length<S: Simd, T: Element>(simd: S, x: &[T]) -> f64 {
    sum_of_row(simd, &Product, [x, x]).to_f64().sqrt().max(LEAST)
}

/// The forward pass.
struct Directions<'a, X>(&'a mut [X]);

impl<X: Tensor> Work for Directions<'_, X> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in X::flat_mut(self.0).chunks_exact_mut(X::INNERMOST) {
            let factor = 1.0 / length(simd, row);
            elementwise_row(simd, &Scale(factor), [], [row]);
        }
    }
}

/// The part of a gradient that is orthogonal to `y`.
#[derive(Clone, Copy)]
struct Across {
    along: f64,
    factor: f64,
}

impl ElementwiseKernel<1, 1> for Across {
    #[inline(always)]
    fn apply<V: Real>(&self, [y]: [V; 1], [gradient]: [V; 1]) -> [V; 1] {
        [(gradient - y * V::splat(self.along)) * V::splat(self.factor)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dispatch;

    #[test]
    fn a_vector_of_zeros_stays_one() {
        let mut rows = [[0.0f64; 3], [0.0, 2e-7, 0.0], [1.0, 2.0, 2.0]];
        dispatch(Directions(&mut rows));
        assert_eq!(rows[0], [0.0; 3]);
        assert!((rows[1][1] - 0.2).abs() < 1e-12);
        assert!((rows[2][2] - 2.0 / 3.0).abs() < 1e-12);
    }
}
