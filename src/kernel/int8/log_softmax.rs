//! Log softmax of int8 in fixed point.

use super::{
    fixed, int8_fits,
    multiplier::{Multiplier, doubled_high_product, rounding_shift},
    softmax::{Exponential, SUM, UNIT},
};

/// The log softmax of int8 logits of one scale. Its output has the scale 1/16, and 127 stands for 0.
///
/// Differences of logits and logarithms are numbers of 5 integer and 26 fraction bits. The arithmetic is that of
/// TensorFlow Lite's reference kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogExponential {
    exponential: Exponential,
    /// From the difference of logits to that of int8.
    inverse: Multiplier,
}

/// The integer bits of a logarithm while it is computed: one more than at the end.
const INTEGER_BITS: i32 = 6;

impl LogExponential {
    /// The log softmax of logits with this scale.
    pub const fn of_scale(scale: f32) -> Self {
        let exponential = Exponential::of_scale(scale);
        let Multiplier { mantissa, exponent } = exponential.multiplier;
        // A damaged or useless scale has no inverse.
        let inverse = match mantissa {
            0 => Multiplier { mantissa: 0, exponent: 0 },
            _ => Multiplier::new((1u64 << (31 - exponent)) as f64 / mantissa as f64),
        };
        Self { exponential, inverse }
    }

    /// Replaces the logits `y` by their log softmax.
    #[inline(always)]
    pub(crate) fn log_softmax(&self, y: &mut [i8]) {
        let Self { exponential, inverse } = self;
        let largest = y.iter().fold(i8::MIN, |largest, y| largest.max(*y));
        let sum = exponential.sum(y, largest);
        let logarithm = logarithm(sum);
        // Differences that 26 fraction bits represent after the logarithm is subtracted.
        let least = inverse.apply(logarithm.wrapping_add(i32::MIN)).max(exponential.least - 1);
        for y in y {
            let difference = i32::from(*y) - i32::from(largest);
            *y = if difference > least {
                let steps = rounding_shift(exponential.difference(difference).wrapping_sub(logarithm), STEP);
                int8_fits((steps + 127).clamp(-128, 127))
            } else {
                i8::MIN
            };
        }
    }
}

/// From 26 fraction bits to 4.
const STEP: i32 = UNIT.trailing_zeros() as i32 - 4;

/// `ln(x)` of 26 fraction bits for `x ≥ 1` of 19: `n·ln(2)` for a power of two or of half of it, and a quotient of
/// polynomials of what is left, from √½ to 1, around its center.
#[inline(always)]
fn logarithm(x: i32) -> i32 {
    /// ln(2), √½ and √√½, in units of 2⁻³¹.
    const LN_2: i32 = 1_488_522_236;
    const ROOT: i32 = 1_518_500_250;
    const CENTER: i32 = 1_805_811_301;
    /// The coefficients: 11/240, 1/20 and 1/4 of √√2, and the constant of the denominator.
    const NUMERATOR: i32 = 117_049_297;
    const SQUARE: i32 = 127_690_142;
    const FIRST: i32 = 638_450_708;
    const CONSTANT: i32 = 1_057_819_769;
    const QUARTER: i32 = 1 << (29 - INTEGER_BITS);
    let product = doubled_high_product;
    let power = |bits: i32| shifted(bits, 31 - INTEGER_BITS);
    // The power is that of `x`, or that of `x·√½`, whichever leaves less than 1.
    let headroom = x.leading_zeros() as i32;
    let whole = shifted(product(shifted(x, headroom - 1), ROOT), 1);
    let half_headroom = product(x, ROOT).leading_zeros() as i32 - 1;
    let rest = whole.min(shifted(x, half_headroom));
    let power = (power(SUM - headroom).saturating_add(QUARTER)).max(power(SUM - half_headroom).saturating_sub(QUARTER));

    let middle = ((i64::from(rest) + i64::from(CENTER) + 1) / 2) as i32;
    let distance = (rest - CENTER).wrapping_mul(2);
    let square = product(distance, distance);
    let numerator = product(distance, rest).wrapping_add(product(product(distance, square), NUMERATOR));
    let terms = CONSTANT.wrapping_add(distance).wrapping_add(product(SQUARE, square));
    let denominator = product(middle, terms).wrapping_add(product(FIRST, distance));
    let inverse = fixed::one_over_one_plus::<31>(denominator);
    let quotient = product(rounding_shift(numerator, INTEGER_BITS), inverse);
    shifted(product(power, LN_2).wrapping_add(quotient), 1)
}

/// `x·2^bits`, saturating.
#[inline(always)]
fn shifted(x: i32, bits: i32) -> i32 {
    fixed::shifted_left::<31>(x, bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_close() {
        for x in (0..2000).map(|n| (1 << 19) + 1_000_003 * n) {
            let (value, exact) = (f64::from(logarithm(x)) / f64::from(UNIT), (f64::from(x) / f64::from(1 << 19)).ln());
            assert!((value - exact).abs() < 1e-6, "{x}: {value}, not {exact}");
        }
    }

    #[test]
    fn is_within_one_step_of_the_real_log_softmax() {
        let mut rng = crate::Rng::new(1);
        for scale in [0.003f32, 0.05, 0.2, 1.0, 3.0] {
            for width in [1, 2, 10, 100] {
                let mut y: std::vec::Vec<i8> = (0..width).map(|_| (256.0 * rng.uniform() - 128.0) as i8).collect();
                let logits: std::vec::Vec<f64> = y.iter().map(|y| f64::from(*y) * f64::from(scale)).collect();
                let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logits.iter().map(|x| (x - top).exp()).sum();
                LogExponential::of_scale(scale).log_softmax(&mut y);
                for (y, x) in y.iter().zip(logits) {
                    let exact = (16.0 * (x - top - sum.ln()) + 127.0).clamp(-128.0, 127.0);
                    assert!((f64::from(*y) - exact).abs() < 1.0, "{y}, not {exact}, at scale {scale}");
                }
            }
        }
    }
}
