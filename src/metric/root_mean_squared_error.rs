//! The root mean squared error.

use super::{Metric, Named, ratio};
use crate::kernel::Element;

/// The root mean squared error over all outputs.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = RootMeanSquaredError::default();
/// metric.update(&[3.0, 5.0], &[1.0, 3.0]);
/// assert_eq!(metric.value(), 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RootMeanSquaredError {
    sum: f64,
    count: u64,
}

impl RootMeanSquaredError {
    /// The root mean squared error. It is 0 without samples.
    pub fn value(&self) -> f64 {
        libm::sqrt(ratio(self.sum, self.count as f64))
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for RootMeanSquaredError {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            let error = prediction.to_f64() - label.to_f64();
            self.sum += error * error;
            self.count += 1;
        }
    }
}

impl Named for RootMeanSquaredError {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("rmse", self.value());
    }
}
