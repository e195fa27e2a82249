//! Stochastic gradient descent, plain and with momentum.

use super::{Optimizer, PerWeight, Settings, has_settings, in_range, is_decay};
use crate::kernel::Real;

/// Stochastic gradient descent: `w −= rate·g`. It keeps no state.
///
/// [`momentum`](Self::momentum) turns it into [`Momentum`].
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
}

impl Sgd {
    /// Creates the optimizer with this learning rate.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate) }
    }

    /// Adds momentum, in [0, 1), which takes one number of state for each weight.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let sgd: Momentum = Sgd::new(0.01).momentum(0.9).nesterov();
    /// assert_eq!(sgd, Momentum::new(0.01).nesterov());
    /// ```
    #[must_use]
    pub const fn momentum(self, momentum: f64) -> Momentum {
        Momentum { settings: self.settings, momentum, nesterov: false }
    }
}

/// A learning rate of 0.01.
impl Default for Sgd {
    fn default() -> Self {
        Self::new(0.01)
    }
}

#[diagnostic::do_not_recommend]
impl Optimizer for Sgd {
    type State = PerWeight<0>;
    type Step = f64;
    const NAME: &'static str = "Sgd";

    has_settings!();

    fn largest_step(&self) -> f64 {
        1.0
    }

    fn step(&self, _: u64, rate: f64) -> f64 {
        rate
    }

    #[inline(always)]
    fn update<V: Real>(rate: f64, g: V, w: V, []: [V; 0]) -> (V, [V; 0]) {
        (w - V::splat(rate) * g, [])
    }
}

/// [`Sgd`] with momentum: `v = momentum·v − rate·g`, `w += v` (Polyak 1964). With Nesterov's look-ahead,
/// `w += momentum·v − rate·g` (Nesterov 1983).
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Momentum, 2>::new(Momentum::new(0.05).nesterov(), 1);
/// trainer.fit(&x, &y, Fit::epochs(500))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// The share of the last step that is added to the next, in [0, 1).
    pub momentum: f64,
    /// Whether to use Nesterov's look-ahead.
    pub nesterov: bool,
}

impl Momentum {
    /// Creates the optimizer with this learning rate and a momentum of 0.9.
    pub const fn new(learning_rate: f64) -> Self {
        Sgd::new(learning_rate).momentum(0.9)
    }

    /// Enables Nesterov's look-ahead.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }
}

/// A learning rate of 0.01 and a momentum of 0.9.
impl Default for Momentum {
    fn default() -> Self {
        Self::new(0.01)
    }
}

/// The constants of a step of [`Momentum`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct MomentumStep {
    rate: f64,
    momentum: f64,
    nesterov: bool,
}

#[diagnostic::do_not_recommend]
impl Optimizer for Momentum {
    type State = PerWeight<1>;
    type Step = MomentumStep;
    const NAME: &'static str = "Momentum";

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_decay(self.momentum), "`momentum` must be in [0, 1)")
    }

    fn largest_step(&self) -> f64 {
        1.0 / (1.0 - self.momentum)
    }

    fn step(&self, _: u64, rate: f64) -> MomentumStep {
        MomentumStep { rate, momentum: self.momentum, nesterov: self.nesterov }
    }

    #[inline(always)]
    fn update<V: Real>(step: MomentumStep, g: V, w: V, [v]: [V; 1]) -> (V, [V; 1]) {
        let (momentum, descent) = (V::splat(step.momentum), V::splat(step.rate) * g);
        let v = momentum * v - descent;
        let change = if step.nesterov { momentum * v - descent } else { v };
        (w + change, [v])
    }
}
