//! The share of classes that are right.

use super::{Class, Metric, Named, ratio};

/// The share of samples whose class is right: of several outputs the likeliest is the class. Where each output is a
/// yes or no by itself, that is [`BinaryAccuracy`](super::BinaryAccuracy).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = Accuracy::default();
/// metric.update(&[0.2, 0.8], &1usize);
/// metric.update(&[0.2, 0.8], &0usize);
/// assert_eq!(metric.value(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    right: u64,
    seen: u64,
}

impl Accuracy {
    /// From 0 to 1; 0 before any sample.
    pub fn value(&self) -> f64 {
        ratio(self.right as f64, self.seen as f64)
    }
}

impl<P: Class, Y: Class> Metric<P, Y> for Accuracy {
    fn update(&mut self, prediction: &P, label: &Y) {
        self.right += u64::from(prediction.class() == label.class());
        self.seen += 1;
    }
}

impl Named for Accuracy {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("accuracy", self.value());
    }
}
