//! Learning rates that change from step to step.

use super::{at_least_0, in_range};

/// The learning rate of each step, counted from 0 since the trainer was created. Rates and factors are finite and at
/// least 0.
///
/// An epoch has `samples.div_ceil(BATCH)` steps: `every: 10 * samples.div_ceil(BATCH) as u64` means every 10 epochs. To
/// set the rate for each epoch, use [`LearningRateScheduler`](crate::train::LearningRateScheduler) or
/// [`ReduceLrOnPlateau`](crate::train::ReduceLrOnPlateau).
///
/// ```
/// use shiplap::prelude::*;
///
/// assert_eq!(Schedule::Constant(0.1).at(1000), 0.1);
/// let step = Schedule::Step { initial: 0.1, every: 100, factor: 0.5 };
/// assert_eq!((step.at(99), step.at(100)), (0.1, 0.05));
/// let exponential = Schedule::Exponential { initial: 1.0, every: 100, factor: 0.25 };
/// assert_eq!(exponential.at(50), 0.5);
/// let cosine = Schedule::Cosine { peak: 0.1, warm_up: 10, steps: 90 };
/// assert_eq!((cosine.at(0), cosine.at(10), cosine.at(100)), (0.0, 0.1, 0.0));
///
/// let optimizer = Adam::default().schedule(cosine);
/// assert_eq!(optimizer.settings().learning_rate, cosine);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// The same rate in each step.
    Constant(f64),
    /// `initial·factor^⌊step / every⌋`.
    Step {
        /// The first rate.
        initial: f64,
        /// The number of steps between changes of the rate, at least 1.
        every: u64,
        /// The factor of each change.
        factor: f64,
    },
    /// `initial·factor^(step / every)`.
    Exponential {
        /// The first rate.
        initial: f64,
        /// The number of steps over which the rate changes by `factor`, at least 1.
        every: u64,
        /// The factor of the change over `every` steps.
        factor: f64,
    },
    /// From 0 to `peak` in `warm_up` steps, then down to 0 along half a cosine in `steps` more
    /// (Loshchilov and Hutter 2016).
    Cosine {
        /// The highest rate.
        peak: f64,
        /// The number of steps in which the rate rises; may be 0.
        warm_up: u64,
        /// The number of steps in which the rate falls, at least 1.
        steps: u64,
    },
}

impl Schedule {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        in_range(at_least_0(self.peak()), "the learning rate must be finite and at least 0 as `f32`")?;
        match *self {
            Self::Constant(_) => Ok(()),
            Self::Step { every, factor, .. } | Self::Exponential { every, factor, .. } => {
                in_range(every > 0, "`every`, the steps between changes of a schedule, must be at least 1")?;
                in_range(factor >= 0.0 && factor.is_finite(), "the factor of a schedule must be finite and at least 0")
            }
            Self::Cosine { steps, .. } => {
                in_range(steps > 0, "`steps`, in which a cosine schedule lowers the rate, must be at least 1")
            }
        }
    }

    /// The highest rate. For `Step` and `Exponential` it is the initial rate, whatever the factor.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let cosine = Schedule::Cosine { peak: 0.1, warm_up: 10, steps: 90 };
    /// assert_eq!(cosine.with_peak(0.05).peak(), 0.05);
    /// ```
    pub const fn peak(&self) -> f64 {
        match *self {
            Self::Constant(rate) | Self::Cosine { peak: rate, .. } => rate,
            Self::Step { initial, .. } | Self::Exponential { initial, .. } => initial,
        }
    }

    /// This schedule scaled to another [`peak`](Self::peak).
    #[must_use]
    pub const fn with_peak(self, peak: f64) -> Self {
        match self {
            Self::Constant(_) => Self::Constant(peak),
            Self::Step { every, factor, .. } => Self::Step { initial: peak, every, factor },
            Self::Exponential { every, factor, .. } => Self::Exponential { initial: peak, every, factor },
            Self::Cosine { warm_up, steps, .. } => Self::Cosine { peak, warm_up, steps },
        }
    }

    /// The rate of step `step`.
    #[inline(always)]
    pub fn at(&self, step: u64) -> f64 {
        match *self {
            Self::Constant(rate) => rate,
            _ => self.changed(step),
        }
    }

    /// Not inlined: powers and cosines take hundreds of bytes of stack that a constant rate does not need.
    #[inline(never)]
    fn changed(&self, step: u64) -> f64 {
        match *self {
            Self::Constant(rate) => rate,
            Self::Step { initial, every, factor } => initial * power(factor, (step / every.max(1)) as f64),
            Self::Exponential { initial, every, factor } => initial * power(factor, step as f64 / every.max(1) as f64),
            Self::Cosine { peak, warm_up, .. } if step < warm_up => peak * step as f64 / warm_up as f64,
            Self::Cosine { peak, warm_up, steps } => {
                let share = ((step - warm_up) as f64 / steps.max(1) as f64).min(1.0);
                0.5 * peak * (1.0 + libm::cos(core::f64::consts::PI * share))
            }
        }
    }
}

/// `factor^exponent`, but finite, so that 0 times it is 0.
fn power(factor: f64, exponent: f64) -> f64 {
    libm::pow(factor, exponent).min(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_0_stays_0() {
        for factor in [2.0, 1e300] {
            assert_eq!(Schedule::Exponential { initial: 0.0, every: 1, factor }.at(2000), 0.0);
            assert_eq!(Schedule::Step { initial: 0.0, every: 1, factor }.at(2000), 0.0);
        }
    }

    #[test]
    fn rates_follow_their_formula() {
        let step = Schedule::Step { initial: 1.0, every: 10, factor: 0.5 };
        assert_eq!([0, 9, 10, 25].map(|at| step.at(at)), [1.0, 1.0, 0.5, 0.25]);
        let exponential = Schedule::Exponential { initial: 1.0, every: 10, factor: 0.25 };
        assert_eq!([0, 5, 10].map(|at| exponential.at(at)), [1.0, 0.5, 0.25]);
        let cosine = Schedule::Cosine { peak: 2.0, warm_up: 4, steps: 10 };
        let rates = [0, 2, 4, 9, 14, 99].map(|at| cosine.at(at));
        for (rate, expected) in rates.into_iter().zip([0.0, 1.0, 2.0, 1.0, 0.0, 0.0]) {
            assert!((rate - expected).abs() < 1e-12, "{rates:?}");
        }
    }
}
