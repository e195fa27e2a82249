//! The area under the ROC curve.

use core::fmt;

use super::{Metric, Named};
use crate::kernel::Element;

/// How many thresholds [`Auc`] tells apart.
const THRESHOLDS: usize = 200;

/// Area under the ROC curve of probabilities, from counts at 200 thresholds as in Keras: its error is that of
/// scores less than 1/200 apart, which count as ties. [`roc_auc`] is exact, and needs the scores.
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
}

impl Default for Auc {
    fn default() -> Self {
        Self { counts: [[0; THRESHOLDS]; 2] }
    }
}

impl Auc {
    /// From 0 to 1; ½ is chance, and what it is where all labels are the same.
    pub fn value(&self) -> f64 {
        let (mut below, mut wins) = (0.0, 0.0);
        for (&negative, &positive) in self.counts[0].iter().zip(&self.counts[1]) {
            wins += f64::from(positive) * (below + 0.5 * f64::from(negative));
            below += f64::from(negative);
        }
        let positives: f64 = self.counts[1].iter().map(|&count| f64::from(count)).sum();
        if below * positives == 0.0 { 0.5 } else { wins / (below * positives) }
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

/// Area under the ROC curve: the chance that a positive sample scores above a negative one, ties counting half
/// (Mann and Whitney 1947). `samples` are scores with whether they are positive; they are sorted in place.
/// ½ where all are the same, NaN where a score is NaN.
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
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in samples.chunk_by(|a, b| a.0 == b.0) {
        let positives = tied.iter().filter(|sample| sample.1).count() as f64;
        let negatives = tied.len() as f64 - positives;
        wins += positives * (below + 0.5 * negatives);
        below += negatives;
    }
    let positives = samples.len() as f64 - below;
    if below * positives == 0.0 { 0.5 } else { wins / (below * positives) }
}
