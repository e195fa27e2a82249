//! The mean absolute error.

use super::{Metric, Named, ratio};
use crate::kernel::Element;

/// Mean absolute error over all outputs. (The loss of that name is [`MeanAbsoluteError`](crate::loss::MeanAbsoluteError).)
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
    seen: u64,
}

impl MeanAbsolute {
    /// The mean; 0 before any sample.
    pub fn value(&self) -> f64 {
        ratio(self.sum, self.seen as f64)
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for MeanAbsolute {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            let error = prediction.to_f64() - label.to_f64();
            self.sum += error.abs();
            self.seen += 1;
        }
    }
}

impl Named for MeanAbsolute {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("mae", self.value());
    }
}
