//! The mean squared error.

use super::{Follows, PointwiseLoss};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// `Σₙ (y[n] − label[n])² / N`, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 4.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

#[diagnostic::do_not_recommend]
impl<H> Follows<H> for MeanSquaredError {}

impl PointwiseLoss for MeanSquaredError {
    type Ending = Predictions;
    type Metric = MeanAbsolute;

    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        (output - label) * (output - label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        V::splat(2.0) * (output - label)
    }
}
