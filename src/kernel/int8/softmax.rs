//! Softmax of int8 in fixed point.

use super::{
    fixed, int8_fits,
    multiplier::{Multiplier, doubled_high_product, rounding_shift},
};

/// The softmax of int8 logits of one scale. Its output has the scale 1/256, and −128 stands for 0.
///
/// Differences of logits are numbers of 5 integer and 26 fraction bits, exponentials of 31 fraction bits. The arithmetic
/// is that of the library gemmlowp, on which TensorFlow Lite's reference kernel is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    /// From the difference of int8 logits to that of logits.
    pub(super) multiplier: Multiplier,
    /// The least difference from the largest logit whose exponential counts.
    pub(super) least: i32,
}

/// The bits before the point of a difference of logits.
const INTEGER_BITS: u32 = 5;
/// 1 as a difference of logits.
pub(super) const UNIT: i32 = 1 << (31 - INTEGER_BITS);
/// The largest magnitude of a difference of logits that counts.
const RADIUS: i64 = 31 * UNIT as i64;
/// The integer bits of the sum of exponentials.
pub(super) const SUM: i32 = 12;

impl Exponential {
    /// The softmax of logits with this scale.
    pub const fn of_scale(scale: f32) -> Self {
        let units = scale as f64 * UNIT as f64;
        let multiplier = Multiplier::new(if units < i32::MAX as f64 { units } else { i32::MAX as f64 });
        let exponent = if multiplier.exponent > 0 { multiplier.exponent } else { 0 };
        Self { multiplier, least: -((RADIUS >> exponent) as i32) }
    }

    /// Replaces the logits `y` by their softmax.
    #[inline(always)]
    pub(crate) fn softmax(&self, y: &mut [i8]) {
        let largest = y.iter().fold(i8::MIN, |largest, y| largest.max(*y));
        let sum = self.sum(y, largest);
        let headroom = sum.leading_zeros();
        let share = one_over_one_plus((sum as u32).unbounded_shl(headroom).wrapping_sub(1 << 31) as i32);
        let shift = (SUM - headroom as i32 + 31 - 8).clamp(0, 31);
        for y in y {
            let rounded = rounding_shift(doubled_high_product(share, self.exponential(*y, largest)), shift);
            *y = int8_fits((rounded - 128).clamp(-128, 127));
        }
    }

    /// The sum of `e^(y − largest)`, of [`SUM`] integer bits.
    #[inline(always)]
    pub(super) fn sum(&self, y: &[i8], largest: i8) -> i32 {
        let mut sum = 0i32;
        for y in y {
            sum = sum.wrapping_add(rounding_shift(self.exponential(*y, largest), SUM));
        }
        sum
    }

    /// The difference of logits for one of int8.
    #[inline(always)]
    pub(super) fn difference(&self, difference: i32) -> i32 {
        let left = self.multiplier.exponent.max(0) as u32;
        doubled_high_product(difference.wrapping_shl(left), self.multiplier.mantissa)
    }

    /// `e^(y − largest)` in units of 2⁻³¹.
    #[inline(always)]
    fn exponential(&self, y: i8, largest: i8) -> i32 {
        let difference = i32::from(y) - i32::from(largest);
        if difference < self.least {
            return 0;
        }
        exponential(self.difference(difference))
    }
}

/// `e^x` for `x ≤ 0` in units of 2⁻³¹.
fn exponential(x: i32) -> i32 {
    fixed::exponential::<31>(x, INTEGER_BITS)
}

/// `1 / (1 + x)` for `0 ≤ x < 1` in units of 2⁻³¹.
fn one_over_one_plus(x: i32) -> i32 {
    fixed::one_over_one_plus::<31>(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_within_one_step_of_the_real_softmax() {
        let mut rng = crate::Rng::new(1);
        for scale in [0.003f32, 0.05, 0.2, 1.0, 3.0] {
            for width in [1, 2, 10, 100] {
                let mut y: std::vec::Vec<i8> = (0..width).map(|_| (256.0 * rng.uniform() - 128.0) as i8).collect();
                let exponentials: std::vec::Vec<f64> =
                    y.iter().map(|y| (f64::from(*y) * f64::from(scale)).exp()).collect();
                let sum: f64 = exponentials.iter().sum();
                Exponential::of_scale(scale).softmax(&mut y);
                for (y, exponential) in y.iter().zip(exponentials) {
                    let exact = (exponential / sum * 256.0 - 128.0).min(127.0);
                    assert!((f64::from(*y) - exact).abs() < 1.0, "{y}, not {exact}, at scale {scale}");
                }
            }
        }
    }
}
