//! Steps in units of the gradient's usual size.

use super::{Gradients, Optimizer, Settings, has_settings, in_range, is_divisor, is_share, walk};
use crate::{
    Zeroed,
    kernel::{ElementwiseKernel, Real},
    layer::Layer,
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
    type Moments<L: Zeroed> = [L; 1];
    type Gradient<L: Zeroed> = [L; 1];

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
    fn update<N: Layer, G: Gradients<N>>(
        &self,
        step: u64,
        network: &mut N,
        gradients: G,
        [square]: &mut [N::Trainable; 1],
    ) {
        let rate = self.settings.learning_rate.at(step);
        let formula = Normalise { rate, rho: self.rho, epsilon: self.epsilon };
        walk(&self.settings, rate, formula, network, gradients, [square]);
    }
}

/// The formula of [`RmsProp`].
#[derive(Clone, Copy)]
struct Normalise {
    rate: f64,
    rho: f64,
    epsilon: f64,
}

impl ElementwiseKernel<1, 2> for Normalise {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let v = V::splat(self.rho) * v + V::splat(1.0 - self.rho) * g * g;
        [w - V::splat(self.rate) * g / (v + V::splat(self.epsilon)).sqrt(), v]
    }
}
