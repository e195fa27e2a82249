//! Arithmetic on one number or a register of them.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// One number, or several that are computed together. Activations, losses and optimizers are written for any `V: Real`.
///
/// ```
/// use shiplap::kernel::Real;
///
/// fn smooth_step<V: Real>(x: V) -> V {
///     x * x * (V::splat(3.0) - V::splat(2.0) * x)
/// }
/// assert_eq!(smooth_step(0.5f32), 0.5);
/// ```
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// `value` in each lane.
    fn splat(value: f64) -> Self;
    /// `self·factor + addend`. It is rounded once with AVX2, with AVX-512 and, for `f32`, on RISC-V with FPU;
    /// elsewhere, and under the feature `deterministic`, it is rounded twice.
    #[must_use]
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `then` where `self > bound`; `otherwise` elsewhere, including where either is NaN.
    #[must_use]
    fn if_gt(self, bound: Self, then: Self, otherwise: Self) -> Self;
    /// The absolute value.
    #[must_use]
    fn abs(self) -> Self;
    /// The absolute value with the sign of `sign`.
    #[must_use]
    fn copysign(self, sign: Self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// `eˣ`.
    #[must_use]
    fn exp(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// `ln(1 + x)`, accurate near 0.
    #[must_use]
    fn ln_one_plus(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
    /// The error function.
    #[must_use]
    fn erf(self) -> Self;

    /// `self` where `self > other`, else `other`. A NaN in `other` is preserved, one in `self` is not.
    #[must_use]
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.if_gt(other, self, other)
    }

    /// `self` where `other > self`, else `other`. A NaN in `other` is preserved, one in `self` is not.
    #[must_use]
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        other.if_gt(self, self, other)
    }

    /// `1 / (1 + e⁻ˣ)`, computed from `s = e^-|x|`, which never overflows. Below 0 it is `s − s²/(1 + s)`, which has a
    /// smaller rounding error than `s/(1 + s)`.
    #[must_use]
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let one = Self::splat(1.0);
        let small = (-self.abs()).exp();
        let above = one / (one + small);
        self.if_gt(Self::splat(0.0), above, (small * above).mul_add(-small, small))
    }

    /// `ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|)`, which never overflows.
    #[must_use]
    #[inline(always)]
    fn softplus(self) -> Self {
        Self::splat(0.0).max(self) + (-self.abs()).exp().ln_one_plus()
    }
}
