//! Metrics: what a person wants to know about predictions.

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

/// Adds up over samples, predictions `P` against labels `Y`. Tuples of metrics are metrics.
#[diagnostic::on_unimplemented(
    message = "the metric `{Self}` does not go with predictions `{P}` and labels `{Y}`",
    label = "wrong metric for this network and loss",
    note = "`Accuracy` and `ConfusionMatrix` compare classes, also class numbers; the others need labels shaped as the predictions"
)]
pub trait Metric<P, Y>: Named + Clone + Default {
    /// Takes one sample into account.
    fn update(&mut self, prediction: &P, label: &Y);
}

/// Values with names, for people to read.
pub trait Named {
    /// Shows name and value of each.
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
            #[expect(non_snake_case, reason = "each type parameter names its value too")]
            fn update(&mut self, prediction: &P, label: &Y) {
                let ($($name,)*) = self;
                $($name.update(prediction, label);)*
            }
        }

        impl<$($name: Named),*> Named for ($($name,)*) {
            #[expect(non_snake_case, reason = "each type parameter names its value too")]
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
