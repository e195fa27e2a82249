//! The element types, `f32` and `f64`.

use core::fmt::{self, Debug, Display};

use bytemuck::Pod;
use num_traits::NumAssign;

use super::{
    form::Form,
    fpu,
    int8::Int8Tensor,
    math::{self, Single},
    real::Real,
    simd::{Simd, Vector},
};
use crate::Zeroed;

/// `f32` or `f64`.
pub trait Element:
    Tensor<Element = Self, Int8 = i8>
    + Real
    + NumAssign
    + PartialOrd
    + Debug
    + Display
    + Default
    + Zeroed
    + Pod
    + Send
    + Sync
    + 'static
{
    /// A register of this type.
    type Vector<S: Simd>: Vector<Self>;
    /// The name of the type: `f32`.
    const NAME: &'static str;

    /// Zeros that are not on the stack.
    #[doc(hidden)]
    fn zeros<const N: usize>() -> &'static [Self; N];
    /// The number nearest to `value`.
    fn from_f64(value: f64) -> Self;
    /// The same number as an `f64`.
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
                const NAME: &'static str = stringify!($scalar);

                #[inline(always)]
                fn zeros<const N: usize>() -> &'static [Self; N] {
                    const { &[0.0; N] }
                }

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
    f64 F64: |a, b, c| a * b + c, fpu::sqrt_f64, libm::exp, libm::log, libm::log1p, libm::tanh, libm::erf;
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

/// Numbers in a fixed shape of up to 8 axes: `f32`, `[f32; 10]`, `[[f32; 28]; 28]`, ...
///
/// ```
/// use shiplap::Tensor;
///
/// assert_eq!(<[[f32; 3]; 2]>::LEN, 6);
/// assert_eq!(Tensor::flat(&[[[1.0f32, 2.0], [3.0, 4.0]]]), [1.0, 2.0, 3.0, 4.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fixed shape of numbers",
    label = "neither a number nor an array of numbers",
    note = "`f32`, `[f32; 10]` and `[[f64; 28]; 28]` are; a `Vec` or slice becomes an array by `try_into`"
)]
pub trait Tensor: Sealed + Copy + Zeroed + Send + Sync + 'static {
    /// The type of the elements.
    type Element: Element;
    /// The same tensor with int8 elements.
    type Int8: Int8Tensor;
    /// What the outermost axis consists of; the number itself if there is no axis.
    type Row: Tensor<Element = Self::Element>;
    /// One frame of it in a [stream](crate::stream): a row, if it has several axes; otherwise the tensor itself.
    type Frame: Tensor<Element = Self::Element>;
    /// The [`Frame`](Self::Frame) of an array of `N` of these tensors.
    #[doc(hidden)]
    type FrameOf<const N: usize>: Tensor<Element = Self::Element>;
    /// The number of elements: the product of the lengths of all axes, 1 for a single number.
    const LEN: usize;
    /// The number of axes: 0 for a single number.
    const RANK: usize;
    /// The length of each axis, outermost first, followed by zeros.
    const AXES: [usize; MOST_AXES];
    /// The length of the innermost axis; 1 for a single number.
    const INNERMOST: usize = if Self::RANK == 0 { 1 } else { Self::AXES[Self::RANK - 1] };
    /// The length of each axis, outermost first: `[28, 28]`.
    const SHAPE: &'static [usize] = Self::AXES.split_at(Self::RANK).0;
    /// The type as a value.
    const FORM: Form = Form::of_array::<Self>();

    /// [`SHAPE`](Self::SHAPE) as a function.
    fn axes() -> &'static [usize] {
        Self::SHAPE
    }

    /// The elements of several tensors as one slice, in row-major order.
    fn flat(rows: &[Self]) -> &[Self::Element];

    /// The mutable version of [`flat`](Self::flat).
    fn flat_mut(rows: &mut [Self]) -> &mut [Self::Element];

    /// Writes the shape as `28, 28`.
    ///
    /// # Errors
    ///
    /// Returns an error if writing to `out` fails.
    fn write_shape(out: &mut dyn fmt::Write) -> fmt::Result {
        Self::SHAPE.iter().enumerate().try_for_each(|(index, length)| {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{length}")
        })
    }
}

mod sealed {
    /// Only numbers, arrays and pairs are tensors, so any bytes of numbers are a valid tensor.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl<X: Sealed, const N: usize> Sealed for [X; N] {}
}
pub(super) use sealed::Sealed;

/// The maximum number of axes.
pub const MOST_AXES: usize = 8;

macro_rules! scalar_tensors {
    ($($scalar:ty),*) => {
        $(impl Tensor for $scalar {
            type Element = $scalar;
            type Int8 = i8;
            type Row = $scalar;
            type Frame = $scalar;
            type FrameOf<const N: usize> = [$scalar; N];
            const LEN: usize = 1;
            const RANK: usize = 0;
            const AXES: [usize; MOST_AXES] = [0; MOST_AXES];

            #[inline(always)]
            fn flat(rows: &[Self]) -> &[Self] {
                rows
            }

            #[inline(always)]
            fn flat_mut(rows: &mut [Self]) -> &mut [Self] {
                rows
            }
        })*
    };
}
scalar_tensors!(f32, f64);

impl<X: Tensor, const N: usize> Tensor for [X; N] {
    type Element = X::Element;
    type Int8 = [X::Int8; N];
    type Row = X;
    type Frame = X::FrameOf<N>;
    type FrameOf<const M: usize> = Self;
    const LEN: usize = N * X::LEN;
    const RANK: usize = X::RANK + 1;
    const AXES: [usize; MOST_AXES] = {
        let mut axes = [0; MOST_AXES];
        axes[0] = N;
        let mut axis = 0;
        while axis < X::RANK {
            axes[axis + 1] = X::AXES[axis];
            axis += 1;
        }
        axes
    };

    #[inline(always)]
    fn flat(rows: &[Self]) -> &[X::Element] {
        X::flat(rows.as_flattened())
    }

    #[inline(always)]
    fn flat_mut(rows: &mut [Self]) -> &mut [X::Element] {
        X::flat_mut(rows.as_flattened_mut())
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn shapes_are_written_from_the_outside_in() {
        let mut text = String::new();
        <[[f32; 3]; 28]>::write_shape(&mut text).unwrap();
        assert_eq!(text, "28, 3");
    }
}
