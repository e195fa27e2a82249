//! The cross-entropy of binary classifications.

use super::{Follows, PointwiseLoss, is_probability};
use crate::{activation::Sigmoid, kernel::Real, layer::Logits, metric::BinaryAccuracy};

/// `−label·ln p − (1−label)·ln(1−p)` with `p = sigmoid(logit)`, averaged over outputs and rows. Labels are
/// probabilities from 0 to 1.
///
/// It is computed from the logit `z` as `softplus(z) − label·z`, which is accurate even at logits of ±10⁴.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Sigmoid>, BinaryCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossentropy;

impl Follows<Sigmoid> for BinaryCrossentropy {}

impl PointwiseLoss for BinaryCrossentropy {
    type Ending = Logits;
    type Metric = BinaryAccuracy;
    const EXPECTS: &'static str = "probabilities from 0 to 1";

    fn is_label(label: f64) -> bool {
        is_probability(label)
    }

    #[inline(always)]
    fn value<V: Real>(&self, logit: V, label: V) -> V {
        logit.softplus() - label * logit
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, logit: V, label: V) -> V {
        logit.sigmoid() - label
    }
}
