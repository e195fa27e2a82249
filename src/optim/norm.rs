//! The norm of a gradient, or an upper bound on it.

use super::Clip;
use crate::{
    kernel::{Element, Real, Simd, Summand, sum_of},
    layer::{Layer, Parameter, Path, VisitGradient, VisitTrainable},
    regularize::Penalty,
};

/// The number `unit·√square`. Its square may exceed the range of the element type, or of `f64`.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    square: f64,
    unit: f64,
}

impl Norm {
    const fn of_square(square: f64) -> Self {
        Self { square, unit: 1.0 }
    }

    const fn of(norm: f64) -> Self {
        Self { square: 1.0, unit: norm }
    }

    fn value(self) -> f64 {
        self.unit * libm::sqrt(self.square)
    }

    /// The square of the norm after clipping, or of a bound on each clipped number.
    #[inline(always)]
    pub fn clipped_square(self, clip: Option<Clip>) -> f64 {
        let limit = clip.map_or(f64::INFINITY, |(Clip::Value(limit) | Clip::Norm(limit))| limit);
        // Only here, in large norms, a square root is worth its time.
        let Self { square, unit } = if self.unit == 1.0 { self } else { Self::of(self.value().min(limit)) };
        (square * unit * unit).min(limit * limit)
    }

    /// Whether `T` can represent `times` the norm. `times` is at most 10¹⁹.
    #[inline(always)]
    pub fn fits<T: Element>(self, times: f64) -> bool {
        let has_small_square = self.unit == 1.0 && T::from_f64(self.square).is_finite();
        has_small_square || T::from_f64(times * self.value()).is_finite()
    }

    /// The factors that scale a vector of this norm down to the norm `limit`, if it is larger. Their product may be too
    /// small for the element type.
    pub(super) fn factors(self, limit: f64) -> [f64; 2] {
        if self.value() <= limit { [1.0, 1.0] } else { [1.0 / self.unit, limit / libm::sqrt(self.square)] }
    }
}

/// The norm of a gradient in memory.
#[inline(always)]
pub fn norm<S: Simd, N: Layer>(simd: S, gradient: &mut N::Trainable) -> Norm {
    let mut sum = SumOfSquares { simd, factor: 1.0, square: 0.0 };
    N::trainable_mut(None, gradient, [], Path::ROOT, &mut sum);
    if sum.square.is_finite() { Norm::of_square(sum.square) } else { large_norm::<S, N>(simd, gradient) }
}

/// The norm, in a unit in which the squares of all finite numbers are finite.
#[cold]
#[inline(never)]
fn large_norm<S: Simd, N: Layer>(simd: S, gradient: &mut N::Trainable) -> Norm {
    let unit = unit::<N::Element>();
    let mut sum = SumOfSquares { simd, factor: 1.0 / unit, square: 0.0 };
    N::trainable_mut(None, gradient, [], Path::ROOT, &mut sum);
    Norm { square: sum.square, unit }
}

/// A number with which large numbers can be divided so that their squares are neither infinite nor subnormal: 2⁸⁰ or
/// 2⁶⁰⁰.
const fn unit<T: Element>() -> f64 {
    let exponent: u64 = if size_of::<T>() == size_of::<f32>() { 80 } else { 600 };
    f64::from_bits((exponent + 1023) << 52)
}

struct SumOfSquares<S> {
    simd: S,
    factor: f64,
    square: f64,
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for SumOfSquares<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        self.square += match self.factor {
            1.0 => sum_of(self.simd, &Square, [gradient]),
            factor => sum_of(self.simd, &SquareOfProduct(factor), [gradient]),
        }
        .to_f64();
    }
}

#[derive(Clone, Copy)]
struct Square;

impl Summand<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        g * g
    }
}

#[derive(Clone, Copy)]
struct SquareOfProduct(f64);

impl Summand<1> for SquareOfProduct {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        Square.apply([g * V::splat(self.0)])
    }
}

/// Computes an upper bound on the norm of a gradient that is not stored, and the cost of penalties.
///
/// The norm of a product of matrices is at most the product of their norms (Cauchy–Schwarz).
pub(super) struct Bound<S> {
    simd: S,
    penalty: Penalty,
    square: f64,
    pub cost: f64,
}

