//! The share of what is positive that is called so.

use super::{counts::counted, ratio};

counted! {
    /// The share of what is positive that is called so.
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
