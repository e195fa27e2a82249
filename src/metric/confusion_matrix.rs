//! Which class was taken for which.

use super::{Class, Metric, Named};

/// How often class `label` was taken for class `prediction`: `counts[label][prediction]`.
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
    /// The counts.
    pub counts: [[u64; K]; K],
}

impl<const K: usize> Default for ConfusionMatrix<K> {
    fn default() -> Self {
        Self { counts: [[0; K]; K] }
    }
}

impl<P: Class, Y: Class, const K: usize> Metric<P, Y> for ConfusionMatrix<K> {
    /// A class of `K` or more is not counted.
    fn update(&mut self, prediction: &P, label: &Y) {
        if let Some(count) = self.counts.get_mut(label.class()).and_then(|row| row.get_mut(prediction.class())) {
            *count += 1;
        }
    }
}

impl<const K: usize> Named for ConfusionMatrix<K> {
    fn each(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}