impl<S: Simd> Bound<S> {
    pub fn new(simd: S, penalty: Penalty) -> Self {
        Self { simd, penalty, square: 0.0, cost: 0.0 }
    }

    /// The bound, or `None` if its square is infinite.
    pub fn norm(&self) -> Option<Norm> {
        self.square.is_finite().then(|| Norm::of_square(self.square))
    }

    #[inline(always)]
    fn squares<T: Element>(&self, values: &[T]) -> f64 {
        sum_of(self.simd, &Square, [values]).to_f64()
    }

    #[inline(always)]
    fn add<T: Element>(&mut self, parameter: &Parameter<'_>, weights: &[T], square: f64) {
        let penalty = parameter.penalty_with(self.penalty);
        self.square += square;
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [weights]).to_f64();
            // (a + b + c)² is at most 3·(a² + b² + c²).
            let Penalty { l1, l2 } = penalty;
            let gradient = l1 * l1 * weights.len() as f64 + 4.0 * l2 * l2 * self.squares(weights);
            self.square += 2.0 * square + 3.0 * gradient;
        }
    }
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for Bound<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        let square = self.squares(gradient);
        self.add(&parameter, values, square);
    }
}

impl<S: Simd, T: Element> VisitGradient<T, 0> for Bound<S> {
    #[inline(always)]
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        []: [&mut [[T; OUT]; IN]; 0],
    ) {
        let square = self.squares(x.as_flattened()) * self.squares(dz.as_flattened());
        self.add(&parameter, kernel.as_flattened(), square);
    }

    #[inline(always)]
    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        []: [&mut [T; N]; 0],
    ) {
        let square = dz.len() as f64 * self.squares(dz.as_flattened());
        self.add(&parameter, &*bias, square);
    }
}

/// Like [`Bound`], for a gradient so large that its square is infinite: adds norms instead of squares.
pub(super) struct LargeBound<S> {
    simd: S,
    penalty: Penalty,
    norm: f64,
}

impl<S: Simd> LargeBound<S> {
    pub fn new(simd: S, penalty: Penalty) -> Self {
        Self { simd, penalty, norm: 0.0 }
    }

    pub fn norm(&self) -> Norm {
        Norm::of(self.norm)
    }

    fn norm_of<T: Element>(&self, values: &[T]) -> f64 {
        let square = sum_of(self.simd, &Square, [values]).to_f64();
        if square.is_finite() {
            return libm::sqrt(square);
        }
        let unit = unit::<T>();
        unit * libm::sqrt(sum_of(self.simd, &SquareOfProduct(1.0 / unit), [values]).to_f64())
    }

    fn add<T: Element>(&mut self, parameter: &Parameter<'_>, weights: &[T], norm: f64) {
        let Penalty { l1, l2 } = parameter.penalty_with(self.penalty);
        self.norm += norm + l1 * libm::sqrt(weights.len() as f64) + 2.0 * l2 * self.norm_of(weights);
    }
}

impl<S: Simd, T: Element> VisitTrainable<T, 0> for LargeBound<S> {
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [T], gradient: &mut [T], []: [&mut [T]; 0]) {
        self.add(&parameter, values, self.norm_of(gradient));
    }
}

impl<S: Simd, T: Element> VisitGradient<T, 0> for LargeBound<S> {
    fn product<const IN: usize, const OUT: usize>(
        &mut self,
        parameter: Parameter<'_>,
        x: &[[T; IN]],
        dz: &[[T; OUT]],
        kernel: &mut [[T; OUT]; IN],
        []: [&mut [[T; OUT]; IN]; 0],
    ) {
        let norm = self.norm_of(x.as_flattened()) * self.norm_of(dz.as_flattened());
        self.add(&parameter, kernel.as_flattened(), norm);
    }

    fn sums<const N: usize>(
        &mut self,
        parameter: Parameter<'_>,
        dz: &[[T; N]],
        bias: &mut [T; N],
        []: [&mut [T; N]; 0],
    ) {
        let norm = libm::sqrt(dz.len() as f64) * self.norm_of(dz.as_flattened());
        self.add(&parameter, &*bias, norm);
    }
}
