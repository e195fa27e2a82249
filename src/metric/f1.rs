//! The F1 score.

use super::{counts::counted, ratio};

counted! {
    /// The F1 score: the harmonic mean of precision and recall.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = F1::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.9], &[0.0]);
    /// metric.update(&[0.1], &[1.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    F1, "f1", |tp, _, fp, fn_| ratio(2.0 * tp, 2.0 * tp + fp + fn_)
}
