//! The passes of a normalization of each pixel by the mean and the variance of its channels. The number of channels is the
//! length of `scale`.

use crate::kernel::{
    Element, ElementwiseKernel, Plus, Product, Real, Simd, Summand, Unchanged, Work, elementwise_row, sum_of_row,
};

/// The mean of a pixel, and `1/√(variance + ε)`. An infinite variance, a sign of divergence, gives NaN.
#[derive(Clone, Copy)]
struct Moments {
    mean: f64,
    inverse: f64,
}

impl Moments {
    #[inline(always)]
    fn new<S: Simd, T: Element>(simd: S, x: &[T], epsilon: f64) -> Self {
        let share = T::from_f64(1.0 / x.len() as f64);
        let mean = (sum_of_row(simd, &Unchanged, [x]) * share).to_f64();
        let variance = sum_of_row(simd, &Square { mean }, [x]) * share;
        let inverse = T::one() / (variance + T::from_f64(epsilon)).sqrt() + variance * T::zero();
        Self { mean, inverse: inverse.to_f64() }
    }

    /// `factor·(x − mean)·inverse`
    #[inline(always)]
    fn product<V: Real>(&self, factor: V, x: V) -> V {
        factor * (x - V::splat(self.mean)) * V::splat(self.inverse)
    }
}

/// `y[c] = (x[c] − mean) / √(variance + ε)·scale[c] + shift[c]` for each pixel.
pub(super) struct Forward<'a, T> {
    pub epsilon: f64,
    pub scale: &'a [T],
    pub shift: &'a [T],
    pub x: &'a [T],
    pub y: &'a mut [T],
}

impl<T: Element> Work for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { epsilon, scale, shift, x, y } = self;
        let channels = scale.len().max(1);
        for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
            elementwise_row(simd, &Normalize(Moments::new(simd, x, epsilon)), [x, scale, shift], [y]);
        }
    }
}

/// The gradients with respect to `x` and, added to `of_scale` and `of_shift`, to `scale` and `shift`.
pub(super) struct Backward<'a, T> {
    pub epsilon: f64,
    pub scale: &'a [T],
    pub x: &'a [T],
    pub dy: &'a [T],
    pub dx: Option<&'a mut [T]>,
    pub of_scale: &'a mut [T],
    pub of_shift: &'a mut [T],
}

impl<T: Element> Work for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { epsilon, scale, x, dy, dx, of_scale, of_shift } = self;
        let channels = scale.len().max(1);
        let share = T::from_f64(1.0 / channels as f64);
        let mut dx = dx.map(|dx| dx.chunks_exact_mut(channels));
        for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
            let moments = Moments::new(simd, x, epsilon);
            elementwise_row(simd, &Plus, [dy], [&mut *of_shift]);
            elementwise_row(simd, &AddNormalized(moments), [dy, x], [&mut *of_scale]);
            let Some(dx) = dx.as_mut().and_then(Iterator::next) else { continue };
            let inverse = T::from_f64(moments.inverse);
            let through_mean = (sum_of_row(simd, &Product, [dy, scale]) * share * inverse).to_f64();
            let weighted = sum_of_row(simd, &Weighted(moments), [dy, x, scale]);
            let through_variance = (weighted * share * inverse * inverse).to_f64();
            elementwise_row(simd, &Gradient { moments, through_mean, through_variance }, [dy, x, scale], [dx]);
        }
    }
}

/// `(x − mean)²`
#[derive(Clone, Copy)]
struct Square {
    mean: f64,
}

impl Summand<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1]) -> V {
        let distance = x - V::splat(self.mean);
        distance * distance
    }
}

/// `y = (x − mean)·(scale·inverse) + shift`
#[derive(Clone, Copy)]
struct Normalize(Moments);

impl ElementwiseKernel<3, 1> for Normalize {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, scale, shift]: [V; 3], _: [V; 1]) -> [V; 1] {
        [(x - V::splat(self.0.mean)) * (scale * V::splat(self.0.inverse)) + shift]
    }
}

/// `Σ dy·(x − mean)·inverse`
#[derive(Clone, Copy)]
struct AddNormalized(Moments);

impl ElementwiseKernel<2, 1> for AddNormalized {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x]: [V; 2], [sum]: [V; 1]) -> [V; 1] {
        [sum + self.0.product(dy, x)]
    }
}

/// `dy·(x − mean)·inverse·scale`
#[derive(Clone, Copy)]
struct Weighted(Moments);

impl Summand<3> for Weighted {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x, scale]: [V; 3]) -> V {
        self.0.product(dy, x) * scale
    }
}

/// `dx = dy·(scale·inverse) − through_mean − (x − mean)·through_variance`: the last two terms come from the dependence of
/// mean and variance on `x`.
#[derive(Clone, Copy)]
struct Gradient {
    moments: Moments,
    through_mean: f64,
    through_variance: f64,
}

impl ElementwiseKernel<3, 1> for Gradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x, scale]: [V; 3], _: [V; 1]) -> [V; 1] {
        let through_variance = (x - V::splat(self.moments.mean)) * V::splat(self.through_variance);
        let factor = scale * V::splat(self.moments.inverse);
        [dy * factor - V::splat(self.through_mean) - through_variance]
    }
}
