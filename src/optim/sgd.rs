//! Stochastic gradient descent, plain and with momentum.

use super::{Optimizer, Settings, Update, has_settings, in_range, is_share};
use crate::{
    Zeroed,
    kernel::{Real, Simd, Sweep},
    layer::{Layer, Path},
};

/// `w −= rate·g`: gradient descent when the batch is the whole data set. It remembers nothing.
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
        let rate = self.settings.learning_rate.at(step);
        let rule = SgdRule { rate };
        let mut update = Update::new(simd, &self.settings, step, rule);
        N::parameters_mut([gradient, network], Path::ROOT, &mut update);
    }
}

#[derive(Clone, Copy)]
struct SgdRule {
    rate: f64,
}

impl Sweep<1, 1> for SgdRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w]: [V; 1]) -> [V; 1] {
        [w - V::splat(self.rate) * g]
    }
}

/// `v = momentum·v − rate·g`, `w += v` (Polyak 1964); with Nesterov's look-ahead,
/// `w += momentum·v − rate·g`.
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
        let rate = self.settings.learning_rate.at(step);
        let rule = MomentumRule { rate, momentum: self.momentum, nesterov: self.nesterov };
        let mut update = Update::new(simd, &self.settings, step, rule);
        N::parameters_mut([gradient, network, velocity], Path::ROOT, &mut update);
    }
}

#[derive(Clone, Copy)]
struct MomentumRule {
    rate: f64,
    momentum: f64,
    nesterov: bool,
}

impl Sweep<1, 2> for MomentumRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let (momentum, step) = (V::splat(self.momentum), V::splat(self.rate) * g);
        let v = momentum * v - step;
        let movement = if self.nesterov { momentum * v - step } else { v };
        [w + movement, v]
    }
}
