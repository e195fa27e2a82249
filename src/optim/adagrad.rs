//! Steps that shrink with all that was gone before.

use super::{At, Optimizer, Settings, Update, at_least_0, has_settings, in_range, is_divisor};
use crate::{
    Zeroed,
    kernel::{Real, Simd, Sweep},
    layer::{Layer, Path},
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
    type Moments<N: Zeroed> = [N; 1];

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
    fn update<S: Simd, N: Layer>(&self, simd: S, step: u64, network: &mut N, gradient: &mut N, [square]: &mut [N; 1]) {
        let mut update = Update::new(simd, *self, step);
        N::parameters_mut([gradient, network, square], Path::ROOT, &mut update);
    }
}

impl Sweep<1, 2> for At<Adagrad> {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, a]: [V; 2]) -> [V; 2] {
        let Adagrad { initial, epsilon, .. } = self.optimizer;
        let a = a + g * g;
        [w - V::splat(self.rate) * g / (a + V::splat(initial + epsilon)).sqrt(), a]
    }
}
