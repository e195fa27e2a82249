//! The root mean squared error.

use super::{Metric, Named, squares::Squares};
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
    sum: Squares,
    count: u64,
}

impl RootMeanSquaredError {
    /// The root mean squared error. It is 0 without samples.
    pub fn value(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum.root_of_mean(self.count as f64) }
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for RootMeanSquaredError {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            self.sum.add(prediction.to_f64() - label.to_f64());
            self.count += 1;
        }
    }
}

impl Named for RootMeanSquaredError {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("rmse", self.value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_and_tiny_errors_have_a_mean() {
        for size in [1e200, 1e-200, 1.0, 1e-320, 1e308] {
            let mut metric = RootMeanSquaredError::default();
            metric.update(&[size, 0.0], &[0.0, size]);
            assert!((metric.value() / size - 1.0).abs() < 1e-3, "{size}: {}", metric.value());
        }
        let mut metric = RootMeanSquaredError::default();
        metric.update(&[1e200, 1e-200, 1.0], &[0.0; 3]);
        assert!((metric.value() / 1e200 * 3f64.sqrt() - 1.0).abs() < 1e-15);
        metric.update(&[f64::NAN], &[0.0]);
        assert!(metric.value().is_nan());
    }
}
