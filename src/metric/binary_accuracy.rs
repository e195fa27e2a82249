//! The share of outputs that are right.

use super::{counts::counted, ratio};

counted! {
    /// The share of outputs that are right, each a yes or no by itself, yes above ½: a sample with one of two outputs
    /// right counts half, where for [`Accuracy`](super::Accuracy) it is one class, right or wrong. Both are shown as `accuracy`, and
    /// with one output they are the same.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = BinaryAccuracy::default();
    /// metric.update(&[0.2, 0.8], &[0.0, 1.0]);
    /// metric.update(&[0.2, 0.8], &[1.0, 1.0]);
    /// assert_eq!(metric.value(), 0.75);
    /// ```
    BinaryAccuracy, "accuracy", |tp, tn, fp, fn_| ratio(tp + tn, tp + tn + fp + fn_)
}
