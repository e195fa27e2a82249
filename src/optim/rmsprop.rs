//! Steps in units of the gradient's usual size.

use super::{Optimizer, Settings, Update, has_settings, in_range, is_divisor, is_share};
use crate::{
    Zeroed,
    kernel::{Real, Simd, Sweep},
    layer::{Layer, Path},
};

/// `v = rho·v + (1−rho)·g²`, `w −= rate·g / √(v + epsilon)` (Hinton 2012).
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
        let rate = self.settings.learning_rate.at(step);
        let rule = RmsPropRule { rate, rho: self.rho, epsilon: self.epsilon };
        let mut update = Update::new(simd, &self.settings, step, rule);
        N::parameters_mut([gradient, network, square], Path::ROOT, &mut update);
    }
}

#[derive(Clone, Copy)]
struct RmsPropRule {
    rate: f64,
    rho: f64,
    epsilon: f64,
}

impl Sweep<1, 2> for RmsPropRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let v = V::splat(self.rho) * v + V::splat(1.0 - self.rho) * g * g;
        [w - V::splat(self.rate) * g / (v + V::splat(self.epsilon)).sqrt(), v]
    }
}
