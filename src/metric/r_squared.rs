//! The coefficient of determination.

use super::{Metric, Named, squares::Squares};
use crate::{kernel::Element, rounding::is_constant};

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
    spread: [Squares; N],
    residual: Squares,
}

impl<const N: usize> Default for RSquared<N> {
    fn default() -> Self {
        Self { samples: 0.0, mean: [0.0; N], spread: [Squares::default(); N], residual: Squares::default() }
    }
}

impl<const N: usize> RSquared<N> {
    /// R², at most 1. It is 0 if the labels are constant, that is, differ at most by rounding.
    pub fn value(&self) -> f64 {
        let mut spread = Squares::default();
        for (squares, mean) in self.spread.iter().zip(self.mean) {
            let deviation = squares.root_of_mean(self.samples) / mean.abs();
            if mean == 0.0 || !is_constant(1.0, deviation * deviation, self.samples) {
                spread.add_all(squares);
            }
        }
        if spread.is_zero() { 0.0 } else { 1.0 - self.residual.over(&spread) }
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
            self.spread[output].add_product(before, label - self.mean[output]);
            self.residual.add(prediction - label);
        }
    }
}

impl<const N: usize> Named for RSquared<N> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("r2", self.value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const SAMPLES: usize>(predictions: [f64; SAMPLES], labels: [f64; SAMPLES]) -> f64 {
        let mut metric = RSquared::<1>::default();
        predictions.into_iter().zip(labels).for_each(|(prediction, label)| metric.update(&[prediction], &[label]));
        metric.value()
    }

    #[test]
    fn the_size_of_the_numbers_does_not_matter() {
        for size in [1.0, 1e200, 1e-200, 1e-320] {
            let value = of([size, 2.0 * size, 3.0 * size], [size, 2.0 * size, 4.0 * size]);
            assert!((value - (1.0 - 1.0 / (14.0 / 3.0))).abs() < 2e-3, "{size}: {value}");
        }
    }

    #[test]
    fn labels_that_differ_by_rounding_are_constant() {
        assert_eq!(of([0.1, 0.2, 0.3], [0.1 + 0.2, 0.3, 0.3]), 0.0);
        assert_eq!(of([0.1, 0.2, 0.3], [0.0, 0.0, 0.0]), 0.0);
        assert_eq!(of([1.0, -1.0], [1.0, -1.0]), 1.0);
        assert!(of([0.1, 0.2], [f64::NAN, 0.3]).is_nan());
    }
}
