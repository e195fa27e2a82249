//! Precision.

use super::{counts::counted, ratio};

counted! {
    /// The fraction of positive predictions that are correct.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = Precision::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.9], &[0.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    Precision, "precision", |tp, _, fp, _| ratio(tp, tp + fp)
}
