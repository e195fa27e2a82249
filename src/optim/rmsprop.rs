//! Steps in units of the gradient's usual size.

use super::{Optimizer, PerWeight, Settings, has_settings, in_range, is_decay, is_divisor};
use crate::kernel::Real;

/// `v = rho·v + (1−rho)·g²`, `w −= rate·g / √(v + epsilon)` (Hinton 2012).
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, RmsProp, 2>::new(RmsProp::new(0.01), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// Decay of the mean of squares, in [0, 1).
    pub rho: f64,
    /// Keeps the divisor above 0: finite and above 0.
    pub epsilon: f64,
}

impl RmsProp {
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), rho: 0.9, epsilon: 1e-7 }
    }
}

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
}

impl Optimizer for RmsProp {
    type State = PerWeight<1>;
    type Step = RmsPropStep;

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_decay(self.rho), "`rho` must be in [0, 1)")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0")
    }

    fn largest_step(&self) -> f64 {
        1.0 / libm::sqrt(self.epsilon)
    }

    fn step(&self, _: u64, rate: f64) -> RmsPropStep {
        RmsPropStep { rate, rho: self.rho, epsilon: self.epsilon }
    }

    #[inline(always)]
    fn update<V: Real>(step: RmsPropStep, g: V, w: V, [v]: [V; 1]) -> (V, [V; 1]) {
        let v = V::splat(step.rho) * v + V::splat(1.0 - step.rho) * g * g;
        (w - V::splat(step.rate) * g / (v + V::splat(step.epsilon)).sqrt(), [v])
    }
}
