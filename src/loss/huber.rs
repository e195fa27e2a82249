//! Huber's loss: squared near 0, absolute far from it.

use super::{
    Follows,
    pointwise::{Pointwise, pointwise},
};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// `½·d²` for `|d| ≤ 1`, else `|d| − ½`, with `d = y − label`, as mean over outputs and rows (Huber 1964).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, Huber, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 1.5).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Huber;

pointwise!(Huber, Predictions, MeanAbsolute, |n| 1.0 / n as f64, "finite numbers", f64::is_finite);

impl<H> Follows<H> for Huber {}

impl Pointwise for Huber {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        let distance = (output - label).abs();
        let near = V::splat(0.5) * distance * distance;
        distance.if_gt(V::splat(1.0), distance - V::splat(0.5), near)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        V::splat(-1.0).max(V::splat(1.0).min(output - label))
    }
}
