//! Steps that shrink with all that was gone before.

use super::{Gradients, Optimizer, Settings, at_least_0, has_settings, in_range, is_divisor, walk};
use crate::{
    Zeroed,
    kernel::{ElementwiseKernel, Real},
    layer::Layer,
};

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
    /// Where the sum of squares starts: finite and at least 0.
    pub initial: f64,
    /// Keeps the divisor above 0: finite and above 0.
    pub epsilon: f64,
}

impl Adagrad {
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), initial: 0.1, epsilon: 1e-7 }
    }
}

impl Default for Adagrad {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

impl Optimizer for Adagrad {
    type Moments<L: Zeroed> = [L; 1];
    type Gradient<L: Zeroed> = [L; 1];

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(at_least_0(self.initial), "`initial` must be finite and at least 0")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0")
    }

    fn most_movement(&self) -> f64 {
        1.0 / libm::sqrt(self.initial + self.epsilon)
    }

    #[inline(always)]
    fn update<N: Layer, G: Gradients<N>>(
        &self,
        step: u64,
        network: &mut N,
        gradients: G,
        [square]: &mut [N::Trainable; 1],
    ) {
        let rate = self.settings.learning_rate.at(step);
        let formula = Slow { rate, start: self.initial + self.epsilon };
        walk(&self.settings, rate, formula, network, gradients, [square]);
    }
}

/// The formula of [`Adagrad`].
#[derive(Clone, Copy)]
struct Slow {
    rate: f64,
    start: f64,
}

impl ElementwiseKernel<1, 2> for Slow {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, a]: [V; 2]) -> [V; 2] {
        let a = a + g * g;
        [w - V::splat(self.rate) * g / (a + V::splat(self.start)).sqrt(), a]
    }
}
