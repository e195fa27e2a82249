//! Classification accuracy.

use super::{Class, Metric, Named, ratio};
use crate::kernel::Element;

/// The fraction of samples whose class is predicted correctly. The predicted class of several outputs is the most
/// likely one. If a number of a prediction or label is NaN, the accuracy is NaN, too.
///
/// If each output is a binary classification of its own (multi-label), use [`BinaryAccuracy`](super::BinaryAccuracy).
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
    correct: u64,
    samples: u64,
    has_nan: bool,
}

impl Accuracy {
    /// The accuracy, from 0 to 1, or NaN if a number was NaN. It is 0 without samples.
    pub fn value(&self) -> f64 {
        if self.has_nan { f64::NAN } else { ratio(self.correct as f64, self.samples as f64) }
    }
}

impl<P: Class, Y: Class> Metric<P, Y> for Accuracy {
    fn update(&mut self, prediction: &P, label: &Y) {
        let (prediction, label) = (prediction.class(), label.class());
        self.has_nan |= prediction.is_none() || label.is_none();
        self.correct += u64::from(prediction == label);
        self.samples += 1;
    }
}

/// A class for each step of a sequence, each of which counts as a sample.
impl<T: Element, const N: usize, const STEPS: usize> Metric<[[T; N]; STEPS], [usize; STEPS]> for Accuracy {
    fn update(&mut self, predictions: &[[T; N]; STEPS], labels: &[usize; STEPS]) {
        for (prediction, label) in predictions.iter().zip(labels) {
            self.update(prediction, label);
        }
    }
}

impl Named for Accuracy {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("accuracy", self.value());
    }
}
