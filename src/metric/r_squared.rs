//! The share of the variance that is accounted for.

use super::{Metric, Named};
use crate::kernel::Element;

/// R², the share of the variance of `N` outputs that the predictions account for:
/// `1 − Σ(ŷ − y)² / Σ(y − mean)²`, each output about its own mean, both sums over all outputs.
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
    seen: f64,
    mean: [f64; N],
    spread: [f64; N],
    residual: f64,
}

impl<const N: usize> Default for RSquared<N> {
    fn default() -> Self {
        Self { seen: 0.0, mean: [0.0; N], spread: [0.0; N], residual: 0.0 }
    }
}

impl<const N: usize> RSquared<N> {
    /// At most 1; 0 where the labels do not vary.
    pub fn value(&self) -> f64 {
        let spread: f64 = self.spread.iter().sum();
        if spread == 0.0 { 0.0 } else { 1.0 - self.residual / spread }
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for RSquared<N> {
    /// The variance grows sample by sample (Welford 1962): a mean far from 0 cancels nothing.
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        self.seen += 1.0;
        for output in 0..N {
            let (prediction, label) = (prediction[output].to_f64(), label[output].to_f64());
            let before = label - self.mean[output];
            self.mean[output] += before / self.seen;
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
