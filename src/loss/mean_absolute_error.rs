//! The mean absolute error.

use super::{Follows, PointwiseLoss};
use crate::{kernel::Real, layer::Predictions, metric::MeanAbsolute};

/// `Σₙ |y[n] − label[n]| / N`, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanAbsoluteError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 2.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError;

#[diagnostic::do_not_recommend]
impl<H> Follows<H> for MeanAbsoluteError {}

impl PointwiseLoss for MeanAbsoluteError {
    type Ending = Predictions;
    type Metric = MeanAbsolute;

    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        (output - label).abs()
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        let below = label.if_gt(output, V::splat(-1.0), V::splat(0.0));
        output.if_gt(label, V::splat(1.0), below)
    }
}
