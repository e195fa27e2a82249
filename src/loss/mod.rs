//! Losses: how far predictions are from labels, and which way is down.

mod weighted;

pub use weighted::{Unweighted, Weighted};

use core::fmt;

use crate::{
    Tensor, Zeroed,
    activation::{ExpBelow, Sigmoid, Softmax},
    kernel::{Element, Fold, Real, Simd, Sweep, largest, sum_of, sum_of_row, sweep},
    layer::{Ending, Logits, Predictions},
    message::Message,
    metric::{Accuracy, BinaryAccuracy, MeanAbsolute},
};

/// A loss for rows of outputs `P`.
pub trait Loss<P>: Default + Copy + Send + Sync + 'static {
    /// What an output is compared with.
    type Label: Copy + Zeroed;
    /// Whether the loss looks at predictions, or at logits because it is fused with the activation.
    type Ending: Ending;
    /// What a trainer reports beside this loss unless told otherwise.
    type Metric;
    /// What a label must be, for the error message.
    const EXPECTS: &'static str;

    /// What is wrong with `label`, if anything.
    fn flaw(label: &Self::Label) -> Option<Flaw>;

    /// Whether `label` is one.
    fn is_label(label: &Self::Label) -> bool {
        Self::flaw(label).is_none()
    }

    /// The sum of the losses of the rows, each averaged over its outputs where the loss says so.
    fn total<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label]) -> f64;

    /// Writes the gradient of the mean loss of the rows with respect to `outputs`.
    fn gradient<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label], gradient: &mut [P]);
}

/// What is wrong with a label: `holds NaN`, `is 10`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flaw {
    /// What the number is to the label: `is`, `holds`.
    pub verb: &'static str,
    /// The number that is wrong.
    pub number: f64,
}

impl Flaw {
    /// The first of `numbers` that is not valid.
    fn first<T: Element>(numbers: &[T], valid: impl Fn(f64) -> bool) -> Option<Self> {
        let wrong = numbers.iter().map(|number| number.to_f64()).find(|number| !valid(*number))?;
        Some(Self { verb: "holds", number: wrong })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.number)
    }
}

/// A loss that compares outputs `P` with labels `Y`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare the network's output `{P}` with labels `{Y}`",
    label = "these labels do not fit the network's output"
)]
pub trait Compares<P, Y>: Loss<P, Label = Y> {}

/// A label that the loss `L` compares with outputs `P`. It follows from [`Compares`], as
/// [`Sample`](crate::layer::Sample) does from `Accepts`.
pub trait Label<L: Loss<P>, P>: Copy {
    /// These labels, known to be the loss's.
    fn rows(labels: &[Self]) -> &[L::Label];
}

impl<L: Compares<P, Y>, P, Y: Copy> Label<L, P> for Y {
    #[inline(always)]
    fn rows(labels: &[Y]) -> &[L::Label] {
        labels
    }
}

/// A loss that goes with networks that end in the activation `H`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go with a network that ends in `{H}`",
    label = "wrong last activation for this loss",
    note = "`BinaryCrossentropy` needs `Sigmoid`; `CategoricalCrossentropy` and `SparseCategoricalCrossentropy` need `Softmax`"
)]
pub trait Follows<H> {}

/// A loss of each output by itself.
trait Pointwise: Copy {
    fn value<V: Real>(&self, output: V, label: V) -> V;
    fn slope<V: Real>(&self, output: V, label: V) -> V;
}

#[derive(Clone, Copy)]
struct Value<L>(L);

impl<L: Pointwise> Fold<2> for Value<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2]) -> V {
        self.0.value(output, label)
    }
}

#[derive(Clone, Copy)]
struct Slope<L>(L, f64);

impl<L: Pointwise> Sweep<2, 1> for Slope<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2], _: [V; 1]) -> [V; 1] {
        [self.0.slope(output, label) * V::splat(self.1)]
    }
}

