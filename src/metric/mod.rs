//! Metrics: measures of the quality of predictions that are reported, but not optimized.

mod accuracy;
mod auc;
mod binary_accuracy;
mod class;
mod confusion_matrix;
mod counts;
mod f1;
mod mean_absolute;
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
pub use f1::F1;
pub use mean_absolute::MeanAbsolute;
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
