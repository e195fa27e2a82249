//! The cross-entropy of classes, with class numbers as labels.

use super::{Compares, Flaw, Follows, Loss, categorical_crossentropy::log_sum};
use crate::{
    Tensor,
    activation::{Activation, Softmax},
    kernel::{Element, Simd},
    layer::Logits,
    message::Message,
    metric::Accuracy,
};

/// `−ln p[label]` with `p = softmax(logits)`, averaged over the rows. Labels are class numbers, `0..N`.
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

#[diagnostic::do_not_recommend]
impl Follows<Softmax> for SparseCategoricalCrossentropy {}

struct ClassNumbers<const N: usize>;

impl<const N: usize> ClassNumbers<N> {
    const TEXT: &'static Message = &Message::new()
        .text("class numbers from 0 to ")
        .number(N.saturating_sub(1) as u128)
        .text(", as the network has ")
        .number(N as u128)
        .text(" outputs");
}

#[diagnostic::do_not_recommend]
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
            sum += top - logits.get(label).map_or(f64::NAN, |logit| logit.to_f64()) + log;
        }
        sum
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[usize], gradient: &mut [[T; N]]) {
        let scale = T::from_f64(1.0 / outputs.len() as f64);
        gradient.copy_from_slice(outputs);
        Softmax::forward(simd, gradient);
        for (row, &label) in gradient.iter_mut().zip(labels) {
            if let Some(p) = row.get_mut(label) {
                *p -= T::one();
            }
            row.iter_mut().for_each(|value| *value *= scale);
        }
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize> Compares<[T; N], usize> for SparseCategoricalCrossentropy {}
