//! Regularization: penalties on large weights.
//!
//! [`Regularized`](crate::layers::Regularized) adds a penalty to a layer or a network in its type;
//! [`Settings::penalty`](crate::optim::Settings) adds one to the whole network at run time.

use core::fmt;

use crate::kernel::{ElementwiseKernel, Real, Summand};

/// The penalty `l1·Σ|w| + l2·Σw²` over all kernels, which is added to the loss. Biases have no penalty.
///
/// ```
/// use shiplap::regularize::Penalty;
///
/// assert_eq!(Penalty::l1(0.1) + Penalty::l2(0.2), Penalty { l1: 0.1, l2: 0.2 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalty {
    /// The coefficient of `Σ|w|`, finite and at least 0.
    pub l1: f64,
    /// The coefficient of `Σw²`, finite and at least 0.
    pub l2: f64,
}

impl Penalty {
    /// No penalty.
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };

    /// The penalty `factor·Σ|w|`.
    pub const fn l1(factor: f64) -> Self {
        Self { l1: factor, l2: 0.0 }
    }

    /// The penalty `factor·Σw²`.
    pub const fn l2(factor: f64) -> Self {
        Self { l1: 0.0, l2: factor }
    }
}

impl core::ops::Add for Penalty {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { l1: self.l1 + other.l1, l2: self.l2 + other.l2 }
    }
}

/// `L1(0.001) + L2(0.01)`
impl fmt::Display for Penalty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { l1: 0.0, l2 } => write!(formatter, "L2({l2})"),
            Self { l1, l2: 0.0 } => write!(formatter, "L1({l1})"),
            Self { l1, l2 } => write!(formatter, "L1({l1}) + L2({l2})"),
        }
    }
}

/// A penalty as a type, for [`Regularized`](crate::layers::Regularized).
pub trait Regularizer: Send + Sync + 'static {
    /// The penalty.
    const PENALTY: Penalty;
}

/// The penalty `MANTISSA·10^EXPONENT·Σ|w|`: `L1<5, -4>` has the coefficient 5×10⁻⁴.
#[derive(Clone, Copy, Debug)]
pub struct L1<const MANTISSA: u32, const EXPONENT: i32>;

/// The penalty `MANTISSA·10^EXPONENT·Σw²`: `L2<1, -3>` has the coefficient 10⁻³.
#[derive(Clone, Copy, Debug)]
pub struct L2<const MANTISSA: u32, const EXPONENT: i32>;

impl<const MANTISSA: u32, const EXPONENT: i32> Regularizer for L1<MANTISSA, EXPONENT> {
    const PENALTY: Penalty = Penalty::l1(scientific(MANTISSA as f64, EXPONENT));
}

impl<const MANTISSA: u32, const EXPONENT: i32> Regularizer for L2<MANTISSA, EXPONENT> {
    const PENALTY: Penalty = Penalty::l2(scientific(MANTISSA as f64, EXPONENT));
}

impl<A: Regularizer, B: Regularizer> Regularizer for (A, B) {
    const PENALTY: Penalty = Penalty { l1: A::PENALTY.l1 + B::PENALTY.l1, l2: A::PENALTY.l2 + B::PENALTY.l2 };
}

/// `mantissa·10^exponent`.
pub(crate) const fn scientific(mantissa: f64, exponent: i32) -> f64 {
    let mut power = 1.0f64;
    let mut remaining = exponent.unsigned_abs();
    while remaining > 0 && power.is_finite() {
        power *= 10.0;
        remaining -= 1;
    }
    let number = if exponent < 0 { mantissa / power } else { mantissa * power };
    let magnitude = if number < 0.0 { -number } else { number };
    assert!(
        power.is_finite() && magnitude <= f32::MAX as f64,
        "the number must be finite as `f32`, and its exponent at least -308"
    );
    number
}

impl Summand<1> for Penalty {
    #[inline(always)]
    fn apply<V: Real>(&self, [w]: [V; 1]) -> V {
        V::splat(self.l1) * w.abs() + V::splat(self.l2) * w * w
    }
}

impl ElementwiseKernel<1, 1> for Penalty {
    #[inline(always)]
    fn apply<V: Real>(&self, [w]: [V; 1], [g]: [V; 1]) -> [V; 1] {
        let zero = V::splat(0.0);
        let sign = w.if_gt(zero, V::splat(1.0), zero.if_gt(w, V::splat(-1.0), zero));
        [g + V::splat(self.l1) * sign + V::splat(2.0 * self.l2) * w]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_scientific_notation() {
        assert_eq!(<L1<5, -4>>::PENALTY, Penalty::l1(5e-4));
        assert_eq!(<(L1<1, -3>, L2<2, 1>)>::PENALTY, Penalty { l1: 1e-3, l2: 20.0 });
    }
}
