//! The share of what is called positive that is.

use super::{counts::counted, ratio};

counted! {
    /// The share of what is called positive that is.
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
