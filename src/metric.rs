//! Metrics: what a person wants to know about predictions.

use core::fmt;

use crate::kernel::Element;

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

/// The share of samples whose class is right: of several outputs the likeliest is the class. Where each output is a
/// yes or no by itself, that is [`BinaryAccuracy`].
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
            }

            impl Named for $metric {
                fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
                    show($name, self.value());
                }
            }
        )*
    };
}
counted! {
    /// The share of outputs that are right, each a yes or no by itself, yes above ½: a sample with one of two outputs
    /// right counts half, where for [`Accuracy`] it is one class, right or wrong. Both are shown as `accuracy`, and
    /// with one output they are the same.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = BinaryAccuracy::default();
    /// metric.update(&[0.2, 0.8], &[0.0, 1.0]);
    /// metric.update(&[0.2, 0.8], &[1.0, 1.0]);
    /// assert_eq!(metric.value(), 0.75);
    /// ```
    BinaryAccuracy "accuracy" |tp, tn, fp, fn_| ratio(tp + tn, tp + tn + fp + fn_);
    /// The share of what is called positive that is.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = Precision::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.9], &[0.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    Precision "precision" |tp, _, fp, _| ratio(tp, tp + fp);
    /// The share of what is positive that is called so.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = Recall::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.1], &[1.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    Recall "recall" |tp, _, _, fn_| ratio(tp, tp + fn_);
    /// The harmonic mean of precision and recall.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let mut metric = F1::default();
    /// metric.update(&[0.8], &[1.0]);
    /// metric.update(&[0.9], &[0.0]);
    /// metric.update(&[0.1], &[1.0]);
    /// assert_eq!(metric.value(), 0.5);
    /// ```
    F1 "f1" |tp, _, fp, fn_| ratio(2.0 * tp, 2.0 * tp + fp + fn_);
}

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

/// Mean absolute error over all outputs.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = MeanAbsolute::default();
/// metric.update(&[3.0, 1.0], &[1.0, 1.0]);
/// assert_eq!(metric.value(), 1.0);
/// ```
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
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = RootMeanSquare::default();
/// metric.update(&[3.0, 5.0], &[1.0, 3.0]);
/// assert_eq!(metric.value(), 2.0);
/// ```
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
        }

        impl Named for $metric {
            fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
                show($name, self.value());
            }
        })*
    };
}
errors! {
    MeanAbsolute "mae" f64::abs;
    RootMeanSquare "rmse" |error| error * error;
}

/// How many thresholds [`Auc`] tells apart.
const THRESHOLDS: usize = 200;

/// Area under the ROC curve of probabilities, from counts at 200 thresholds as in Keras: its error is that of
/// scores less than 1/200 apart, which count as ties. [`roc_auc`] is exact, and needs the scores.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = Auc::default();
/// metric.update(&[0.8], &[1.0]);
/// metric.update(&[0.1], &[0.0]);
/// assert_eq!(metric.value(), 1.0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auc {
    /// `counts[positive][⌊200·score⌋]`
    counts: [[u32; THRESHOLDS]; 2],
}

impl Default for Auc {
    fn default() -> Self {
        Self { counts: [[0; THRESHOLDS]; 2] }
    }
}

impl Auc {
    /// From 0 to 1; ½ is chance, and what it is where all labels are the same.
    pub fn value(&self) -> f64 {
        let (mut below, mut wins) = (0.0, 0.0);
        for (&negative, &positive) in self.counts[0].iter().zip(&self.counts[1]) {
            wins += f64::from(positive) * (below + 0.5 * f64::from(negative));
            below += f64::from(negative);
        }
        let positives: f64 = self.counts[1].iter().map(|&count| f64::from(count)).sum();
        if below * positives == 0.0 { 0.5 } else { wins / (below * positives) }
    }
}

impl fmt::Debug for Auc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Auc({})", self.value())
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for Auc {
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        for (score, label) in prediction.iter().zip(label) {
            let bin = ((score.to_f64() * THRESHOLDS as f64) as usize).min(THRESHOLDS - 1);
            self.counts[usize::from(label.to_f64() > 0.5)][bin] += 1;
        }
    }
}

impl Named for Auc {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("auc", self.value());
    }
}

/// Area under the ROC curve: the chance that a positive sample scores above a negative one, ties counting half
/// (Mann and Whitney 1947). `samples` are scores with whether they are positive; they are sorted in place.
/// ½ where all are the same.
///
/// ```
/// use shiplap::metric::roc_auc;
///
/// assert_eq!(roc_auc(&mut [(0.1, false), (0.4, false), (0.35, true), (0.8, true)]), 0.75);
/// ```
pub fn roc_auc(samples: &mut [(f64, bool)]) -> f64 {
    samples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in samples.chunk_by(|a, b| a.0 == b.0) {
        let positives = tied.iter().filter(|sample| sample.1).count() as f64;
        let negatives = tied.len() as f64 - positives;
        wins += positives * (below + 0.5 * negatives);
        below += negatives;
    }
    let positives = samples.len() as f64 - below;
    if below * positives == 0.0 { 0.5 } else { wins / (below * positives) }
}

/// R², the share of the variance of `N` outputs that the predictions account for:
/// `1 − Σ(ŷ − y)² / Σ(y − mean)²`, each output about its own mean, both sums over all outputs.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut metric = RSquared::<1>::default();
/// metric.update(&[1.0], &[1.0]);
/// metric.update(&[2.0], &[3.0]);
/// assert_eq!(metric.value(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RSquared<const N: usize> {
    seen: f64,
    mean: [f64; N],
    spread: [f64; N],
    residual: f64,
}

impl<const N: usize> Default for RSquared<N> {
    fn default() -> Self {
        Self { seen: 0.0, mean: [0.0; N], spread: [0.0; N], residual: 0.0 }
    }
}

impl<const N: usize> RSquared<N> {
    /// At most 1; 0 where the labels do not vary.
    pub fn value(&self) -> f64 {
        let spread: f64 = self.spread.iter().sum();
        if spread == 0.0 { 0.0 } else { 1.0 - self.residual / spread }
    }
}

impl<T: Element, const N: usize> Metric<[T; N], [T; N]> for RSquared<N> {
    /// The variance grows sample by sample (Welford 1962): a mean far from 0 cancels nothing.
    fn update(&mut self, prediction: &[T; N], label: &[T; N]) {
        self.seen += 1.0;
        for output in 0..N {
            let (prediction, label) = (prediction[output].to_f64(), label[output].to_f64());
            let before = label - self.mean[output];
            self.mean[output] += before / self.seen;
            self.spread[output] += before * (label - self.mean[output]);
            self.residual += (prediction - label) * (prediction - label);
        }
    }
}

impl<const N: usize> Named for RSquared<N> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        show("r2", self.value());
    }
}
