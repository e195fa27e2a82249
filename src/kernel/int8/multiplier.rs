//! Rounding of sums to int8.

/// A factor in fixed point, `mantissa·2^(exponent − 31)`, as in TensorFlow Lite.
///
/// ```
/// use shiplap::quantized::Multiplier;
///
/// let quarter = Multiplier::new(0.25);
/// assert_eq!(quarter, Multiplier { mantissa: 1 << 30, exponent: -1 });
/// assert_eq!(quarter.apply(10), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// 0, or a number from 2³⁰ up.
    pub mantissa: i32,
    /// From −31 to 30.
    pub exponent: i32,
}

impl Multiplier {
    /// 1/2.
    pub(crate) const HALF: Self = Self { mantissa: 1 << 30, exponent: 0 };

    /// The multiplier closest to `factor`. Below 2⁻³², and if the factor is not positive, it is 0; at most, it is 2³⁰.
    pub const fn new(factor: f64) -> Self {
        const LEAST: f64 = 1.0 / (1u64 << 32) as f64;
        if factor.is_nan() || factor < LEAST {
            return Self { mantissa: 0, exponent: 0 };
        }
        let bits = factor.to_bits();
        let digits = bits & ((1 << 52) - 1) | 1 << 52;
        let (mantissa, exponent) = ((digits + (1 << 21)) >> 22, (bits >> 52) as i32 - 1022);
        let (mantissa, exponent) = if mantissa == 1 << 31 { (1 << 30, exponent + 1) } else { (mantissa, exponent) };
        if exponent > 30 {
            return Self { mantissa: i32::MAX, exponent: 30 };
        }
        Self { mantissa: mantissa as i32, exponent }
    }

    /// `sum` times the factor. It is rounded twice: to the bits of the sum, half up, and then to an integer, half away
    /// from 0. Convolutions and additions of TensorFlow Lite round in this way.
    #[inline(always)]
    pub const fn apply(self, sum: i32) -> i32 {
        if self.is_small() { (self.doubled(sum) + 1) >> 1 } else { self.apply_any(sum) }
    }

    /// `sum` times the factor, rounded once, half up. Fully connected layers of TensorFlow Lite round in this way.
    #[inline(always)]
    pub const fn apply_once(self, sum: i32) -> i32 {
        if self.is_small() { (self.doubled_once(sum) + 1) >> 1 } else { self.apply_any_once(sum) }
    }

    /// Whether the factor is below 1/4, as usual, so that there is a way in fewer instructions of 32 bits.
    #[inline(always)]
    pub(super) const fn is_small(self) -> bool {
        cfg!(target_pointer_width = "32") && self.exponent <= -2
    }

    /// A number of which half, rounded half up, is [`apply`](Self::apply), if the factor [is small](Self::is_small).
    #[inline(always)]
    pub(super) const fn doubled(self, sum: i32) -> i32 {
        let product = self.product(sum);
        (product + (product >> 31)) >> (-1 - self.exponent)
    }

    /// The same for [`apply_once`](Self::apply_once).
    #[inline(always)]
    pub(super) const fn doubled_once(self, sum: i32) -> i32 {
        ((sum as i64 * self.mantissa as i64) >> 32) as i32 >> (-2 - self.exponent)
    }

    /// `sum·mantissa / 2³¹`, rounded half up.
    #[inline(always)]
    const fn product(self, sum: i32) -> i32 {
        if cfg!(target_arch = "riscv32") {
            // An instruction multiplies a signed by an unsigned number, as the doubled mantissa is.
            let doubled = sum as i64 * ((self.mantissa as u32) << 1) as i64;
            return ((doubled >> 32) as i32).wrapping_add((doubled as u32 >> 31) as i32);
        }
        high_product(sum, self.mantissa)
    }

    /// [`apply`](Self::apply) for any factor. Rare on chips, which need not have a copy of it in each layer.
    #[cfg_attr(target_pointer_width = "32", cold, inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    const fn apply_any(self, sum: i32) -> i32 {
        let (left, right) = if self.exponent > 0 { (self.exponent, 0) } else { (0, -self.exponent) };
        rounding_shift(high_product(sum.wrapping_shl(left as u32), self.mantissa), right)
    }

    /// [`apply_once`](Self::apply_once) for any factor.
    #[cfg_attr(target_pointer_width = "32", cold, inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    const fn apply_any_once(self, sum: i32) -> i32 {
        let shift = 31 - self.exponent;
        let rounded = (sum as i64 * self.mantissa as i64 + (1 << (shift - 1))) >> shift;
        if rounded > i32::MAX as i64 {
            i32::MAX
        } else if rounded < i32::MIN as i64 {
            i32::MIN
        } else {
            rounded as i32
        }
    }
}

/// A [`Multiplier`] below 1/2 for many sums below 2³⁰, to which a number is added.
#[derive(Clone, Copy)]
pub(crate) struct Factor {
    mantissa: i32,
    /// Half a unit and the number.
    offset: i32,
    shift: i32,
}

impl Factor {
    /// The factor of a multiplier, if it is below 1/2 and its numbers fit.
    #[inline(always)]
    pub(crate) fn of(multiplier: Multiplier, add: i32) -> Option<Self> {
        let Multiplier { mantissa, exponent } = multiplier;
        if !(-22..0).contains(&exponent) {
            return None;
        }
        let (shift, offset) = (-exponent, i64::from(add) << -exponent);
        (offset.abs() < 1 << 30).then_some(Self { mantissa, offset: (1 << (shift - 1)) + offset as i32, shift })
    }

