//! The exponential, the sigmoid and the hyperbolic tangent of numbers in fixed point.
//!
//! The arithmetic is that of the library gemmlowp, on which TensorFlow Lite's reference kernels are built. `BITS` are the
//! fraction bits of a result: 15 or 31.

use super::multiplier::{doubled_high_product, rounding_shift};

/// The largest number: almost 1.
const fn largest<const BITS: u32>() -> i32 {
    i32::MAX >> (31 - BITS)
}

/// A number of 31 fraction bits.
#[inline(always)]
const fn constant<const BITS: u32>(x: i32) -> i32 {
    rounding_shift(x, 31 - BITS as i32)
}

/// `a·b / 2^BITS`, rounded half up.
#[inline(always)]
const fn product<const BITS: u32>(a: i32, b: i32) -> i32 {
    if BITS == 31 { doubled_high_product(a, b) } else { (a * b + (1 << (BITS - 1))) >> BITS }
}

/// `x·2^bits`, saturating.
#[inline(always)]
pub(super) const fn shifted_left<const BITS: u32>(x: i32, bits: u32) -> i32 {
    let most = largest::<BITS>() >> bits;
    if x > most {
        largest::<BITS>()
    } else if x < -most - 1 {
        -largest::<BITS>() - 1
    } else {
        x << bits
    }
}

/// `e^x` for `x ≤ 0` of so many integer bits: that of the fraction of a quarter by a polynomial, times a constant for each
/// other bit.
#[inline(always)]
pub(super) const fn exponential<const BITS: u32>(x: i32, integer_bits: u32) -> i32 {
    /// e^(−1/4), e^(−1/2), ..., e^(−16), in units of 2⁻³¹.
    const POWERS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    let fraction_bits = BITS - integer_bits;
    let quarter = 1 << (fraction_bits - 2);
    let fraction = (x & (quarter - 1)) - quarter;
    let rest = fraction.wrapping_sub(x);
    let mut result = exponential_of_fraction::<BITS>(fraction << integer_bits);
    let mut bit = 0;
    while bit < POWERS.len() {
        let smaller = product::<BITS>(result, constant::<BITS>(POWERS[bit]));
        // No branch: it would be taken at random.
        let is_set = -((rest >> (fraction_bits - 2 + bit as u32)) & 1);
        result += (smaller - result) & is_set;
        bit += 1;
    }
    // The constants are those of the bits of −31.
    result = if x >> fraction_bits < -32 { 0 } else { result };
    if x == 0 { largest::<BITS>() } else { result }
}

/// `e^x` for `−1/4 ≤ x < 0`: the Taylor polynomial of degree 4 around −1/8.
#[inline(always)]
const fn exponential_of_fraction<const BITS: u32>(x: i32) -> i32 {
    /// e^(−1/8).
    const CENTER: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let center = constant::<BITS>(CENTER);
    let x = x + (1 << (BITS - 3));
    let square = product::<BITS>(x, x);
    let cube = product::<BITS>(square, x);
    let fourth = product::<BITS>(square, square);
    let high = product::<BITS>(rounding_shift(fourth, 2) + cube, constant::<BITS>(THIRD));
    let terms = x + rounding_shift(high + square, 1);
    let (rest, most) = (product::<BITS>(center, terms), largest::<BITS>() - center);
    center + if rest < most { rest } else { most }
}

/// `1 / (1 + x)` for `0 ≤ x < 1`.
#[inline(always)]
pub(super) const fn one_over_one_plus<const BITS: u32>(x: i32) -> i32 {
    shifted_left::<BITS>(estimate::<BITS>(x), 1)
}

