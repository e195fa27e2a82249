//! Metrics: what a person wants to know about predictions.

use crate::kernel::Element;

/// Adds up over samples. Tuples of metrics are metrics.
pub trait Metric<P, Y>: Clone + Default {
    /// Takes one sample into account.
    fn update(&mut self, prediction: &P, label: &Y);

    /// Shows name and value of each metric.
    fn report(&self, show: &mut dyn FnMut(&'static str, f64));
}

/// No metric.
impl<P, Y> Metric<P, Y> for () {
    fn update(&mut self, _: &P, _: &Y) {}

    fn report(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<P, Y, $($name: Metric<P, Y>),*> Metric<P, Y> for ($($name,)*) {
            #[expect(non_snake_case, reason = "each type parameter names its value too")]
            fn update(&mut self, prediction: &P, label: &Y) {
                let ($($name,)*) = self;
                $($name.update(prediction, label);)*
            }

            #[expect(non_snake_case, reason = "each type parameter names its value too")]
            fn report(&self, show: &mut dyn FnMut(&'static str, f64)) {
                let ($($name,)*) = self;
                $(<$name as Metric<P, Y>>::report($name, show);)*
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

/// What stands for a class: a class number, probabilities (the likeliest), or one probability
/// (class 1 above ½).
pub trait Class {
    /// The class number.
    fn class(&self) -> usize;
}

impl Class for usize {
    fn class(&self) -> usize {
        *self
    }
}

impl<T: Element, const N: usize> Class for [T; N] {
    fn class(&self) -> usize {
        if N == 1 {
            return usize::from(self[0].to_f64() > 0.5);
        }
        (1..N).fold(0, |best, class| if self[class] > self[best] { class } else { best })
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// The share of samples whose class is right.
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

    fn report(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("accuracy", self.value());
    }
}

/// True and false, positive and negative: counts over all outputs, each positive above ½.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// `[label][prediction]`
    seen: [[u64; 2]; 2],
}

impl Counts {
    fn update<T: Element, const N: usize>(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (prediction, label) in prediction.iter().zip(label) {
            self.seen[usize::from(label.to_f64() > 0.5)][usize::from(prediction.to_f64() > 0.5)] += 1;
        }
    }
}

macro_rules! counted {
    ($($(#[$doc:meta])* $metric:ident $name:literal $value:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub struct $metric(Counts);

            impl $metric {
                /// From 0 to 1; 0 where nothing was to be counted.
                pub fn value(&self) -> f64 {
                    let [[tn, fp], [fn_, tp]] = self.0.seen.map(|row| row.map(|count| count as f64));
                    let value: fn(f64, f64, f64, f64) -> f64 = $value;
                    value(tp, tn, fp, fn_)
                }
            }

            impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for $metric {
                fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
                    self.0.update(prediction, label);
                }

                fn report(&self, show: &mut dyn FnMut(&'static str, f64)) {
                    show($name, self.value());
                }
            }
        )*
    };
}
counted! {
    /// The share of outputs that are right.
    BinaryAccuracy "accuracy" |tp, tn, fp, fn_| ratio(tp + tn, tp + tn + fp + fn_);
    /// The share of what is called positive that is.
    Precision "precision" |tp, _, fp, _| ratio(tp, tp + fp);
    /// The share of what is positive that is called so.
    Recall "recall" |tp, _, _, fn_| ratio(tp, tp + fn_);
    /// The harmonic mean of precision and recall.
    F1 "f1" |tp, _, fp, fn_| ratio(2.0 * tp, 2.0 * tp + fp + fn_);
}

/// How often class `label` was taken for class `prediction`: `counts[label][prediction]`.
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

    fn report(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}

/// Mean absolute error over all outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanAbsolute {
    sum: f64,
    seen: u64,
}

impl MeanAbsolute {
    /// The mean; 0 before any sample.
    pub fn value(&self) -> f64 {
        ratio(self.sum, self.seen as f64)
    }
}

/// Root of the mean squared error over all outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RootMeanSquare {
    sum: f64,
    seen: u64,
}

impl RootMeanSquare {
    /// The root; 0 before any sample.
    pub fn value(&self) -> f64 {
        libm::sqrt(ratio(self.sum, self.seen as f64))
    }
}

macro_rules! errors {
    ($($metric:ident $name:literal $error:expr;)*) => {
        $(impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for $metric {
            fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
                let error: fn(f64) -> f64 = $error;
                for (prediction, label) in prediction.iter().zip(label) {
                    self.sum += error(prediction.to_f64() - label.to_f64());
                    self.seen += 1;
                }
            }

            fn report(&self, show: &mut dyn FnMut(&'static str, f64)) {
                show($name, self.value());
            }
        })*
    };
}
errors! {
    MeanAbsolute "mae" f64::abs;
    RootMeanSquare "rmse" |error| error * error;
}
