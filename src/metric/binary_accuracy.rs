//! Accuracy of binary outputs.

use super::{counts::counted, ratio};

counted! {
    /// The fraction of outputs that are predicted correctly, where each output is a binary classification of its own,
    /// positive above ½.
    ///
    /// A sample with one of two outputs correct counts as one half, whereas [`Accuracy`](super::Accuracy) compares one
    /// class per sample. For a single output both are equal.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = BinaryAccuracy::default();
    /// metric.update(&[0.2, 0.8], &[0.0, 1.0]);
    /// metric.update(&[0.2, 0.8], &[1.0, 1.0]);
    /// assert_eq!(metric.value(), 0.75);
    /// ```
    BinaryAccuracy, "binary_accuracy", |tp, tn, fp, fn_| ratio(tp + tn, tp + tn + fp + fn_)
}
