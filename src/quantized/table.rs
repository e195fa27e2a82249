//! Tables of activations with an arithmetic of their own in TensorFlow Lite.

use super::{Multiplier, Scale, Table};
use crate::kernel::int8::{int8_fits, inverse_root, rounding_shift};

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
            outputs[index] = int8_fits(saturated(y.saturating_add(output.zero as i32), 8));
            index += 1;
        }
        Self(outputs)
    }

    /// `|x|`, as the operator `ABS`.
    #[must_use]
    pub const fn abs(input: Scale, output: Scale) -> Self {
        let factor = Multiplier::new((input.scale / output.scale) as f64);
        let (mut outputs, mut index) = ([0; 256], 0);
        while index < 256 {
            let x = (index as i32 - 128 - input.zero as i32).abs();
            outputs[index] = int8_fits(saturated(factor.apply(x).saturating_add(output.zero as i32), 8));
            index += 1;
        }
        Self(outputs)
    }

    /// `1/√x`, as the operator `RSQRT`; the largest number if `x` is not positive.
    #[must_use]
    pub const fn rsqrt(input: Scale, output: Scale) -> Self {
        const FRACTION: i32 = 20;
        // TensorFlow Lite computes the root and its product in `f32`.
        let Multiplier { mantissa, exponent } =
            Multiplier::new(1.0 / (root(input.scale as f64) as f32 * output.scale) as f64);
        let to_output = Multiplier { mantissa, exponent: if exponent < -11 { -31 } else { exponent - FRACTION } };
        let (mut outputs, mut index) = ([i8::MAX; 256], 0);
        while index < 256 {
            let x = index as i32 - 128 - input.zero as i32;
            if x > 0 {
                let Multiplier { mantissa, exponent } = inverse_root(x);
                let y = Multiplier { mantissa, exponent: exponent + FRACTION }.apply(1);
                outputs[index] = int8_fits(saturated(to_output.apply(y).saturating_add(output.zero as i32), 8));
            }
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
                share = saturated(share << (to_share.exponent - 1), 16);
            }
            share = rounded_product(share, half(to_share));
            if to_share.exponent > 0 {
                share = saturated(share << 1, 16);
            } else {
                share = rounding_shift(share, -to_share.exponent);
            }
            let share = (share + (1 << 15)) >> 1;
            let shift = if to_output.exponent < 0 { -to_output.exponent } else { 0 };
            let y = rounding_shift(saturated(share * scaled / (1 << 15), 16), shift);
            outputs[index] = int8_fits(saturated(y + output.zero as i32, 8));
            index += 1;
        }
        Self(outputs)
    }
}

/// `√x`, by Newton's method.
const fn root(x: f64) -> f64 {
    let (mut root, mut step) = (f64::from_bits((x.to_bits() >> 1) + (1023 << 51)), 0);
    while step < 6 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root
}

/// The mantissa in 16 bits.
const fn half(multiplier: Multiplier) -> i32 {
    let rounded = (multiplier.mantissa as i64 + (1 << 15)) >> 16;
    if rounded > i16::MAX as i64 { i16::MAX as i32 } else { rounded as i32 }
}

/// `a·b / 2¹⁵`, rounded half up.
const fn rounded_product(a: i32, b: i32) -> i32 {
    saturated((a * b + (1 << 14)) >> 15, 16)
}

/// The closest number of so many bits.
const fn saturated(x: i32, bits: u32) -> i32 {
    let most = (1 << (bits - 1)) - 1;
    if x > most {
        most
    } else if x < -most - 1 {
        -most - 1
    } else {
        x
    }
}
