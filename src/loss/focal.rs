//! Focal losses: cross-entropies in which confident, correct outputs have less weight.

use super::{
    Compares, Flaw, Follows, Loss, PointwiseLoss, at_least_0,
    binary_crossentropy::{crossentropy, error},
    categorical_crossentropy::log_sum,
    in_range, is_probability,
};
use crate::{
    Tensor,
    activation::{Sigmoid, Softmax},
    kernel::{Element, Real, Simd},
    layer::Logits,
    loss::CategoricalCrossentropy,
    metric::{Accuracy, BinaryAccuracy},
};

/// `qᵞ·(−label·ln p − (1−label)·ln(1−p))` with `p = sigmoid(logit)` and `q = label·(1−p) + (1−label)·p`, the
/// probability of the wrong answer, averaged over outputs and rows (Lin et al. 2017). With `alpha`, each label is
/// weighted by `label·alpha + (1−label)·(1−alpha)`.
///
/// ```
/// use shiplap::{loss::BinaryFocalCrossentropy, prelude::*};
///
/// let mut trainer = Trainer::<Dense<1, 1, Sigmoid>, BinaryFocalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0]];
/// // q = ½, γ = 2.
/// let loss = trainer.evaluate(&[[3.0f32]], &[[1.0]])?.loss;
/// assert!((loss - 0.25 * std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryFocalCrossentropy {
    /// The exponent: finite and at least 0. At 0, the loss is the binary cross-entropy.
    pub gamma: f64,
    /// The weight of label 1, in [0, 1]; label 0 has the weight `1 − alpha`. `None` weights both labels by 1.
    pub alpha: Option<f64>,
}

/// A `gamma` of 2, no `alpha`.
impl Default for BinaryFocalCrossentropy {
    fn default() -> Self {
        Self { gamma: 2.0, alpha: None }
    }
}

#[diagnostic::do_not_recommend]
impl Follows<Sigmoid> for BinaryFocalCrossentropy {}

impl BinaryFocalCrossentropy {
    /// `p`, `1 − p`, `q` and `alpha`'s weight times `qᵞ`.
    #[inline(always)]
    fn parts<V: Real>(&self, logit: V, label: V) -> [V; 4] {
        let of_0 = V::splat(1.0) - label;
        // Subtracting `p` from 1 would lose digits near 1, and 0 has no logarithm.
        let (p, rest) = (logit.sigmoid(), (-logit).sigmoid());
        let q = (label * rest + of_0 * p).max(V::splat(f64::from(f32::MIN_POSITIVE)));
        let weight = match self.alpha {
            Some(alpha) => label * V::splat(alpha) + of_0 * V::splat(1.0 - alpha),
            None => V::splat(1.0),
        };
        [p, rest, q, weight * (V::splat(self.gamma) * q.ln()).exp()]
    }
}

impl PointwiseLoss for BinaryFocalCrossentropy {
    type Ending = Logits;
    type Metric = BinaryAccuracy;
    const EXPECTS: &'static str = "probabilities from 0 to 1";

    fn is_label(label: f64) -> bool {
        is_probability(label)
    }

    fn check(&self) -> Result<(), &'static str> {
        in_range(at_least_0(self.gamma), "the `gamma` of a focal loss must be finite and at least 0 as `f32`")?;
        in_range(self.alpha.is_none_or(is_probability), "the `alpha` of a focal loss must be in [0, 1]")
    }

    #[inline(always)]
    fn value<V: Real>(&self, logit: V, label: V) -> V {
        let [.., factor] = self.parts(logit, label);
        factor * crossentropy(logit, label)
    }

    #[inline(always)]
    fn derivative<V: Real>(&self, logit: V, label: V) -> V {
        let [p, rest, q, factor] = self.parts(logit, label);
        let of_q = (V::splat(1.0) - V::splat(2.0) * label) * p * rest;
        factor * (V::splat(self.gamma) * of_q / q * crossentropy(logit, label) + error(p, rest, label))
    }
}

