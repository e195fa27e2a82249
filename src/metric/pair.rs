//! The metrics of two outputs.

use super::{Metric, Named};
use crate::Pair;

/// The metrics of a network whose output is a [`Pair`]: `A` of the first member, and `B` of the second. Leave one out
/// with `()`.
///
/// ```
/// use shiplap::{layers::{Both, Branches}, loss::PairLoss, metric::PairMetric, prelude::*};
///
/// type Net = Branches<Dense<2, 1, Sigmoid>, Dense<2, 1>, Both>;
/// type Loss = PairLoss<BinaryCrossentropy, MeanSquaredError>;
/// type Metrics = PairMetric<(Precision, Recall), ()>;
/// let trainer = Trainer::<Net, Loss, Sgd, 1, Metrics>::new(Sgd::default(), 1);
/// let report = trainer.evaluate(&[[0.0f32, 0.0]], &[([1.0f32], [0.0f32])])?;
/// assert_eq!(report.metrics.first.1.value(), 0.0);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairMetric<A, B> {
    /// The metrics of the first member.
    pub first: A,
    /// The metrics of the second member.
    pub second: B,
}

impl<A: Metric<P, Y>, B: Metric<Q, Z>, P, Q, Y, Z> Metric<Pair<P, Q>, (Y, Z)> for PairMetric<A, B> {
    fn update(&mut self, Pair(p, q): &Pair<P, Q>, (first, second): &(Y, Z)) {
        self.first.update(p, first);
        self.second.update(q, second);
    }
}

impl<A: Named, B: Named> Named for PairMetric<A, B> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        self.first.each(show);
        self.second.each(show);
    }
}
