//! Stochastic gradient descent, plain and with momentum.

use super::{At, Optimizer, Settings, Update, has_settings, in_range, is_share};
use crate::{
    Zeroed,
    kernel::{Real, Simd, Sweep},
    layer::{Layer, Path},
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
    type Moments<N: Zeroed> = [N; 0];

    has_settings!();

    fn most_movement(&self) -> f64 {
        1.0
    }

    #[inline(always)]
    fn update<S: Simd, N: Layer>(&self, simd: S, step: u64, network: &mut N, gradient: &mut N, []: &mut [N; 0]) {
        let mut update = Update::new(simd, *self, step);
        N::parameters_mut([gradient, network], Path::ROOT, &mut update);
    }
}

impl Sweep<1, 1> for At<Sgd> {
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
    type Moments<N: Zeroed> = [N; 1];

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_share(self.momentum), "`momentum` must be in [0, 1)")
    }

    fn most_movement(&self) -> f64 {
        1.0 / (1.0 - self.momentum)
    }

    #[inline(always)]
    fn update<S: Simd, N: Layer>(
        &self,
        simd: S,
        step: u64,
        network: &mut N,
        gradient: &mut N,
        [velocity]: &mut [N; 1],
    ) {
        let mut update = Update::new(simd, *self, step);
        N::parameters_mut([gradient, network, velocity], Path::ROOT, &mut update);
    }
}

impl Sweep<1, 2> for At<Momentum> {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let Momentum { momentum, nesterov, .. } = self.optimizer;
        let (momentum, step) = (V::splat(momentum), V::splat(self.rate) * g);
        let v = momentum * v - step;
        let movement = if nesterov { momentum * v - step } else { v };
        [w + movement, v]
    }
}
