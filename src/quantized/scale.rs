//! The real numbers that int8 stand for.

use crate::{
    Tensor, Zeroed,
    kernel::int8::{Int8Tensor, int8_fits},
};

/// The scale of a tensor of int8: `q` stands for `scale·(q − zero)`.
///
/// ```
/// use shiplap::quantized::Scale;
///
/// let scale = Scale::of_range(-1.0, 4.1);
/// assert_eq!(scale, Scale { scale: 0.02, zero: -78 });
/// assert_eq!(scale.quantize(1.0), -28);
/// assert_eq!(scale.real(-28), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The distance of two real numbers whose int8 are adjacent: positive and finite.
    pub scale: f32,
    /// The int8 of the real number 0.
    pub zero: i8,
}

impl Scale {
    /// The scale of the outputs of softmax and the sigmoid: from 0 to 255/256.
    pub const OF_SHARES: Self = Self { scale: 1.0 / 256.0, zero: -128 };
    /// The scale of the outputs of tanh, and of vectors of length 1: from −1 to 127/128.
    pub const OF_TANH: Self = Self { scale: 1.0 / 128.0, zero: 0 };
    /// The scale of the outputs of log softmax: from −255/16 to 0.
    pub const OF_LOGARITHMS: Self = Self { scale: 1.0 / 16.0, zero: 127 };

    /// The scale by which 256 int8 cover the numbers from `low` to `high` and 0. If all of them are 0, or so close to it
    /// that their scale is none, it is 1.
    pub const fn of_range(low: f32, high: f32) -> Self {
        let (low, high) = (if low < 0.0 { low as f64 } else { 0.0 }, if high > 0.0 { high as f64 } else { 0.0 });
        let scale = ((high - low) / 255.0) as f32;
        // The products of a layer divided by a tiny scale would be too large for 32 bits.
        if scale.is_nan() || scale < f32::MIN_POSITIVE {
            return Self { scale: 1.0, zero: 0 };
        }
        let zero = rounded((-128.0 - low / scale as f64) as f32);
        Self { scale, zero: clamped(zero) }
    }

    /// The int8 closest to `real`; 0 for NaN.
    pub const fn quantize(self, real: f32) -> i8 {
        clamped(rounded(real / self.scale).saturating_add(self.zero as i32))
    }

    /// The real number of `q`.
    pub const fn real(self, q: i8) -> f32 {
        self.scale * (q as i32 - self.zero as i32) as f32
    }
}

// SAFETY: the fields are numbers.
unsafe impl Zeroed for Scale {}

/// The scales of a tensor in int8: a [`Scale`], or those of both members of a [`Pair`](crate::Pair).
pub type ScalesOf<X> = <<X as Tensor>::Int8 as Int8Tensor>::ForEach<Scale>;

/// The scale of a tensor. A pair, which has several, is a compile error.
#[cfg(feature = "std")]
pub(super) fn only_scale<X: Tensor>(scales: &ScalesOf<X>) -> Scale {
    const { assert!(X::FORM.members().is_none(), "a `Pair` in int8 has no scale of its own, but one for each member") };
    first_scale::<X>(scales)
}

/// The scale of a tensor, or of the first one of a pair.
#[cfg(feature = "std")]
pub(super) fn first_scale<X: Tensor>(scales: &ScalesOf<X>) -> Scale {
    let mut first = None;
    X::Int8::visit(scales, &mut |scale, _| first = first.or(Some(scale)));
    first.unwrap_or(Scale::OF_SHARES)
}

/// Calls `number` with each number of a tensor, in row-major order, and with its scale.
#[inline(always)]
pub(super) fn with_scales<X, I: Int8Tensor>(
    numbers: impl IntoIterator<Item = X>,
    scales: &I::ForEach<Scale>,
    mut number: impl FnMut(X, Scale),
) {
    let mut numbers = numbers.into_iter();
    I::visit(scales, &mut |scale, length| numbers.by_ref().take(length).for_each(|x| number(x, scale)));
}

/// The closest integer, half away from 0; saturating.
const fn rounded(x: f32) -> i32 {
    // Every `f32` plus a half is an `f64`.
    let x = x as f64;
    (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i32
}

const fn clamped(q: i32) -> i8 {
    int8_fits(if q < -128 {
        -128
    } else if q > 127 {
        127
    } else {
        q
    })
}
