//! Half the squared error, as in textbooks.

use super::{
    Follows,
    pointwise::{Pointwise, pointwise},
};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// `½·Σₙ (y[n] − label[n])²`, the textbook's, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, HalfSquaredError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 2.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfSquaredError;

pointwise!(HalfSquaredError, Predictions, MeanAbsolute, |_| 1.0, "finite numbers", f64::is_finite);

impl<H> Follows<H> for HalfSquaredError {}

impl Pointwise for HalfSquaredError {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        V::splat(0.5) * (output - label) * (output - label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        output - label
    }
}
