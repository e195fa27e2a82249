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
/// If the network outputs a sequence `[[T; N]; STEPS]`, each step has a class: a label is `[usize; STEPS]`, and the loss is
/// averaged over the steps, too.
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

/// A class for each step.
#[diagnostic::do_not_recommend]
impl<T: Element + Tensor<Element = T>, const N: usize, const STEPS: usize> Loss<[[T; N]; STEPS]>
    for SparseCategoricalCrossentropy
{
    type Label = [usize; STEPS];
    type Ending = Logits;
    type Metric = Accuracy;
    const EXPECTS: &'static str = ClassNumbers::<N>::TEXT.as_str();

    fn flaw(labels: &[usize; STEPS]) -> Option<Flaw> {
        let wrong = labels.iter().find(|label| **label >= N)?;
        Some(Flaw { verb: "holds", number: *wrong as f64 })
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[[T; N]; STEPS]], labels: &[[usize; STEPS]]) -> f64 {
        self.total(simd, outputs.as_flattened(), labels.as_flattened()) / STEPS as f64
    }

    #[inline(always)]
    fn gradient<S: Simd>(
        &self,
        simd: S,
        outputs: &[[[T; N]; STEPS]],
        labels: &[[usize; STEPS]],
        gradient: &mut [[[T; N]; STEPS]],
    ) {
        self.gradient(simd, outputs.as_flattened(), labels.as_flattened(), gradient.as_flattened_mut());
    }
}

impl<T: Element + Tensor<Element = T>, const N: usize, const STEPS: usize> Compares<[[T; N]; STEPS], [usize; STEPS]>
    for SparseCategoricalCrossentropy
{
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        check,
        kernel::{Work, dispatch},
        metric::Metric as _,
    };

    /// A sequence has the mean loss of its steps.
    #[test]
    fn each_step_has_a_class() {
        let loss = SparseCategoricalCrossentropy;
        let (outputs, labels) =
            ([[[0.5f64, -1.0, 2.0], [1.0, 0.0, 0.3]], [[0.1, 0.2, -0.3], [4.0, 1.0, 1.0]]], [[2, 0], [1, 2]]);
        check::loss(&loss, &outputs, &labels).unwrap();
        let (whole, steps) = (Total(&outputs, &labels), Total(outputs.as_flattened(), labels.as_flattened()));
        assert!((2.0 * dispatch(whole) - dispatch(steps)).abs() < 1e-15);
        let mut accuracy = Accuracy::default();
        for (output, label) in outputs.iter().zip(&labels) {
            accuracy.update(output, label);
        }
        assert_eq!(accuracy.value(), 0.75);
        let flaw = <SparseCategoricalCrossentropy as Loss<[[f32; 3]; 2]>>::flaw(&[2, 3]);
        assert_eq!(flaw, Some(Flaw { verb: "holds", number: 3.0 }));
    }

    struct Total<'a, P, Y>(&'a [P], &'a [Y]);

    impl<P, Y> Work for Total<'_, P, Y>
    where
        SparseCategoricalCrossentropy: Loss<P, Label = Y>,
    {
        type Output = f64;

        fn run<S: Simd>(self, simd: S) -> f64 {
            SparseCategoricalCrossentropy.total(simd, self.0, self.1)
        }
    }
}