macro_rules! pointwise {
    ($($loss:ident, $ending:ty, $metric:ty, $share:expr, $expects:literal, $valid:expr;)*) => {
        $(
            impl<T: Element + Tensor<Element = T>, const N: usize> Loss<[T; N]> for $loss {
                type Label = [T; N];
                type Ending = $ending;
                type Metric = $metric;
                const EXPECTS: &'static str = $expects;

                fn flaw(label: &[T; N]) -> Option<Flaw> {
                    Flaw::first(label, $valid)
                }

                #[inline(always)]
                fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]]) -> f64 {
                    let share: fn(usize) -> f64 = $share;
                    sum_of(simd, &Value(*self), [outputs.as_flattened(), labels.as_flattened()]).to_f64() * share(N)
                }

                #[inline(always)]
                fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]], gradient: &mut [[T; N]]) {
                    let share: fn(usize) -> f64 = $share;
                    let scale = share(N) / outputs.len() as f64;
                    let read = [outputs.as_flattened(), labels.as_flattened()];
                    sweep(simd, &Slope(*self, scale), read, [gradient.as_flattened_mut()]);
                }
            }

            impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], [T; N]> for $loss {}
        )*
    };
}
pointwise! {
    MeanSquaredError, Predictions, MeanAbsolute, |n| 1.0 / n as f64, "finite numbers", |value| value.is_finite();
    HalfSquaredError, Predictions, MeanAbsolute, |_| 1.0, "finite numbers", |value| value.is_finite();
    MeanAbsoluteError, Predictions, MeanAbsolute, |n| 1.0 / n as f64, "finite numbers", |value| value.is_finite();
    Huber, Predictions, MeanAbsolute, |n| 1.0 / n as f64, "finite numbers", |value| value.is_finite();
    BinaryCrossentropy, Logits, BinaryAccuracy, |n| 1.0 / n as f64, "probabilities from 0 to 1", |p| (0.0..=1.0).contains(&p);
}

impl<H> Follows<H> for MeanSquaredError {}
impl<H> Follows<H> for HalfSquaredError {}
impl<H> Follows<H> for MeanAbsoluteError {}
impl<H> Follows<H> for Huber {}
impl Follows<Sigmoid> for BinaryCrossentropy {}
impl Follows<Softmax> for CategoricalCrossentropy {}
impl Follows<Softmax> for SparseCategoricalCrossentropy {}

/// `Σₙ (y[n] − label[n])² / N`, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 4.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanSquaredError;

impl Pointwise for MeanSquaredError {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        (output - label) * (output - label)
    }

    #[inline(always)]
    fn slope<V: Real>(&self, output: V, label: V) -> V {
        V::splat(2.0) * (output - label)
    }
}

/// `½·Σₙ (y[n] − label[n])²`, the textbook's, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, HalfSquaredError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 2.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HalfSquaredError;

impl Pointwise for HalfSquaredError {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        V::splat(0.5) * (output - label) * (output - label)
    }

    #[inline(always)]
    fn slope<V: Real>(&self, output: V, label: V) -> V {
        output - label
    }
}

/// `Σₙ |y[n] − label[n]| / N`, averaged over the rows.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanAbsoluteError, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 2.0).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MeanAbsoluteError;

impl Pointwise for MeanAbsoluteError {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        (output - label).abs()
    }

    #[inline(always)]
    fn slope<V: Real>(&self, output: V, label: V) -> V {
        let below = label.if_gt(output, V::splat(-1.0), V::splat(0.0));
        output.if_gt(label, V::splat(1.0), below)
    }
}

/// `½·d²` for `|d| ≤ 1`, else `|d| − ½`, with `d = y − label`, as mean over outputs and rows (Huber 1964).
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, Huber, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[1.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 1.5).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Huber;

impl Pointwise for Huber {
    #[inline(always)]
    fn value<V: Real>(&self, output: V, label: V) -> V {
        let distance = (output - label).abs();
        let near = V::splat(0.5) * distance * distance;
        distance.if_gt(V::splat(1.0), distance - V::splat(0.5), near)
    }

    #[inline(always)]
    fn slope<V: Real>(&self, output: V, label: V) -> V {
        V::splat(-1.0).max(V::splat(1.0).min(output - label))
    }
}

/// `−label·ln p − (1−label)·ln(1−p)` with `p = sigmoid(logit)`, as mean over outputs and rows.
///
/// Computed from the logit, `softplus(z) − label·z`, so that it holds at ±10⁴ too.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Sigmoid>, BinaryCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossentropy;

impl Pointwise for BinaryCrossentropy {
    #[inline(always)]
    fn value<V: Real>(&self, logit: V, label: V) -> V {
        logit.softplus() - label * logit
    }

    #[inline(always)]
    fn slope<V: Real>(&self, logit: V, label: V) -> V {
        logit.sigmoid() - label
    }
}

