//! Step sizes that shrink with the sum of all squared gradients.

use super::{Optimizer, PerWeight, Settings, at_least_0, check_squares, has_settings, in_range, is_divisor};
use crate::kernel::Real;

/// `a += g²`, `w −= rate·g / √(initial + a + epsilon)` (Duchi et al. 2011).
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Adagrad, 2>::new(Adagrad::new(0.5), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// The initial value of `a`: finite and at least 0.
    pub initial: f64,
    /// Keeps the divisor above 0. Finite and above 0.
    pub epsilon: f64,
}

impl Adagrad {
    /// Creates the optimizer with this learning rate, `initial` 0.1 and `epsilon` 10⁻⁷.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), initial: 0.1, epsilon: 1e-7 }
    }
}

/// A learning rate of 0.001.
impl Default for Adagrad {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

/// The constants of a step of [`Adagrad`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AdagradStep {
    rate: f64,
    floor: f64,
}

#[diagnostic::do_not_recommend]
impl Optimizer for Adagrad {
    type State = PerWeight<1>;
    type Step = AdagradStep;
    const NAME: &'static str = "Adagrad";

    has_settings!();

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        check_squares(state[0])
    }

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(at_least_0(self.initial), "`initial` must be finite and at least 0 as `f32`")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0 as `f32`")
    }

    fn largest_step(&self) -> f64 {
        1.0 / libm::sqrt(self.initial + self.epsilon)
    }

    fn step(&self, _: u64, rate: f64) -> AdagradStep {
        AdagradStep { rate, floor: self.initial + self.epsilon }
    }

    #[inline(always)]
    fn update<V: Real>(step: AdagradStep, g: V, w: V, [a]: [V; 1]) -> (V, [V; 1]) {
        let a = a + g * g;
        (w - V::splat(step.rate) * g / (a + V::splat(step.floor)).sqrt(), [a])
    }
}
