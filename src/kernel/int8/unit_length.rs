//! Vectors of int8 of length 1, and the inverse of a root.

use super::{
    int8_fits,
    multiplier::{Multiplier, rounding_shift},
};

/// Divides vectors of int8 by their length. The output has the scale 1/128, and 0 stands for 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// The int8 of the input that stands for 0.
    pub zero: i8,
}

impl Direction {
    /// Replaces a vector by one of length 1.
    #[inline(always)]
    pub(crate) fn apply(self, y: &mut [i8]) {
        let zero = i32::from(self.zero);
        let squares = y.iter().map(|y| (i32::from(*y) - zero).pow(2));
        let Multiplier { mantissa, exponent } = inverse_root(squares.fold(0, i32::saturating_add));
        let factor = Multiplier { mantissa, exponent: exponent + 7 };
        for y in y {
            *y = int8_fits(factor.apply(i32::from(*y) - zero).clamp(-128, 127));
        }
    }
}

/// `1/√x` for `x ≥ 1`, and 1 for 0, as gemmlowp computes it: five steps of Newton's method from 1, for a number from 1/4
/// to 1. For 1/4, the root is too small by 1.2·10⁻⁶ of it.
pub(crate) const fn inverse_root(x: i32) -> Multiplier {
    if x <= 1 {
        return Multiplier { mantissa: i32::MAX, exponent: 0 };
    }
    let (mut x, mut shift) = (x, 11);
    while x >= 1 << 29 {
        x /= 4;
        shift += 1;
    }
    let pairs = (x.leading_zeros() as i32 - 1) / 2 - 1;
    shift -= pairs;
    // With three integer bits.
    let number = (x << (2 * pairs)) >> 1;
    let (half, three_halves, mut root, mut step) = (rounding_shift(number, 1), 3 << 27, 1 << 28, 0);
    while step < 5 {
        let cube = high(high(root, root), root) << 6;
        root = (high(three_halves, root) - high(half, cube)) << 3;
        step += 1;
    }
    // `√½`, with no integer bits.
    let mantissa = high(root, 1_518_500_250);
    if shift < 0 {
        Multiplier { mantissa: mantissa << -shift, exponent: 0 }
    } else {
        Multiplier { mantissa, exponent: -shift }
    }
}

/// `a·b / 2³¹`, rounded half up.
const fn high(a: i32, b: i32) -> i32 {
    Multiplier { mantissa: b, exponent: 0 }.apply(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_close() {
        for x in (1..3000).chain((0..31).map(|bit| 1 << bit)).chain([i32::MAX]) {
            let Multiplier { mantissa, exponent } = inverse_root(x);
            let value = f64::from(mantissa) * f64::from(exponent - 31).exp2();
            assert!((value * f64::from(x).sqrt() - 1.0).abs() < 3e-6, "{x}: {value}");
        }
    }
}
