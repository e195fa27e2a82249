//! The coefficient of determination.

use super::{Metric, Named};
use crate::kernel::Element;

/// The coefficient of determination, R²: the fraction of the variance of the labels that the predictions explain.
///
/// `1 − Σ(ŷ − y)² / Σ(y − mean)²`, where both sums run over all samples and all `N` outputs, and each output has its
/// own mean.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = RSquared::<1>::default();
/// metric.update(&[1.0], &[1.0]);
/// metric.update(&[2.0], &[3.0]);
/// assert_eq!(metric.value(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RSquared<const N: usize> {
    samples: f64,
    mean: [f64; N],
    /// The sum of squared deviations from the mean.
    spread: [f64; N],
    residual: f64,
}

impl<const N: usize> Default for RSquared<N> {
    fn default() -> Self {
        Self { samples: 0.0, mean: [0.0; N], spread: [0.0; N], residual: 0.0 }
    }
}

impl<const N: usize> RSquared<N> {
    /// R², at most 1. It is 0 if the labels are constant.
    pub fn value(&self) -> f64 {
        let spread: f64 = self.spread.iter().sum();
        if spread == 0.0 { 0.0 } else { 1.0 - self.residual / spread }
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for RSquared<N> {
    /// Updates the variance incrementally (Welford 1962), which avoids cancellation if the mean is far from 0.
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        self.samples += 1.0;
        for output in 0..N {
            let (prediction, label) = (prediction[output].to_f64(), label[output].to_f64());
            let before = label - self.mean[output];
            self.mean[output] += before / self.samples;
            self.spread[output] += before * (label - self.mean[output]);
            self.residual += (prediction - label) * (prediction - label);
        }
    }
}

impl<const N: usize> Named for RSquared<N> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("r2", self.value());
    }
}
