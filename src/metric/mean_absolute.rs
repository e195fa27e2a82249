//! The mean absolute error.

use super::{Metric, Named, ratio};
use crate::kernel::Element;

/// The mean absolute error over all outputs. The corresponding loss is
/// [`MeanAbsoluteError`](crate::loss::MeanAbsoluteError).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = MeanAbsolute::default();
/// metric.update(&[3.0, 1.0], &[1.0, 1.0]);
/// assert_eq!(metric.value(), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanAbsolute {
    sum: f64,
    count: u64,
}

impl MeanAbsolute {
    /// The mean. It is 0 without samples.
    pub fn value(&self) -> f64 {
        ratio(self.sum, self.count as f64)
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for MeanAbsolute {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            let error = prediction.to_f64() - label.to_f64();
            self.sum += error.abs();
            self.count += 1;
        }
    }
}

impl Named for MeanAbsolute {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("mae", self.value());
    }
}
