//! Half the squared error.

use super::{Follows, PointwiseLoss};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// `½·Σₙ (y[n] − label[n])²`, averaged over the rows. This is the error of many textbooks: a sum over the outputs, not
/// their mean.
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

#[diagnostic::do_not_recommend]
impl<H> Follows<H> for HalfSquaredError {}

impl PointwiseLoss for HalfSquaredError {
    type Ending = Predictions;
    type Metric = MeanAbsolute;

    fn share(_: usize) -> f64 {
        1.0
    }

    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        V::splat(0.5) * (output - label) * (output - label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        output - label
    }
}
