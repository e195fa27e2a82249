//! The element types, `f32` and `f64`.

use core::fmt::{Debug, Display};

use num_traits::NumAssign;

use super::{
    fpu,
    math::{self, Single},
    real::Real,
    simd::{Simd, Vector},
};
use crate::Zeroed;

/// `f32` or `f64`.
pub trait Element: Real + NumAssign + PartialOrd + Debug + Display + Default + Zeroed + Send + Sync + 'static {
    /// A register of this type.
    type Vector<S: Simd>: Vector<Self>;

    /// The nearest number to `value`.
    fn from_f64(value: f64) -> Self;
    /// The nearest `f64`: the same number.
    fn to_f64(self) -> f64;
    /// Whether the number is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

macro_rules! elements {
    ($($scalar:ident $vector:ident: $mul_add:expr, $sqrt:path, $exp:path, $ln:path, $ln_one_plus:path, $tanh:path, $erf:path;)*) => {
        $(
            impl Real for $scalar {
                #[inline(always)]
                fn splat(value: f64) -> Self {
                    value as $scalar
                }

                #[inline(always)]
                fn mul_add(self, factor: Self, addend: Self) -> Self {
                    $mul_add(self, factor, addend)
                }

                #[inline(always)]
                fn if_gt(self, bound: Self, then: Self, otherwise: Self) -> Self {
                    if self > bound { then } else { otherwise }
                }

                #[inline(always)]
                fn abs(self) -> Self {
                    $scalar::abs(self)
                }

                #[inline(always)]
                fn copysign(self, sign: Self) -> Self {
                    $scalar::copysign(self, sign)
                }

                #[inline(always)]
                fn sqrt(self) -> Self {
                    $sqrt(self)
                }

                #[inline(always)]
                fn exp(self) -> Self {
                    $exp(self)
                }

                #[inline(always)]
                fn ln(self) -> Self {
                    $ln(self)
                }

                #[inline(always)]
                fn ln_one_plus(self) -> Self {
                    $ln_one_plus(self)
                }

                #[inline(always)]
                fn tanh(self) -> Self {
                    $tanh(self)
                }

                #[inline(always)]
                fn erf(self) -> Self {
                    $erf(self)
                }
            }

            impl Element for $scalar {
                type Vector<S: Simd> = S::$vector;

                #[inline(always)]
                fn from_f64(value: f64) -> Self {
                    value as $scalar
                }

                #[inline(always)]
                fn to_f64(self) -> f64 {
                    f64::from(self)
                }

                #[inline(always)]
                fn is_finite(self) -> bool {
                    $scalar::is_finite(self)
                }
            }
        )*
    };
}
elements! {
    f32 F32: fpu::mul_add, fpu::sqrt, math::exp, math::ln, math::ln_one_plus, math::tanh, math::erf;
    f64 F64: |a, b, c| a * b + c, libm::sqrt, libm::exp, libm::log, libm::log1p, libm::tanh, libm::erf;
}

impl Single for f32 {
    #[inline(always)]
    fn power_of_two(self) -> Self {
        Self::from_bits(((self + math::INTEGERS).to_bits() << 23).wrapping_add(1f32.to_bits()))
    }

    #[inline(always)]
    fn scale(self, shifted: Self) -> Self {
        Self::from_bits(self.to_bits().wrapping_add(shifted.to_bits() << 23))
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let above = self.to_bits().wrapping_sub(math::HALF_ROOT.to_bits());
        let exponent = Self::from_bits(((above as i32 >> 23) as u32).wrapping_add(math::INTEGERS.to_bits()));
        let mantissa = Self::from_bits((above & 0x007F_FFFF).wrapping_add(math::HALF_ROOT.to_bits()));
        (mantissa, exponent - math::INTEGERS)
    }
}
