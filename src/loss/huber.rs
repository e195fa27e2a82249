//! Huber's loss: quadratic for small errors, linear for large ones.

use super::{Follows, PointwiseLoss, in_range, is_divisor};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// With `d = y − label`: `½·d²` for `|d| ≤ delta`, else `delta·|d| − ½·delta²`, averaged over outputs and rows (Huber
/// 1964).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, Huber, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 1.5).abs() < 1e-6);
///
/// let loss = trainer.with_loss(Huber { delta: 0.5 }).evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 0.875).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber {
    /// The absolute error above which the loss is linear: finite and above 0.
    pub delta: f64,
}

/// A `delta` of 1.
impl Default for Huber {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

#[diagnostic::do_not_recommend]
impl<H> Follows<H> for Huber {}

impl PointwiseLoss for Huber {
    type Ending = Predictions;
    type Metric = MeanAbsolute;

    fn check(&self) -> Result<(), &'static str> {
        in_range(is_divisor(self.delta), "the `delta` of `Huber` must be finite and above 0 as `f32`")
    }

    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        let (delta, distance) = (V::splat(self.delta), (output - label).abs());
        let near = V::splat(0.5) * distance * distance;
        distance.if_gt(delta, delta * distance - V::splat(0.5 * self.delta * self.delta), near)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        V::splat(-self.delta).max(V::splat(self.delta).min(output - label))
    }
}
