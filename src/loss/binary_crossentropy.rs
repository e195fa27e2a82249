//! The cross-entropy of binary classifications.

use super::{Follows, PointwiseLoss, is_probability};
use crate::{activation::Sigmoid, kernel::Real, layer::Logits, metric::BinaryAccuracy};

/// `−label·ln p − (1−label)·ln(1−p)` with `p = sigmoid(logit)`, averaged over outputs and rows. Labels are
/// probabilities from 0 to 1.
///
/// It is computed from the logit `z` as `max(z, 0) − label·z + ln(1 + e^-|z|)`, which is accurate at all logits.
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

#[diagnostic::do_not_recommend]
impl Follows<Sigmoid> for BinaryCrossentropy {}

/// The cross-entropy. `softplus(logit) − label·logit` would round to 0 for a large logit and label 1.
#[inline(always)]
pub(super) fn crossentropy<V: Real>(logit: V, label: V) -> V {
    V::splat(0.0).max(logit) - label * logit + (-logit.abs()).exp().ln_one_plus()
}

/// `p − label`, from the probabilities of both answers: for label 1, `p − 1` would lose the digits of a small `1 − p`.
#[inline(always)]
pub(super) fn error<V: Real>(p: V, wrong: V, label: V) -> V {
    (V::splat(1.0) - label) * p - label * wrong
}

impl PointwiseLoss for BinaryCrossentropy {
    type Ending = Logits;
    type Metric = BinaryAccuracy;
    const EXPECTS: &'static str = "probabilities from 0 to 1";

    fn is_label(label: f64) -> bool {
        is_probability(label)
    }

    #[inline(always)]
    fn value<V: Real>(&self, logit: V, label: V) -> V {
        crossentropy(logit, label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, logit: V, label: V) -> V {
        error(logit.sigmoid(), (-logit).sigmoid(), label)
    }
}
