//! Steps in units of the gradient's usual size.

use super::{At, Optimizer, Settings, Update, has_settings, in_range, is_divisor, is_share};
use crate::{
    Zeroed,
    kernel::{Real, Simd, Sweep},
    layer::{Layer, Path},
};

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

impl Optimizer for RmsProp {
    type Moments<N: Zeroed> = [N; 1];

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_share(self.rho), "`rho` must be in [0, 1)")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0")
    }

    fn most_movement(&self) -> f64 {
        1.0 / libm::sqrt(self.epsilon)
    }

    #[inline(always)]
    fn update<S: Simd, N: Layer>(&self, simd: S, step: u64, network: &mut N, gradient: &mut N, [square]: &mut [N; 1]) {
        let mut update = Update::new(simd, *self, step);
        N::parameters_mut([gradient, network, square], Path::ROOT, &mut update);
    }
}

impl Sweep<1, 2> for At<RmsProp> {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let RmsProp { rho, epsilon, .. } = self.optimizer;
        let v = V::splat(rho) * v + V::splat(1.0 - rho) * g * g;
        [w - V::splat(self.rate) * g / (v + V::splat(epsilon)).sqrt(), v]
    }
}
