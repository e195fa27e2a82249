//! Steps of one size, in the direction of the sign of a momentum.

use super::{Optimizer, PerWeight, Settings, has_settings, in_range, is_decay};
use crate::kernel::Real;

/// `w −= rate·sign(beta1·m + (1−beta1)·g)`, then `m = beta2·m + (1−beta2)·g` (Chen et al. 2023).
///
/// Every weight moves by the learning rate in each step, so use a rate 3 to 10 times lower than Adam's.
///
/// ```
/// use shiplap::{optim::Lion, prelude::*};
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Lion, 2>::new(Lion::new(0.005), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// The share of the momentum in the direction of a step, in [0, 1).
    pub beta1: f64,
    /// Decay of the momentum, in [0, 1).
    pub beta2: f64,
}

impl Lion {
    /// Creates the optimizer with this learning rate, `beta1` 0.9 and `beta2` 0.99.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), beta1: 0.9, beta2: 0.99 }
    }
}

/// A learning rate of 0.001.
impl Default for Lion {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

#[diagnostic::do_not_recommend]
impl Optimizer for Lion {
    type State = PerWeight<1>;
    type Step = [f64; 3];
    const NAME: &'static str = "Lion";

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_decay(self.beta1) && is_decay(self.beta2), "`beta1` and `beta2` must be in [0, 1)")
    }

    fn largest_step(&self) -> f64 {
        1.0
    }

    fn step(&self, _: u64, rate: f64) -> [f64; 3] {
        [rate, self.beta1, self.beta2]
    }

    #[inline(always)]
    fn update<V: Real>([rate, beta1, beta2]: [f64; 3], g: V, w: V, [m]: [V; 1]) -> (V, [V; 1]) {
        let (zero, rate) = (V::splat(0.0), V::splat(rate));
        let direction = V::splat(beta1) * m + V::splat(1.0 - beta1) * g;
        let change = direction.if_gt(zero, rate, zero.if_gt(direction, -rate, zero));
        (w - change, [V::splat(beta2) * m + V::splat(1.0 - beta2) * g])
    }
}
