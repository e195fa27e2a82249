//! Quotients of `f32` by a square root. The processor estimates reciprocals and reciprocal roots, and a step of Newton's
//! method doubles the number of their digits. A division and a root together take three times as long.

use core::arch::x86_64::{_mm256_rcp_ps, _mm256_rsqrt_ps, _mm512_rcp14_ps, _mm512_rsqrt14_ps};

use super::{F32x8, F32x16, F64x4, F64x8};
use crate::kernel::real::Real;

/// The registers for which [`Real::over_root`] may be estimated.
pub(super) trait Estimates: Real {
    /// [`Real::over_root`].
    #[inline(always)]
    fn over_root(self, square: Self, epsilon: Self) -> Self {
        self / (square.sqrt() + epsilon)
    }
}

impl Estimates for F64x4 {}
impl Estimates for F64x8 {}

macro_rules! estimates {
    ($($name:ident $reciprocal:ident $reciprocal_root:ident;)*) => {
        $(impl Estimates for $name {
            #[inline(always)]
            fn over_root(self, square: Self, epsilon: Self) -> Self {
                // Processors differ in the last digits of their estimates.
                if cfg!(feature = "deterministic") {
                    return self / (square.sqrt() + epsilon);
                }
                // The estimate for 0 is ∞. This order of operands preserves NaN.
                let square = Self::splat(f64::from(f32::MIN_POSITIVE)).max(square);
                // SAFETY: values of this type are only made where the processor has these instructions.
                let estimate = Self(unsafe { $reciprocal_root(square.0) });
                let (half, root) = (Self::splat(0.5), square * estimate);
                let root = (-(half * estimate)).mul_add(root, half).mul_add(root, root);
                let divisor = root + epsilon;
                // SAFETY: as above.
                let estimate = Self(unsafe { $reciprocal(divisor.0) });
                let quotient = self * estimate;
                (-divisor).mul_add(quotient, self).mul_add(estimate, quotient)
            }
        })*
    };
}
estimates! {
    F32x8 _mm256_rcp_ps _mm256_rsqrt_ps;
    F32x16 _mm512_rcp14_ps _mm512_rsqrt14_ps;
}
