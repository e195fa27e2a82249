//! Gradients divided by their root mean square.

use super::{Optimizer, PerWeight, Settings, check_squares, has_settings, in_range, is_decay, is_divisor};
use crate::kernel::Real;

/// `v = rho·v + (1−rho)·g²`, `w −= rate·g / √(v + epsilon)` (Hinton 2012).
///
/// [`momentum`](Self::momentum) and [`centered`](Self::centered) each add one number of state for each weight, so they
/// are part of the type. Centered, `a = rho·a + (1−rho)·g` and the divisor is `√(v − a² + epsilon)` (Graves 2013); with
/// momentum, `m = momentum·m + rate·g / √(…)` and `w −= m`.
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, RmsProp, 2>::new(RmsProp::new(0.01), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
///
/// let both: RmsProp<true, true> = RmsProp::new(0.01).momentum(0.9).centered();
/// # let _ = both;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp<const MOMENTUM: bool = false, const CENTERED: bool = false> {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// Decay of the mean of squared gradients, in [0, 1).
    pub rho: f64,
    /// Keeps the divisor above 0. Finite and above 0.
    pub epsilon: f64,
    /// The share of the last step that is added to the next, in [0, 1); unused without `MOMENTUM`.
    pub momentum: f64,
}

impl RmsProp {
    /// Creates the optimizer with this learning rate, `rho` 0.9 and `epsilon` 10⁻⁷.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), rho: 0.9, epsilon: 1e-7, momentum: 0.0 }
    }
}

impl<const MOMENTUM: bool, const CENTERED: bool> RmsProp<MOMENTUM, CENTERED> {
    /// Adds momentum, in [0, 1).
    #[must_use]
    pub const fn momentum(self, momentum: f64) -> RmsProp<true, CENTERED> {
        let Self { settings, rho, epsilon, .. } = self;
        RmsProp { settings, rho, epsilon, momentum }
    }

    /// Divides by the standard deviation of gradients instead of their root mean square.
    #[must_use]
    pub const fn centered(self) -> RmsProp<MOMENTUM, true> {
        let Self { settings, rho, epsilon, momentum } = self;
        RmsProp { settings, rho, epsilon, momentum }
    }

    /// The formula. State that the type does not keep is 0.
    #[inline(always)]
    fn formula<V: Real>(step: RmsPropStep, g: V, w: V, [v, mean, momentum]: [V; 3]) -> (V, [V; 3]) {
        let (rho, new) = (V::splat(step.rho), V::splat(1.0 - step.rho));
        let v = rho * v + new * g * g;
        let (mean, spread) = if CENTERED {
            let mean = rho * mean + new * g;
            // Rounding may make it negative.
            (mean, V::splat(0.0).max(v - mean * mean))
        } else {
            (mean, v)
        };
        let change = V::splat(step.rate) * g / (spread + V::splat(step.epsilon)).sqrt();
        if MOMENTUM {
            let momentum = V::splat(step.momentum) * momentum + change;
            (w - momentum, [v, mean, momentum])
        } else {
            (w - change, [v, mean, momentum])
        }
    }
}

/// A learning rate of 0.001.
impl Default for RmsProp {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

/// The constants of a step of [`RmsProp`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct RmsPropStep {
    rate: f64,
    rho: f64,
    epsilon: f64,
    momentum: f64,
}

/// Whether gradients with this mean square may have this mean, up to rounding: each step rounds both, and flushes tiny
/// squares to 0.
fn is_mean_of(square: f64, mean: f64) -> bool {
    mean * mean <= 2.0 * square + 1e-30
}

macro_rules! optimizers {
    ($($name:literal $momentum:literal $centered:literal $numbers:literal [$($kept:ident),*] $of:pat in $all:expr;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Optimizer for RmsProp<$momentum, $centered> {
                type State = PerWeight<$numbers>;
                type Step = RmsPropStep;
                const NAME: &'static str = $name;

                has_settings!();

                fn check_state(state: &[f64]) -> Result<(), &'static str> {
                    check_squares(state[0])?;
                    let is_possible = !$centered || is_mean_of(state[0], state[1]);
                    in_range(is_possible, "the square of the mean gradient is above the mean square")
                }

                fn check(&self) -> Result<(), &'static str> {
                    self.settings.check()?;
                    in_range(is_decay(self.rho), "`rho` must be in [0, 1)")?;
                    in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0 as `f32`")?;
                    in_range(is_decay(self.momentum), "`momentum` must be in [0, 1)")
                }

                fn largest_step(&self) -> f64 {
                    1.0 / (libm::sqrt(self.epsilon) * (1.0 - self.momentum))
                }

                fn step(&self, _: u64, rate: f64) -> RmsPropStep {
                    let Self { rho, epsilon, momentum, .. } = *self;
                    RmsPropStep { rate, rho, epsilon, momentum }
                }

                #[inline(always)]
                fn update<V: Real>(step: RmsPropStep, g: V, w: V, [$($kept),*]: [V; $numbers]) -> (V, [V; $numbers]) {
                    let (w, $of) = Self::formula(step, g, w, $all);
                    (w, [$($kept),*])
                }
            }
        )*
    };
}
// The name of each variant, its state, and the position in the state of the formula.
optimizers! {
    "RmsProp" false false 1 [v] [v, _, _] in [v, V::splat(0.0), V::splat(0.0)];
    "RmsProp<false, true>" false true 2 [v, a] [v, a, _] in [v, a, V::splat(0.0)];
    "RmsProp<true, false>" true false 2 [v, m] [v, _, m] in [v, V::splat(0.0), m];
    "RmsProp<true, true>" true true 3 [v, a, m] [v, a, m] in [v, a, m];
}
