//! Metrics of series whose lengths vary.

use super::{Metric, Named};

/// The metric `M` of each step of a series up to its length, for labels of the loss
/// [`EachStep`](crate::loss::EachStep): `(labels, length)`.
///
/// ```
/// use shiplap::{metric::EachStep, prelude::*};
///
/// let mut metric = EachStep::<Accuracy>::default();
/// metric.update(&[[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], &([0usize, 1, 0], 2));
/// assert_eq!(metric.0.value(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EachStep<M>(pub M);

impl<P, Y, M: Metric<P, Y>, const STEPS: usize> Metric<[P; STEPS], ([Y; STEPS], usize)> for EachStep<M> {
    fn update(&mut self, predictions: &[P; STEPS], (labels, length): &([Y; STEPS], usize)) {
        for (prediction, label) in predictions.iter().zip(labels).take(*length) {
            self.0.update(prediction, label);
        }
    }
}

impl<M: Named> Named for EachStep<M> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        self.0.each(show);
    }
}
