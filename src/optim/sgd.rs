//! Stochastic gradient descent, plain and with momentum.

use super::{Gradients, Optimizer, Settings, has_settings, in_range, is_share, walk};
use crate::{
    Zeroed,
    kernel::{ElementwiseKernel, Real},
    layer::Layer,
};

/// `w −= rate·g`: gradient descent when the batch is the whole data set. It remembers nothing.
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
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate) }
    }
}

impl Default for Sgd {
    fn default() -> Self {
        Self::new(0.01)
    }
}

impl Optimizer for Sgd {
    type Moments<L: Zeroed> = [L; 0];
    type Gradient<L: Zeroed> = [L; 1];

    has_settings!();

    fn most_movement(&self) -> f64 {
        1.0
    }

    #[inline(always)]
    fn update<N: Layer, G: Gradients<N>>(&self, step: u64, network: &mut N, gradients: G, []: &mut [N::Trainable; 0]) {
        let rate = self.settings.learning_rate.at(step);
        walk(&self.settings, rate, Descend { rate }, network, gradients, []);
    }
}

/// The formula of [`Sgd`].
#[derive(Clone, Copy)]
struct Descend {
    rate: f64,
}

impl ElementwiseKernel<1, 1> for Descend {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w]: [V; 1]) -> [V; 1] {
        [w - V::splat(self.rate) * g]
    }
}

/// `v = momentum·v − rate·g`, `w += v` (Polyak 1964); with Nesterov's look-ahead,
/// `w += momentum·v − rate·g`.
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
    /// How much of the last movement goes on, in [0, 1).
    pub momentum: f64,
    /// Whether to look ahead (Nesterov 1983).
    pub nesterov: bool,
}

impl Momentum {
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), momentum: 0.9, nesterov: false }
    }

    /// With Nesterov's look-ahead.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }
}

impl Default for Momentum {
    fn default() -> Self {
        Self::new(0.01)
    }
}

impl Optimizer for Momentum {
    type Moments<L: Zeroed> = [L; 1];
    type Gradient<L: Zeroed> = [L; 1];

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_share(self.momentum), "`momentum` must be in [0, 1)")
    }

    fn most_movement(&self) -> f64 {
        1.0 / (1.0 - self.momentum)
    }

    #[inline(always)]
    fn update<N: Layer, G: Gradients<N>>(
        &self,
        step: u64,
        network: &mut N,
        gradients: G,
        [velocity]: &mut [N::Trainable; 1],
    ) {
        let rate = self.settings.learning_rate.at(step);
        let formula = Roll { rate, momentum: self.momentum, nesterov: self.nesterov };
        walk(&self.settings, rate, formula, network, gradients, [velocity]);
    }
}

/// The formula of [`Momentum`].
#[derive(Clone, Copy)]
struct Roll {
    rate: f64,
    momentum: f64,
    nesterov: bool,
}

impl ElementwiseKernel<1, 2> for Roll {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let (momentum, step) = (V::splat(self.momentum), V::splat(self.rate) * g);
        let v = momentum * v - step;
        let movement = if self.nesterov { momentum * v - step } else { v };
        [w + movement, v]
    }
}
