//! The area under the ROC curve.

use core::fmt;

use super::{Metric, Named};
use crate::kernel::Element;

/// The resolution of [`Auc`].
const THRESHOLDS: usize = 200;

/// The area under the ROC curve of probabilities, approximated with 200 thresholds as in Keras.
///
/// Scores in the same bin of width 1/200 count as ties. [`roc_auc`] is exact, but needs all scores at once. If a score
/// or a label is NaN, the area is NaN, too.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = Auc::default();
/// metric.update(&[0.8], &[1.0]);
/// metric.update(&[0.1], &[0.0]);
/// assert_eq!(metric.value(), 1.0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auc {
    /// `counts[positive][⌊200·score⌋]`
    counts: [[u32; THRESHOLDS]; 2],
    /// Whether a score or a label was NaN.
    has_nan: bool,
}

impl Default for Auc {
    fn default() -> Self {
        Self { counts: [[0; THRESHOLDS]; 2], has_nan: false }
    }
}

impl Auc {
    /// The area, from 0 to 1, or NaN if a score or a label was NaN. Chance level is ½, which is also the value if all labels are
    /// equal.
    pub fn value(&self) -> f64 {
        if self.has_nan {
            return f64::NAN;
        }
        let (mut negatives, mut concordant) = (0.0, 0.0);
        for (&negative, &positive) in self.counts[0].iter().zip(&self.counts[1]) {
            concordant += f64::from(positive) * (negatives + 0.5 * f64::from(negative));
            negatives += f64::from(negative);
        }
        let positives: f64 = self.counts[1].iter().map(|&count| f64::from(count)).sum();
        if negatives * positives == 0.0 { 0.5 } else { concordant / (negatives * positives) }
    }
}

impl fmt::Debug for Auc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Auc({})", self.value())
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for Auc {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (score, label) in prediction.iter().zip(label) {
            self.has_nan |= score.to_f64().is_nan() || label.to_f64().is_nan();
            let bin = ((score.to_f64() * THRESHOLDS as f64) as usize).min(THRESHOLDS - 1);
            self.counts[usize::from(label.to_f64() > 0.5)][bin] += 1;
        }
    }
}

impl Named for Auc {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("auc", self.value());
    }
}

/// Computes the area under the ROC curve: the probability that a positive sample has a higher score than a negative
/// one, with ties counted as one half (Mann and Whitney 1947).
///
/// `samples` are pairs of score and label (whether the sample is positive); they are sorted in place. The result is ½
/// if all labels are equal, and NaN if a score is NaN.
///
/// ```
/// use shiplap::metric::roc_auc;
///
/// assert_eq!(roc_auc(&mut [(0.1, false), (0.4, false), (0.35, true), (0.8, true)]), 0.75);
/// assert!(roc_auc(&mut [(0.1, false), (f64::NAN, true)]).is_nan());
/// ```
pub fn roc_auc(samples: &mut [(f64, bool)]) -> f64 {
    if samples.iter().any(|sample| sample.0.is_nan()) {
        return f64::NAN;
    }
    samples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut concordant) = (0.0, 0.0);
    for tied in samples.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|sample| sample.1).count() as f64;
        let negative = tied.len() as f64 - positive;
        concordant += positive * (negatives + 0.5 * negative);
        negatives += negative;
    }
    let positives = samples.len() as f64 - negatives;
    if negatives * positives == 0.0 { 0.5 } else { concordant / (negatives * positives) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_of_nan_makes_the_area_nan() {
        let mut metric = Auc::default();
        for (score, label) in [(0.9f32, 1.0), (f32::NAN, 0.0), (0.1, 0.0)] {
            metric.update(&[score], &[label]);
        }
        assert!(metric.value().is_nan());
        assert!(roc_auc(&mut [(0.9, true), (f64::NAN, false), (0.1, false)]).is_nan());
    }
}
