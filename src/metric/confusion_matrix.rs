//! The confusion matrix.

use super::{Class, Metric, Named};

/// The confusion matrix of `K` classes: `counts[label][prediction]` is the number of samples of class `label` that were
/// predicted as class `prediction`.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = ConfusionMatrix::<2>::default();
/// metric.update(&[0.2, 0.8], &1usize);
/// metric.update(&[0.2, 0.8], &0usize);
/// assert_eq!(metric.counts, [[0, 1], [0, 1]]);
///
/// metric.update(&[0.2, 0.8], &2usize);
/// assert_eq!(metric.outside, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfusionMatrix<const K: usize> {
    /// The number of samples of each label and prediction, as `[label][prediction]`.
    pub counts: [[u64; K]; K],
    /// The number of samples that are not in `counts`, because a class is not below `K` or a number is NaN.
    pub outside: u64,
}

impl<const K: usize> Default for ConfusionMatrix<K> {
    fn default() -> Self {
        Self { counts: [[0; K]; K], outside: 0 }
    }
}

impl<P: Class, Y: Class, const K: usize> Metric<P, Y> for ConfusionMatrix<K> {
    /// Adds a sample. If a class is not below `K`, or a number is NaN, it is counted as [`outside`](Self::outside).
    fn update(&mut self, prediction: &P, label: &Y) {
        let classes = label.class().zip(prediction.class());
        let count = classes.and_then(|(label, prediction)| self.counts.get_mut(label)?.get_mut(prediction));
        *count.unwrap_or(&mut self.outside) += 1;
    }
}

impl<const K: usize> Named for ConfusionMatrix<K> {
    fn each(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}
