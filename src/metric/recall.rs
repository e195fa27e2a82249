//! Recall.

use super::{counts::counted, ratio};

counted! {
    /// The fraction of positive labels that are predicted as positive.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = Recall::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.1], &[1.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    Recall, "recall", |tp, _, _, fn_| ratio(tp, tp + fn_)
}
