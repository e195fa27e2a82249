//! Exponential, logarithms, tanh and error function of `f32`: branch-free, the same for one number and for a register.
//!
//! The polynomials were fitted for this crate: least squares on Chebyshev nodes, reweighted until the error is even
//! (Lawson 1961). `tests/math.rs` checks the bounds of the errors.

use super::real::Real;

/// The operations on `f32` that the formulas need beyond arithmetic.
pub(super) trait Single: Real {
    /// `2^self` for whole numbers from −126 to 127.
    fn power_of_two(self) -> Self;

    /// `self·2^n`, where `shifted` is `n + INTEGERS`, `self` is near 1, and the result is a normal number.
    fn scale(self, shifted: Self) -> Self;

    /// A positive normal number as `(mantissa, exponent)`: it is `mantissa·2^exponent`, with the mantissa in [√½, √2).
    fn split(self) -> (Self, Self);
}

/// If this is added to a number of magnitude below 2²², the sum has no bits for a fraction: it is rounded to a whole
/// number, which its last bits contain.
pub(super) const INTEGERS: f32 = 12_582_912.0;

/// √½, rounded.
pub(super) const HALF_ROOT: f32 = core::f32::consts::FRAC_1_SQRT_2;

/// ln 2 in two parts, the first short enough for its product with an exponent to be exact.
const LN_2_HIGH: f64 = 0.693_359_375;
const LN_2_LOW: f64 = core::f64::consts::LN_2 - LN_2_HIGH;

/// `c[0] + c[1]·x + ...`, two terms at a time: a chain of dependent steps half as long as by Horner's rule.
#[inline(always)]
fn polynomial<V: Real, const N: usize>(x: V, c: [f64; N]) -> V {
    let square = x * x;
    let mut next = (N - 1) / 2 * 2;
    let mut sum = two_terms(x, c, next);
    while next > 0 {
        next -= 2;
        sum = sum.mul_add(square, two_terms(x, c, next));
    }
    sum
}

/// `c[at] + c[at + 1]·x`. (A closure would not be compiled for the instruction set.)
#[inline(always)]
fn two_terms<V: Real, const N: usize>(x: V, c: [f64; N], at: usize) -> V {
    if at + 1 < N { V::splat(c[at + 1]).mul_add(x, V::splat(c[at])) } else { V::splat(c[at]) }
}

#[inline(always)]
fn round<V: Real>(x: V) -> V {
    (x + V::splat(f64::from(INTEGERS))) - V::splat(f64::from(INTEGERS))
}

/// `eˣ = 1 + x + x²·polynomial(x)` for `|x| ≤ ½·ln 2`.
const EXP: [f64; 5] =
    [4.999_999_343_2e-1, 1.666_652_039_9e-1, 4.166_839_079_0e-2, 8.368_745_127_1e-3, 1.381_453_987_9e-3];

/// `(y, n)` with `eˣ = y·2ⁿ` and `y` near 1.
#[inline(always)]
fn exp_parts<V: Real>(x: V) -> (V, V) {
    let n = round(x * V::splat(core::f64::consts::LOG2_E));
    let r = n.mul_add(V::splat(-LN_2_HIGH), x);
    let r = n.mul_add(V::splat(-LN_2_LOW), r);
    (V::splat(1.0) + (r * r).mul_add(polynomial(r, EXP), r), n)
}

/// `eˣ`.
#[inline(always)]
pub(super) fn exp<V: Single>(x: V) -> V {
    // Beyond these bounds the result is ∞ or 0. This order of operands preserves NaN.
    let x = V::splat(89.0).min(V::splat(-104.0).max(x));
    let (y, n) = exp_parts(x);
    // In two steps, since 2ⁿ may overflow or be subnormal, and y·2ⁿ must be rounded only once.
    let half = round(n * V::splat(0.5));
    y * half.power_of_two() * (n - half).power_of_two()
}

