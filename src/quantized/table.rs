//! Tables of activations with an arithmetic of their own in TensorFlow Lite.

use super::{Multiplier, Scale, Table};
use crate::kernel::int8::int8_fits;

impl Table {
    /// The leaky ReLU: `alpha·x` for negative `x`, as the operator `LEAKY_RELU`.
    #[must_use]
    pub const fn leaky_relu(input: Scale, output: Scale, alpha: f32) -> Self {
        // TensorFlow Lite computes the factors in `f32`.
        let positive = Multiplier::new((input.scale / output.scale) as f64);
        let negative = Multiplier::new((input.scale * alpha / output.scale) as f64);
        let (mut outputs, mut index) = ([0; 256], 0);
        while index < 256 {
            let x = index as i32 - 128 - input.zero as i32;
            let y = if x >= 0 { positive.apply(x) } else { negative.apply(x) };
            outputs[index] = int8_of(y.saturating_add(output.zero as i32));
            index += 1;
        }
        Self(outputs)
    }

    /// `x·min(max(x + 3, 0), 6)/6` in 16 bits, as the operator `HARD_SWISH`.
    #[must_use]
    pub const fn hard_swish(input: Scale, output: Scale) -> Self {
        let fine = (1.0 / 128.0) * input.scale;
        let to_output = Multiplier::new((fine / output.scale) as f64);
        let to_share = Multiplier::new((fine / (3.0 / 32768.0)) as f64);
        let (mut outputs, mut index) = ([0; 256], 0);
        while index < 256 {
            let x = (index as i32 - 128 - input.zero as i32) << 7;
            let scaled = rounded_product(x, half(to_output));
            // From −1 to 1 in 16 bits, which saturate.
            let mut share = x;
            if to_share.exponent > 0 {
                share = saturated(share << (to_share.exponent - 1));
            }
            share = rounded_product(share, half(to_share));
            if to_share.exponent > 0 {
                share = saturated(share << 1);
            } else {
                share = quotient(share, -to_share.exponent);
            }
            let share = (share + (1 << 15)) >> 1;
            let y = quotient(saturated(share * scaled / (1 << 15)), -to_output.exponent);
            outputs[index] = int8_of(y + output.zero as i32);
            index += 1;
        }
        Self(outputs)
    }
}

/// The mantissa in 16 bits.
const fn half(multiplier: Multiplier) -> i32 {
    let rounded = (multiplier.mantissa as i64 + (1 << 15)) >> 16;
    if rounded > i16::MAX as i64 { i16::MAX as i32 } else { rounded as i32 }
}

/// `a·b / 2¹⁵`, rounded half up.
const fn rounded_product(a: i32, b: i32) -> i32 {
    saturated((a * b + (1 << 14)) >> 15)
}

/// `x / 2^shift`, rounded half away from 0.
const fn quotient(x: i32, shift: i32) -> i32 {
    if shift <= 0 {
        return x;
    }
    let half = 1 << (shift - 1);
    if x < 0 { -((-x + half) >> shift) } else { (x + half) >> shift }
}

const fn saturated(x: i32) -> i32 {
    if x > i16::MAX as i32 {
        i16::MAX as i32
    } else if x < i16::MIN as i32 {
        i16::MIN as i32
    } else {
        x
    }
}

const fn int8_of(x: i32) -> i8 {
    int8_fits(if x > 127 {
        127
    } else if x < -128 {
        -128
    } else {
        x
    })
}
