//! The cross-entropy of classes, with probabilities as labels.

use super::{Compares, Flaw, Follows, Loss, is_probability};
use crate::{
    Tensor,
    activation::{Activation, ExpBelow, Softmax},
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise, largest, sum_of_row},
    layer::Logits,
    metric::Accuracy,
};

/// `−Σₙ label[n]·ln p[n]` with `p = softmax(logits)`, averaged over the rows. Labels are one-hot, or
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

impl Follows<Softmax> for CategoricalCrossentropy {}

/// The largest logit, and the logarithm of `Σ e^(logit − largest)`.
#[inline(always)]
pub(super) fn log_sum<S: Simd, T: Element, const N: usize>(simd: S, logits: &[T; N]) -> (f64, f64) {
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
        Flaw::first(label, is_probability).or(sum)
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
        Softmax::forward(simd, gradient);
        elementwise(simd, &Difference(scale), [labels.as_flattened()], [gradient.as_flattened_mut()]);
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], [T; N]> for CategoricalCrossentropy {}

#[derive(Clone, Copy)]
struct Difference(f64);

impl ElementwiseKernel<1, 1> for Difference {
    #[inline(always)]
    fn apply<V: Real>(&self, [label]: [V; 1], [p]: [V; 1]) -> [V; 1] {
        [(p - label) * V::splat(self.0)]
    }
}