/// `ln x`: −∞ at 0, NaN for negative numbers.
#[inline(always)]
pub(super) fn ln<V: Single>(x: V) -> V {
    let least_normal = V::splat(f64::from(f32::MIN_POSITIVE));
    let up = f64::from(1u32 << 25);
    let (mantissa, exponent) = least_normal.if_gt(x, x * V::splat(up), x).split();
    let exponent = least_normal.if_gt(x, exponent - V::splat(25.0), exponent);
    let f = mantissa - V::splat(1.0);
    let square = f * f;
    let p = [
        3.333_333_170_8e-1,
        -2.500_082_103_6e-1,
        2.000_122_686_5e-1,
        -1.662_335_729_8e-1,
        1.420_175_823_4e-1,
        -1.316_018_306_3e-1,
        1.276_157_564_4e-1,
        -7.634_493_023_7e-2,
    ];
    let rest = (square * f).mul_add(polynomial(f, p), exponent * V::splat(LN_2_LOW));
    let near_one = f + square.mul_add(V::splat(-0.5), rest);
    let finite = exponent.mul_add(V::splat(LN_2_HIGH), near_one);
    let zero = V::splat(0.0);
    // −∞ + x is −∞ at 0 and NaN for NaN.
    let not_positive = zero.if_gt(x, V::splat(f64::NAN), V::splat(f64::NEG_INFINITY) + x);
    x.if_gt(zero, x.if_gt(V::splat(f64::from(f32::MAX)), x, finite), not_positive)
}

/// `ln(1 + x)`. The rounding error of `1 + x` is corrected to first order (Kahan).
#[inline(always)]
pub(super) fn ln_one_plus<V: Single>(x: V) -> V {
    let sum = V::splat(1.0) + x;
    let lost = (x - (sum - V::splat(1.0))) / sum;
    // For larger numbers the correction is negligible, and at ∞ it would be ∞ − ∞. At −1 it would be 0 / 0.
    let lost = V::splat(1e9).if_gt(x, sum.if_gt(V::splat(0.0), lost, V::splat(0.0)), V::splat(0.0));
    // The result has the sign of x, even for −0.
    (ln(sum) + lost).copysign(x)
}

/// With `|x| = n·½ ln 2 + r` and `t = tanh r`, the addition theorem yields
/// `((2ⁿ − 1) + (2ⁿ + 1)·t) / ((2ⁿ + 1) + (2ⁿ − 1)·t)`. If the result is nearer to 1 than to 0, it is computed as
/// `1 + (2·t − 2) / ...`, whose fraction is smaller and therefore has a smaller rounding error.
#[inline(always)]
pub(super) fn tanh<V: Single>(x: V) -> V {
    let one = V::splat(1.0);
    // Above 10 the result rounds to 1. This order of operands preserves NaN.
    let size = V::splat(10.0).min(x.abs());
    // With this threshold, n is still 0 at |x| = ¼, where the formula with n = 1 would lose digits.
    let below = size - V::splat(0.088);
    let shifted = below.mul_add(V::splat(2.0 * core::f64::consts::LOG2_E), V::splat(f64::from(INTEGERS)));
    let n = shifted - V::splat(f64::from(INTEGERS));
    let r = n.mul_add(V::splat(-0.5 * core::f64::consts::LN_2), size);
    let square = r * r;
    let p = polynomial(square, [-3.333_321_112_7e-1, 1.332_244_240_8e-1, -5.119_325_636_7e-2]);
    let t = (r * square).mul_add(p, r);
    let power = one.scale(shifted);
    let (less, more) = (power - one, power + one);
    let far = V::splat(0.607);
    let start = size.if_gt(far, one, V::splat(0.0));
    let addend = size.if_gt(far, V::splat(-2.0), less);
    let factor = size.if_gt(far, V::splat(2.0), more);
    (start + factor.mul_add(t, addend) / less.mul_add(t, more)).copysign(x)
}

/// The error function, `2/√π·∫₀ˣ e^-t² dt`.
#[inline(always)]
pub(super) fn erf<V: Single>(x: V) -> V {
    let size = x.abs();
    let p = [
        1.283_791_476_9e-1,
        -3.761_248_110_0e-1,
        1.128_168_254_1e-1,
        -2.676_171_986_0e-2,
        4.985_940_583_3e-3,
        -5.953_741_610_1e-4,
    ];
    let near = x.mul_add(polynomial(x * x, p), x);
    // The logarithm of 1 − erf is almost a parabola. Above 4, erf rounds to 1.
    let q = [
        -1.692_039_500_0e-4,
        1.129_488_400_4,
        6.334_008_640_1e-1,
        1.082_203_685_3e-1,
        -2.508_060_575_1e-2,
        4.156_250_553_6e-3,
        -4.313_926_046_7e-4,
        2.082_852_986_5e-5,
    ];
    let (y, n) = exp_parts(-polynomial(V::splat(4.0).min(size), q));
    let far = V::splat(1.0) - y * n.power_of_two();
    size.if_gt(V::splat(0.92), far.copysign(x), near)
}
