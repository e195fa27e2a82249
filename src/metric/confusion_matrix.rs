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
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix<const K: usize> {
    /// The number of samples of each label and prediction, as `[label][prediction]`.
    pub counts: [[u64; K]; K],
}

impl<const K: usize> Default for ConfusionMatrix<K> {
    fn default() -> Self {
        Self { counts: [[0; K]; K] }
    }
}

impl<P: Class, Y: Class, const K: usize> Metric<P, Y> for ConfusionMatrix<K> {
    /// Adds a sample. It is ignored if a class is not below `K`.
    fn update(&mut self, prediction: &P, label: &Y) {
        if let Some(count) = self.counts.get_mut(label.class()).and_then(|row| row.get_mut(prediction.class())) {
            *count += 1;
        }
    }
}

impl<const K: usize> Named for ConfusionMatrix<K> {
    fn each(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}
