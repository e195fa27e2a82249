//! Metrics of images.

use super::{Metric, Named};

/// The metric `M` of each pixel of an image, for labels of the loss [`EachPixel`](crate::loss::EachPixel).
///
/// ```
/// use shiplap::{metric::EachPixel, prelude::*};
///
/// let mut metric = EachPixel::<Accuracy>::default();
/// metric.update(&[[[0.9, 0.1], [0.8, 0.2]]], &[[0usize, 1]]);
/// assert_eq!(metric.0.value(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EachPixel<M>(pub M);

impl<P, Y, M: Metric<P, Y>, const W: usize, const H: usize> Metric<[[P; W]; H], [[Y; W]; H]> for EachPixel<M> {
    fn update(&mut self, predictions: &[[P; W]; H], labels: &[[Y; W]; H]) {
        for (prediction, label) in predictions.as_flattened().iter().zip(labels.as_flattened()) {
            self.0.update(prediction, label);
        }
    }
}

impl<M: Named> Named for EachPixel<M> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        self.0.each(show);
    }
}