/// `2 / (1 + x)` for `0 ≤ x < 1` in units of 2^−(BITS − 2), by three steps of Newton's method.
#[inline(always)]
const fn estimate<const BITS: u32>(x: i32) -> i32 {
    /// 48/17 and 32/17, the best linear estimate.
    const OFFSET: i32 = 1_515_870_810;
    const FACTOR: i32 = 1_010_580_540;
    let half = (x >> 1) + (1 << (BITS - 1));
    let mut estimate = constant::<BITS>(OFFSET).wrapping_add(product::<BITS>(half, -constant::<BITS>(FACTOR)));
    let mut step = 0;
    while step < 3 {
        let error = (1 << (BITS - 2)) - product::<BITS>(half, estimate);
        estimate = estimate.wrapping_add(shifted_left::<BITS>(product::<BITS>(estimate, error), 2));
        step += 1;
    }
    estimate
}

/// `σ(x)` of 15 fraction bits, for `x` of 16 bits, 12 of them after the point.
#[inline(always)]
pub(crate) fn sigmoid(x: i16) -> i16 {
    let x = i32::from(x);
    let value = one_over_one_plus::<15>(exponential::<15>(-x.abs(), 3));
    (match x.signum() {
        0 => 1 << 14,
        1 => value,
        _ => largest::<15>() - value,
    }) as i16
}

/// `tanh(x)` of 15 fraction bits, for `x` of 16 bits, so many of them before the point: from 0 to 6.
#[inline(always)]
pub(crate) fn tanh(x: i16, integer_bits: u32) -> i16 {
    let x = i32::from(x);
    // 2 / (1 + e^(−2x)) − 1
    let estimate = estimate::<15>(exponential::<15>(-x.abs(), integer_bits + 1));
    (x.signum() * shifted_left::<15>(estimate - (1 << 13), 2)) as i16
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    /// The results of TensorFlow Lite 2.21 for these numbers.
    #[test]
    fn gates_are_those_of_tensorflow_lite() {
        const X: [i16; 13] = [-32768, -32767, -20000, -8192, -4097, -100, -1, 0, 1, 3000, 9999, 20001, 32767];
        const TANH: [[i16; 13]; 7] = [
            [-24964, -24964, -17844, -8032, -4080, -100, 8, 0, -8, 2992, 9696, 17848, 24964],
            [-31596, -31596, -27524, -15136, -8032, -192, 4, 0, -4, 5928, 17844, 27524, 31596],
            [-32744, -32744, -32280, -24964, -15152, -400, 0, 0, 0, 11492, 27524, 32280, 32744],
            [-32767, -32767, -32767, -31596, -24964, -792, -8, 0, 8, 20472, 32280, 32767, 32767],
            [-32767, -32767, -32767, -32744, -31596, -1596, -24, 0, 24, 29440, 32767, 32767, 32767],
            [-32767, -32767, -32767, -32767, -32744, -3192, -36, 0, 36, 32584, 32767, 32767, 32767],
            [-32767, -32767, -32767, -32767, -32767, -6316, -64, 0, 64, 32767, 32767, 32767, 32767],
        ];
        let sigmoids = [11, 11, 243, 3901, 8807, 16183, 16383, 16384, 16384, 22130, 30146, 32524, 32756];
        assert_eq!(X.map(sigmoid), sigmoids);
        for (bits, expected) in TANH.iter().enumerate() {
            assert_eq!(X.map(|x| tanh(x, bits as u32)), *expected, "{bits} integer bits");
        }
    }

    /// Less than 2⁻¹¹ from the functions.
    #[test]
    fn gates_are_close_to_their_functions() {
        for x in i16::MIN..=i16::MAX {
            let close = |value: i16, exact: f64| (f64::from(value) / 32768.0 - exact).abs() < 1.0 / 2048.0;
            let real = f64::from(x) / 4096.0;
            assert!(close(sigmoid(x), 1.0 / (1.0 + (-real).exp())), "{x}: {}", sigmoid(x));
            for bits in 0..=6 {
                let real = f64::from(x) / f64::from(1 << (15 - bits));
                assert!(close(tanh(x, bits), real.tanh()), "{x} of {bits} integer bits: {}", tanh(x, bits));
            }
        }
    }
}
