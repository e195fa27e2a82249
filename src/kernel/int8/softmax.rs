//! Softmax of int8 in fixed point.

use super::{
    int8_fits,
    multiplier::{Multiplier, doubled_high_product, rounding_shift},
};

/// The softmax of int8 logits of one scale. Its output has the scale 1/256, and −128 stands for 0.
///
/// Differences of logits are numbers of 5 integer and 26 fraction bits, exponentials of 31 fraction bits. The arithmetic
/// is that of the library gemmlowp, on which TensorFlow Lite's reference kernel is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exponential {
    /// From the difference of int8 logits to that of logits.
    multiplier: Multiplier,
    /// The least difference from the largest logit whose exponential counts.
    least: i32,
}

/// 1 as a difference of logits.
const UNIT: i32 = 1 << 26;
/// The largest magnitude of a difference of logits that counts.
const RADIUS: i64 = 31 * UNIT as i64;
/// The integer bits of the sum of exponentials.
const SUM: i32 = 12;

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
        let mut sum = 0i32;
        for y in y.iter() {
            sum = sum.wrapping_add(rounding_shift(self.exponential(*y, largest), SUM));
        }
        let headroom = sum.leading_zeros();
        let share = one_over_one_plus((sum as u32).unbounded_shl(headroom).wrapping_sub(1 << 31) as i32);
        let shift = (SUM - headroom as i32 + 31 - 8).clamp(0, 31);
        for y in y {
            let rounded = rounding_shift(doubled_high_product(share, self.exponential(*y, largest)), shift);
            *y = int8_fits((rounded - 128).clamp(-128, 127));
        }
    }

    /// `e^(y − largest)` in units of 2⁻³¹.
    #[inline(always)]
    fn exponential(&self, y: i8, largest: i8) -> i32 {
        let difference = i32::from(y) - i32::from(largest);
        if difference < self.least {
            return 0;
        }
        let left = self.multiplier.exponent.max(0) as u32;
        exponential(doubled_high_product(difference.wrapping_shl(left), self.multiplier.mantissa))
    }
}

/// `e^x` for `x ≤ 0`: that of the fraction of a quarter by a polynomial, times a constant for each other bit.
fn exponential(x: i32) -> i32 {
    const QUARTER: i32 = UNIT / 4;
    /// e^(−1/4), e^(−1/2), ..., e^(−16), in units of 2⁻³¹.
    const POWERS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    if x == 0 {
        return i32::MAX;
    }
    let fraction = (x & (QUARTER - 1)) - QUARTER;
    let rest = fraction.wrapping_sub(x);
    let mut result = exponential_of_fraction(fraction << 5);
    for (bit, power) in POWERS.into_iter().enumerate() {
        if rest & (QUARTER << bit) != 0 {
            result = doubled_high_product(result, power);
        }
    }
    result
}

/// `e^x` for `−1/4 ≤ x < 0` in units of 2⁻³¹: the Taylor polynomial of degree 4 around −1/8.
fn exponential_of_fraction(x: i32) -> i32 {
    /// e^(−1/8).
    const CENTER: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = x + (1 << 28);
    let square = doubled_high_product(x, x);
    let cube = doubled_high_product(square, x);
    let fourth = doubled_high_product(square, square);
    let high = doubled_high_product(rounding_shift(fourth, 2) + cube, THIRD);
    let terms = x + rounding_shift(high + square, 1);
    CENTER.wrapping_add(doubled_high_product(CENTER, terms))
}

/// `1 / (1 + x)` for `0 ≤ x < 1` in units of 2⁻³¹, by three steps of Newton's method.
fn one_over_one_plus(x: i32) -> i32 {
    // Estimates have 2 integer bits.
    const ONE: i32 = 1 << 29;
    /// 48/17 and 32/17, the best linear estimate.
    const OFFSET: i32 = 1_515_870_810;
    const FACTOR: i32 = 1_010_580_540;
    let half = ((i64::from(x) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut estimate = OFFSET.wrapping_add(doubled_high_product(half, -FACTOR));
    for _ in 0..3 {
        let error = ONE - doubled_high_product(half, estimate);
        estimate = estimate.wrapping_add(shifted_left(doubled_high_product(estimate, error), 2));
    }
    shifted_left(estimate, 1)
}

/// `x·2^bits`, saturating.
fn shifted_left(x: i32, bits: u32) -> i32 {
    (i64::from(x) << bits).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
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