/// `−Σₙ label[n]·ln p[n]` with `p = softmax(logits)`, averaged over the rows; labels are one-hot, or
/// probabilities that add up to 1.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 2, Softmax>, CategoricalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0, 0.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[0.0, 1.0]])?.loss;
/// assert!((loss - std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CategoricalCrossentropy;

/// `−ln p[label]` with `p = softmax(logits)`, averaged over the rows; labels are class numbers from 0.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 2, Softmax>, SparseCategoricalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0, 0.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[1])?.loss;
/// assert!((loss - std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SparseCategoricalCrossentropy;

/// The largest logit, and the logarithm of `Σ e^(logit − largest)`.
#[inline(always)]
fn log_sum<S: Simd, T: Element, const N: usize>(simd: S, logits: &[T; N]) -> (f64, f64) {
    let top = largest(simd, logits).to_f64();
    (top, libm::log(sum_of_row(simd, &ExpBelow(top), [logits]).to_f64()))
}

impl<T: Element + Tensor<Element = T>, const N: usize> Loss<[T; N]> for CategoricalCrossentropy {
    type Label = [T; N];
    type Ending = Logits;
    type Metric = Accuracy;
    const EXPECTS: &'static str = "probabilities from 0 to 1 that add up to 1";

    fn flaw(label: &[T; N]) -> Option<Flaw> {
        let sum: f64 = label.iter().map(|p| p.to_f64()).sum();
        let adds_up = (sum - 1.0).abs() < 1e-3;
        let sum = (!adds_up).then_some(Flaw { verb: "adds up to", number: sum });
        Flaw::first(label, |p| (0.0..=1.0).contains(&p)).or(sum)
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]]) -> f64 {
        let mut sum = 0.0;
        for (logits, label) in outputs.iter().zip(labels) {
            let (top, log) = log_sum(simd, logits);
            for (label, logit) in label.iter().zip(logits) {
                sum -= label.to_f64() * (logit.to_f64() - top - log);
            }
        }
        sum
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]], gradient: &mut [[T; N]]) {
        let scale = 1.0 / outputs.len() as f64;
        gradient.copy_from_slice(outputs);
        <Softmax as crate::activation::Activation>::forward(simd, gradient);
        sweep(simd, &Difference(scale), [labels.as_flattened()], [gradient.as_flattened_mut()]);
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], [T; N]> for CategoricalCrossentropy {}

#[derive(Clone, Copy)]
struct Difference(f64);

impl Sweep<1, 1> for Difference {
    #[inline(always)]
    fn apply<V: Real>(&self, [label]: [V; 1], [p]: [V; 1]) -> [V; 1] {
        [(p - label) * V::splat(self.0)]
    }
}

struct ClassNumbers<const N: usize>;

impl<const N: usize> ClassNumbers<N> {
    const TEXT: &'static Message = &Message::new()
        .text("class numbers from 0 to ")
        .number(N.saturating_sub(1) as u128)
        .text(", as the network has ")
        .number(N as u128)
        .text(" outputs");
}

impl<T: Element + Tensor<Element = T>, const N: usize> Loss<[T; N]> for SparseCategoricalCrossentropy {
    type Label = usize;
    type Ending = Logits;
    type Metric = Accuracy;
    const EXPECTS: &'static str = ClassNumbers::<N>::TEXT.as_str();

    fn flaw(label: &usize) -> Option<Flaw> {
        (*label >= N).then_some(Flaw { verb: "is", number: *label as f64 })
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[usize]) -> f64 {
        let mut sum = 0.0;
        for (logits, &label) in outputs.iter().zip(labels) {
            let (top, log) = log_sum(simd, logits);
            sum += top + log - logits.get(label).map_or(f64::NAN, |logit| logit.to_f64());
        }
        sum
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[usize], gradient: &mut [[T; N]]) {
        let scale = T::from_f64(1.0 / outputs.len() as f64);
        gradient.copy_from_slice(outputs);
        <Softmax as crate::activation::Activation>::forward(simd, gradient);
        for (row, &label) in gradient.iter_mut().zip(labels) {
            if let Some(p) = row.get_mut(label) {
                *p -= T::one();
            }
            row.iter_mut().for_each(|value| *value *= scale);
        }
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], usize> for SparseCategoricalCrossentropy {}
