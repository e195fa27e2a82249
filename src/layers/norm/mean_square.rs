//! The passes of a normalization by the root mean square. The width of a row is the length of `scale`.

use crate::kernel::{Element, ElementwiseKernel, Product, Real, Simd, Summand, Work, elementwise_row, sum_of_row};

/// `1 / √(mean(x²) + ε)`. An infinite mean, a sign of divergence, gives NaN.
#[inline(always)]
fn inverse<S: Simd, T: Element>(simd: S, x: &[T], epsilon: f64) -> T {
    let mean = sum_of_row(simd, &Product, [x, x]) * T::from_f64(1.0 / x.len() as f64);
    T::one() / (mean + T::from_f64(epsilon)).sqrt() + mean * T::zero()
}

/// `y[c] = x[c]·scale[c] / √(mean(x²) + ε)` for each row.
pub(super) struct Forward<'a, T> {
    pub epsilon: f64,
    pub scale: &'a [T],
    pub x: &'a [T],
    pub y: &'a mut [T],
}

impl<T: Element> Work for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { epsilon, scale, x, y } = self;
        let width = scale.len().max(1);
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            let inverse = inverse(simd, x, epsilon);
            elementwise_row(simd, &Scaled(inverse.to_f64()), [x, scale], [y]);
        }
    }
}

/// The gradients with respect to `x` and, added to `of_scale`, to `scale`.
pub(super) struct Backward<'a, T> {
    pub epsilon: f64,
    pub scale: &'a [T],
    pub x: &'a [T],
    pub dy: &'a [T],
    pub dx: Option<&'a mut [T]>,
    pub of_scale: &'a mut [T],
}

impl<T: Element> Work for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { epsilon, scale, x, dy, dx, of_scale } = self;
        let width = scale.len().max(1);
        let mut dx = dx.map(|dx| dx.chunks_exact_mut(width));
        for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
            let inverse = inverse(simd, x, epsilon);
            elementwise_row(simd, &AddScaled(inverse.to_f64()), [dy, x], [&mut *of_scale]);
            if let Some(dx) = dx.as_mut().and_then(Iterator::next) {
                let mean = sum_of_row(simd, &TripleProduct, [dy, scale, x]) * T::from_f64(1.0 / width as f64);
                let toward_x = (mean * inverse * inverse).to_f64();
                elementwise_row(simd, &Gradient { inverse: inverse.to_f64(), toward_x }, [dy, scale, x], [dx]);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct TripleProduct;

impl Summand<3> for TripleProduct {
    #[inline(always)]
    fn apply<V: Real>(&self, [a, b, c]: [V; 3]) -> V {
        a * b * c
    }
}

/// `y = x·inverse·scale`
#[derive(Clone, Copy)]
struct Scaled(f64);

impl ElementwiseKernel<2, 1> for Scaled {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, scale]: [V; 2], _: [V; 1]) -> [V; 1] {
        [x * V::splat(self.0) * scale]
    }
}

/// `Σ dy·x·inverse`
#[derive(Clone, Copy)]
struct AddScaled(f64);

impl ElementwiseKernel<2, 1> for AddScaled {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x]: [V; 2], [sum]: [V; 1]) -> [V; 1] {
        [sum + dy * (x * V::splat(self.0))]
    }
}

/// `dx = (dy·scale − x·mean(dy·scale·x)·inverse²)·inverse`
#[derive(Clone, Copy)]
struct Gradient {
    inverse: f64,
    toward_x: f64,
}

impl ElementwiseKernel<3, 1> for Gradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, scale, x]: [V; 3], _: [V; 1]) -> [V; 1] {
        [(dy * scale - x * V::splat(self.toward_x)) * V::splat(self.inverse)]
    }
}
