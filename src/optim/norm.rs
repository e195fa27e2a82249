//! The norm of a gradient, or an upper bound on it.
//!
//! Sums of squares are computed in the element type, as fast as memory allows. Where such a sum is infinite, a second,
//! slow pass computes norms in `f64`, in units of a large number.

use core::marker::PhantomData;

use super::Clip;
use crate::{
    cores::Cores,
    kernel::{Element, Real, Simd, Summand, sum_of},
    layer::{Layer, Parameter, Path, VisitGradient, VisitTrainable},
    regularize::Penalty,
};

/// A norm as its square, which may exceed the range of the element type. Where the square would be infinite, it is that
/// of the norm in units of [`unit`], and the norm is large.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    square: f64,
    is_large: bool,
}

impl Norm {
    /// The norm with this square. `large` computes the square in units, where this one is infinite.
    #[inline(always)]
    pub fn of(square: f64, large: impl FnOnce() -> f64) -> Self {
        if square.is_finite() { Self { square, is_large: false } } else { Self { square: large(), is_large: true } }
    }

    /// The square of the norm after clipping, or of a bound on each clipped number.
    #[inline(always)]
    pub fn clipped_square<T: Element>(self, clip: Option<Clip>) -> f64 {
        let square = if self.is_large { self.square * unit::<T>() * unit::<T>() } else { self.square };
        clip.map_or(square, |(Clip::Value(limit) | Clip::Norm(limit))| square.min(limit * limit))
    }

    /// Whether the gradient is finite, and `T` can represent `times` the norm. `times` is 0, or from 1 to 10¹⁹.
    #[inline(always)]
    pub fn fits<T: Element>(self, times: f64) -> bool {
        if times == 0.0 {
            return self.square.is_finite();
        }
        let is_small = !self.is_large && T::from_f64(self.square).is_finite();
        is_small || T::from_f64(times * self.unit::<T>() * libm::sqrt(self.square)).is_finite()
    }

    /// The factors that scale a vector of this norm down to the norm `limit`, if it is larger. Their product may be too
    /// small for the element type.
    pub(super) fn factors<T: Element>(self, limit: f64) -> [f64; 2] {
        let (unit, root) = (self.unit::<T>(), libm::sqrt(self.square));
        if unit * root <= limit { [1.0, 1.0] } else { [1.0 / unit, limit / root] }
    }

    fn unit<T: Element>(self) -> f64 {
        if self.is_large { unit::<T>() } else { 1.0 }
    }
}

/// A number so large that the squares of all finite numbers are finite in units of it: 2¹²⁶ or 2⁶⁰⁰.
const fn unit<T: Element>() -> f64 {
    let exponent: u64 = if size_of::<T>() == size_of::<f32>() { 126 } else { 600 };
    f64::from_bits((exponent + 1023) << 52)
}

/// The Euclidean norm of finite numbers in units of [`unit`].
#[cold]
#[inline(never)]
fn norm_in_units<T: Element>(values: &[T]) -> f64 {
    let root = |factor: f64| {
        libm::sqrt(values.iter().map(|value| value.to_f64() * factor).map(|value| value * value).sum::<f64>())
    };
    let (share, norm) = (1.0 / unit::<T>(), root(1.0));
    if size_of::<T>() == size_of::<f32>() || norm.is_finite() { norm * share } else { root(share) }
}

#[derive(Clone, Copy)]
pub(super) struct Square;

impl Summand<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        g * g
    }
}

/// The norm of a gradient in memory.
#[inline(always)]
pub fn norm<S: Simd, C: Cores, N: Layer>(simd: S, gradient: &mut N::Trainable) -> Norm {
    let square = square::<S, C, N, false>(simd, gradient);
    Norm::of(square, || self::square::<S, C, N, true>(simd, gradient))
}

#[inline(always)]
pub(super) fn square<S: Simd, C: Cores, N: Layer, const LARGE: bool>(simd: S, gradient: &mut N::Trainable) -> f64 {
    let mut sum = SumOfSquares::<S, C, LARGE>(simd, 0.0, PhantomData);
    N::trainable_mut(None, gradient, [], Path::ROOT, &mut sum);
    sum.1
}

/// A sum of squares, in units if they are `LARGE`.
struct SumOfSquares<S, C, const LARGE: bool>(S, f64, PhantomData<C>);

impl<S: Simd, C: Cores, T: Element, const LARGE: bool> VisitTrainable<T, 0> for SumOfSquares<S, C, LARGE> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        self.1 += if LARGE {
            let norm = norm_in_units(gradient);
            norm * norm
        } else {
            C::sum_of(self.0, &Square, [gradient])
        };
    }
}

/// Computes an upper bound on the norm of a gradient that is not stored, and the cost of penalties.
///
/// The norm of a product of matrices is at most the product of their norms (Cauchy–Schwarz).
pub(super) struct Bound<S, const LARGE: bool> {
    simd: S,
    penalty: Penalty,
    /// A sum of squares, or of norms in units if they are `LARGE`.
    sum: f64,
    pub cost: f64,
}

impl<S: Simd, const LARGE: bool> Bound<S, LARGE> {
    pub fn new(simd: S, penalty: Penalty) -> Self {
        Self { simd, penalty, sum: 0.0, cost: 0.0 }
    }

    /// The square of the bound.
    pub fn square(&self) -> f64 {
        if LARGE { self.sum * self.sum } else { self.sum }
    }

    /// The square of the norm of these values, or the norm in units.
    #[inline(always)]
    fn size<T: Element>(&self, values: &[T]) -> f64 {
        if LARGE { norm_in_units(values) } else { sum_of(self.simd, &Square, [values]).to_f64() }
    }

    /// The square of √`count`, or √`count`.
    #[inline(always)]
    fn root(&self, count: usize) -> f64 {
        if LARGE { libm::sqrt(count as f64) } else { count as f64 }
    }

    #[inline(always)]
    fn add<T: Element>(&mut self, parameter: &Parameter<'_>, weights: &[T], size: f64) {
        let penalty = parameter.penalty_with(self.penalty);
        self.sum += size;
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [weights]).to_f64();
            let Penalty { l1, l2 } = penalty;
            let (root, weights) = (self.root(weights.len()), self.size(weights));
            self.sum += if LARGE {
                l1 / unit::<T>() * root + 2.0 * l2 * weights
            } else {
                // (a + b + c)² is at most 3·(a² + b² + c²).
                2.0 * size + 3.0 * (l1 * l1 * root + 4.0 * l2 * l2 * weights)
            };
        }
    }
}

impl<S: Simd, T: Element, const LARGE: bool> VisitTrainable<T, 0> for Bound<S, LARGE> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        let size = self.size(gradient);
        self.add(&parameter, values, size);
    }
}

impl<S: Simd, T: Element, const LARGE: bool> VisitGradient<T, 0> for Bound<S, LARGE> {
    #[inline(always)]
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        []: [&mut [[T; OUT]; IN]; 0],
    ) {
        let product = self.size(x.as_flattened()) * self.size(dz.as_flattened());
        let size = if LARGE { product * unit::<T>() } else { product };
        self.add(&parameter, kernel.as_flattened(), size);
    }

    #[inline(always)]
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        []: [&mut [T; N]; 0],
    ) {
        let size = self.root(dz.len()) * self.size(dz.as_flattened());
        self.add(&parameter, &*bias, size);
    }
}