    /// [`Multiplier::apply`], and the addition.
    #[inline(always)]
    pub(crate) fn apply(self, sum: i32) -> i32 {
        #[cfg(dsp)]
        let product = super::dsp::high_product(sum << 1, self.mantissa);
        #[cfg(not(dsp))]
        let product = high_product(sum, self.mantissa);
        (product + (product >> 31) + self.offset) >> self.shift
    }
}

/// `a·b / 2³¹`, rounded half up. It saturates only for twice the least number.
#[inline(always)]
pub(super) const fn doubled_high_product(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    high_product(a, b)
}

/// `a·b / 2³¹`, rounded half up, unless both are the least number.
#[inline(always)]
const fn high_product(a: i32, b: i32) -> i32 {
    // The low 32 bits of the quotient do not depend on the sign, and registers shift without one.
    ((a as i64 * b as i64 + (1 << 30)) as u64 >> 31) as i32
}

/// `x / 2^shift`, rounded half away from 0, for shifts from 0 to 31.
#[inline(always)]
pub(crate) const fn rounding_shift(x: i32, shift: i32) -> i32 {
    let mask = ((1u32 << shift) - 1) as i32;
    let threshold = (mask >> 1) + (x < 0) as i32;
    (x >> shift) + ((x & mask) > threshold) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipliers_are_the_closest() {
        for (factor, mantissa, exponent) in [
            (1.0, 1 << 30, 1),
            (0.5, 1 << 30, 0),
            (0.75, 3 << 29, 0),
            (1.0 - 1e-12, 1 << 30, 1),
            (2f64.powi(-32), 1 << 30, -31),
            (2f64.powi(-33), 0, 0),
            (2f64.powi(40), i32::MAX, 30),
            (0.0, 0, 0),
            (-1.0, 0, 0),
            (f64::NAN, 0, 0),
        ] {
            assert_eq!(Multiplier::new(factor), Multiplier { mantissa, exponent }, "{factor}");
        }
    }

    #[test]
    fn both_ways_round_to_the_closest_integer_except_for_ties() {
        let mut rng = crate::Rng::new(1);
        for _ in 0..10_000 {
            let factor = (-25.0 * rng.uniform()).exp2();
            let sum = (2e9 * rng.uniform() - 1e9) as i32;
            let (exact, multiplier) = (f64::from(sum) * factor, Multiplier::new(factor));
            for rounded in [multiplier.apply(sum), multiplier.apply_once(sum)] {
                assert!((f64::from(rounded) - exact).abs() <= 1.01, "{sum} · {factor} is {exact}, not {rounded}");
            }
        }
    }

    #[test]
    fn small_multipliers_round_as_any() {
        let mut rng = crate::Rng::new(4);
        for exponent in -31..=-2 {
            for mantissa in [1 << 30, (1 << 30) + 1, i32::MAX, 1 << 30 | rng.bits() as i32 >> 2 & i32::MAX] {
                let multiplier = Multiplier { mantissa, exponent };
                let halfway = (-exponent as u32..31).flat_map(|bit| [-1 << bit, 1 << bit]);
                for sum in halfway.chain([i32::MIN, i32::MAX]).chain((0..100).map(|_| rng.bits() as i32)) {
                    for sum in [sum.wrapping_sub(1), sum, sum.wrapping_add(1)] {
                        let halves = [multiplier.doubled(sum), multiplier.doubled_once(sum)].map(|y| (y + 1) >> 1);
                        let any = [multiplier.apply_any(sum), multiplier.apply_any_once(sum)];
                        assert_eq!(halves, any, "{sum} · {multiplier:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn factors_round_as_multipliers_do() {
        let mut rng = crate::Rng::new(2);
        for _ in 0..10_000 {
            let multiplier = Multiplier::new((-31.0 * rng.uniform()).exp2());
            let sum = ((2.0 * rng.uniform() - 1.0) * (30.0 * rng.uniform()).exp2()) as i32;
            let add = i32::from(rng.bits() as i8);
            if let Some(factor) = Factor::of(multiplier, add) {
                assert_eq!(factor.apply(sum), multiplier.apply(sum) + add, "{multiplier:?} {sum} {add}");
            }
        }
        assert!(Factor::of(Multiplier::HALF, 0).is_none() && Factor::of(Multiplier::new(0.499), 0).is_some());
    }

    #[test]
    fn halves_are_rounded_away_from_zero_after_the_product() {
        let half = Multiplier::new(0.25);
        assert_eq!([6, -6, 2, -2, 5, -5].map(|sum| half.apply(sum)), [2, -2, 1, -1, 2, -1]);
        assert_eq!([6, -6, 2, -2, 5, -5].map(|sum| half.apply_once(sum)), [2, -1, 1, 0, 1, -1]);
        assert_eq!(rounding_shift(i32::MAX, 31), 1);
        assert_eq!(rounding_shift(i32::MIN, 31), -1);
        assert_eq!(doubled_high_product(i32::MIN, i32::MIN), i32::MAX);
    }
}
