//! The cross-entropy of classes, with probabilities as labels.

use super::{Compares, Flaw, Follows, Loss, is_probability};
use crate::{
    Tensor,
    activation::{Activation, Softmax},
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, Work, elementwise, largest, sum_of_row},
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

#[diagnostic::do_not_recommend]
impl Follows<Softmax> for CategoricalCrossentropy {}

/// The largest logit, and the logarithm of `Σ e^(logit − largest)`. The 1 of the largest logit is not part of the sum, in
/// which it would hide small terms.
#[inline(always)]
pub(super) fn log_sum<S: Simd, T: Element, const N: usize>(simd: S, logits: &[T; N]) -> (f64, f64) {
    simd.run(LogSum(logits))
}

struct LogSum<'a, T, const N: usize>(&'a [T; N]);

impl<T: Element, const N: usize> Work for LogSum<'_, T, N> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f64, f64) {
        let logits = self.0;
        let top = largest(simd, logits).to_f64();
        let ties = logits.iter().filter(|logit| logit.to_f64() == top).count();
        let others = sum_of_row(simd, &Others(top), [logits]).to_f64();
        (top, libm::log1p(others + ties.saturating_sub(1) as f64))
    }
}

/// `e^(x − top)` below `top`, and 0 at `top`.
#[derive(Clone, Copy)]
struct Others(f64);

impl Summand<1> for Others {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1]) -> V {
        let top = V::splat(self.0);
        let exp = (x - top).exp();
        // This order of operands preserves NaN.
        top.if_gt(x, exp, exp - V::splat(1.0))
    }
}

#[diagnostic::do_not_recommend]
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