/// `−alpha·Σₙ label[n]·(1−p[n])ᵞ·ln p[n]` with `p = softmax(logits)`, averaged over the rows (Lin et al. 2017); labels
/// are one-hot, or probabilities that add up to 1.
///
/// ```
/// use shiplap::{loss::CategoricalFocalCrossentropy, prelude::*};
///
/// let mut trainer = Trainer::<Dense<1, 2, Softmax>, CategoricalFocalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
/// trainer.network_mut().kernel = [[0.0, 0.0]];
/// let loss = trainer.evaluate(&[[3.0f32]], &[[0.0, 1.0]])?.loss;
/// assert!((loss - 0.25 * 0.25 * std::f64::consts::LN_2).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoricalFocalCrossentropy {
    /// The exponent: finite and at least 0.
    pub gamma: f64,
    /// The factor of the whole loss: finite and at least 0.
    pub alpha: f64,
}

/// A `gamma` of 2 and an `alpha` of 0.25, as in Keras.
impl Default for CategoricalFocalCrossentropy {
    fn default() -> Self {
        Self { gamma: 2.0, alpha: 0.25 }
    }
}

#[diagnostic::do_not_recommend]
impl Follows<Softmax> for CategoricalFocalCrossentropy {}

#[diagnostic::do_not_recommend]
impl<T: Element + Tensor<Element = T>, const N: usize> Loss<[T; N]> for CategoricalFocalCrossentropy {
    type Label = [T; N];
    type Ending = Logits;
    type Metric = Accuracy;
    const EXPECTS: &'static str = <CategoricalCrossentropy as Loss<[T; N]>>::EXPECTS;

    fn check(&self) -> Result<(), &'static str> {
        in_range(at_least_0(self.gamma), "the `gamma` of a focal loss must be finite and at least 0 as `f32`")?;
        in_range(
            at_least_0(self.alpha),
            "the `alpha` of a focal loss of classes must be finite and at least 0 as `f32`",
        )
    }

    fn flaw(label: &[T; N]) -> Option<Flaw> {
        <CategoricalCrossentropy as Loss<[T; N]>>::flaw(label)
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]]) -> f64 {
        let mut sum = 0.0;
        for (logits, label) in outputs.iter().zip(labels) {
            let (top, log) = log_sum(simd, logits);
            for (label, logit) in label.iter().zip(logits) {
                let ln_p = logit.to_f64() - top - log;
                sum -= label.to_f64() * libm::pow(-libm::expm1(ln_p), self.gamma) * ln_p;
            }
        }
        self.alpha * sum
    }

    /// With `hₙ = p[n]·∂loss/∂p[n]`, the derivative with respect to logit `k` is `h[k] − p[k]·Σₙ h[n]`.
    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]], gradient: &mut [[T; N]]) {
        let share = self.alpha / outputs.len() as f64;
        for ((logits, label), gradient) in outputs.iter().zip(labels).zip(gradient) {
            let (top, log) = log_sum(simd, logits);
            let ln_p = logits.map(|logit| logit.to_f64() - top - log);
            let mut sum = 0.0;
            let mut each = [0.0; N];
            for ((h, label), ln_p) in each.iter_mut().zip(label).zip(ln_p) {
                // Above 0, because the derivative divides by it.
                let others = (-libm::expm1(ln_p)).max(f64::MIN_POSITIVE);
                let power = libm::pow(others, self.gamma);
                *h = label.to_f64() * power * (self.gamma * libm::exp(ln_p) * ln_p / others - 1.0);
                sum += *h;
            }
            for ((gradient, h), ln_p) in gradient.iter_mut().zip(each).zip(ln_p) {
                *gradient = T::from_f64(share * (h - libm::exp(ln_p) * sum));
            }
        }
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], [T; N]> for CategoricalFocalCrossentropy {}
