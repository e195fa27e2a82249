//! Metrics: measures of the quality of predictions that are reported, but not optimized.
//!
//! If a number of a prediction or a label is NaN, the value of the metric is NaN, too. A [`ConfusionMatrix`] counts such
//! samples apart.

mod accuracy;
mod auc;
mod binary_accuracy;
mod class;
mod confusion_matrix;
mod counts;
mod each_pixel;
mod each_step;
mod f1;
mod mean_absolute;
mod pair;
mod precision;
mod r_squared;
mod recall;
mod root_mean_squared_error;
mod squares;

pub use accuracy::Accuracy;
pub use auc::{Auc, roc_auc};
pub use binary_accuracy::BinaryAccuracy;
pub use class::Class;
pub use confusion_matrix::ConfusionMatrix;
pub use each_pixel::EachPixel;
pub use each_step::EachStep;
pub use f1::F1;
pub use mean_absolute::MeanAbsolute;
pub use pair::PairMetric;
pub use precision::Precision;
pub use r_squared::RSquared;
pub use recall::Recall;
pub use root_mean_squared_error::RootMeanSquaredError;

/// A metric that is accumulated over samples, from predictions `P` and labels `Y`. Tuples of 1 to 6 metrics are
/// metrics.
#[diagnostic::on_unimplemented(
    message = "the metric `{Self}` cannot compare predictions `{P}` with labels `{Y}`",
    label = "wrong metric for this network and loss",
    note = "`Accuracy` and `ConfusionMatrix` compare classes and accept class indices; other metrics need labels of the same type as the predictions"
)]
pub trait Metric<P, Y>: Named + Clone + Default {
    /// Adds a sample.
    fn update(&mut self, prediction: &P, label: &Y);
}

/// Named values, for reports.
pub trait Named {
    /// Calls `show` with each name and value. Names may be equal: [`Report::each`](crate::train::Report::each) numbers
    /// them.
    fn each(&self, show: &mut dyn FnMut(&'static str, f64));
}

/// No metric.
impl<P, Y> Metric<P, Y> for () {
    fn update(&mut self, _: &P, _: &Y) {}
}

impl Named for () {
    fn each(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<P, Y, $($name: Metric<P, Y>),*> Metric<P, Y> for ($($name,)*) {
            #[expect(non_snake_case, reason = "each variable is named after its type parameter")]
            fn update(&mut self, prediction: &P, label: &Y) {
                let ($($name,)*) = self;
                $($name.update(prediction, label);)*
            }
        }

        impl<$($name: Named),*> Named for ($($name,)*) {
            #[expect(non_snake_case, reason = "each variable is named after its type parameter")]
            fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
                let ($($name,)*) = self;
                $($name.each(show);)*
            }
        }
    };
}
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<M: Metric<[f64; N], [f64; N]>, const N: usize>(
        prediction: [f64; N],
        label: [f64; N],
    ) -> std::vec::Vec<f64> {
        let mut metric = M::default();
        metric.update(&[1.0; N], &[1.0; N]);
        metric.update(&prediction, &label);
        metric.update(&[0.0; N], &[0.0; N]);
        let mut values = std::vec::Vec::new();
        metric.each(&mut |_, value| values.push(value));
        values
    }

    #[test]
    fn a_prediction_or_label_of_nan_makes_every_metric_nan() {
        type Binary = (BinaryAccuracy, Precision, Recall, F1, Auc, Accuracy);
        type Numbers<const N: usize> = (MeanAbsolute, RootMeanSquaredError, RSquared<N>);
        fn is_nan<const N: usize>(prediction: [f64; N], label: [f64; N]) {
            let values = [values::<Binary, N>(prediction, label), values::<Numbers<N>, N>(prediction, label)].concat();
            assert!(values.iter().all(|value| value.is_nan()), "{values:?}");
        }
        is_nan([f64::NAN], [0.0]);
        is_nan([0.9], [f64::NAN]);
        is_nan([0.1, f64::NAN, 0.8], [0.0, 0.0, 1.0]);
        is_nan([0.1, 0.1, 0.8], [f64::NAN, 0.0, 1.0]);
    }

    #[test]
    fn a_confusion_matrix_counts_nan_apart() {
        let mut matrix = ConfusionMatrix::<2>::default();
        matrix.update(&[f64::NAN, 0.3], &0usize);
        matrix.update(&[0.6], &[f64::NAN]);
        matrix.update(&[0.6, 0.3], &0usize);
        assert_eq!((matrix.counts, matrix.outside), ([[1, 0], [0, 0]], 2));
    }
}
