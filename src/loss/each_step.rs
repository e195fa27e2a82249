//! Losses of series whose lengths vary.

use core::{marker::PhantomData, slice};

use super::{Compares, Flaw, Follows, Loss};
use crate::{
    Tensor,
    kernel::{Element as _, Simd},
    message::Message,
    metric,
};

/// The loss `L` of each step of a series, averaged over the steps of a sample up to its length, and over the samples. A
/// label is `(labels, length)`, of which the labels after the length are padding and do not count, neither in the metrics.
///
/// Each sample counts the same, whatever its length: the mean over the samples of a batch does not depend on how they are
/// put into batches.
///
/// The network does not know the length, which is a part of the label. A layer of series in which a step depends on later
/// ones, and thus on the padding, is a compile error of the trainer: [`Bidirectional`](crate::layers::Bidirectional),
/// attention without [`Causal`](crate::layers::Causal), and `Same` windows. [`Masked<_, AllSteps>`](crate::layers::AllSteps)
/// gives the length to the first two. If all samples have all steps, such layers are trained with a loss without lengths, such as
/// [`SparseCategoricalCrossentropy`](super::SparseCategoricalCrossentropy).
///
/// ```
/// use shiplap::{loss::EachStep, prelude::*};
///
/// type Net = Gru<[[f32; 1]; 3], 2, AllStates>;
/// let mut trainer = Trainer::<Net, EachStep<MeanSquaredError>, Sgd, 1>::new(Sgd::new(0.1), 1);
/// let x = [[[0.5f32], [1.0], [0.0]]];
/// let [some, other] = [7.0f32, -9.0].map(|padding| [([[0.1, 0.2], [0.3, 0.4], [padding; 2]], 2)]);
/// assert_eq!(trainer.evaluate(&x, &some)?.loss, trainer.evaluate(&x, &other)?.loss);
/// trainer.step(&x, &some)?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EachStep<L>(pub L);

/// The text of [`EachStep`] for one loss.
struct Expects<L, P, const STEPS: usize>(PhantomData<(L, P)>);

impl<L: Loss<P>, P, const STEPS: usize> Expects<L, P, STEPS> {
    const TEXT: &'static Message = &Message::new()
        .text("(labels, length) with a length from 1 to ")
        .number(STEPS as u128)
        .text(", and as labels ")
        .text(L::EXPECTS);
}

#[diagnostic::do_not_recommend]
impl<P: Tensor, L: Loss<P>, const STEPS: usize> Loss<[P; STEPS]> for EachStep<L> {
    type Label = ([L::Label; STEPS], usize);
    type Ending = L::Ending;
    type Metric = metric::EachStep<L::Metric>;
    const EXPECTS: &'static str = Expects::<L, P, STEPS>::TEXT.as_str();
    const HAS_LENGTH: bool = true;

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn flaw((labels, length): &Self::Label) -> Option<Flaw> {
        match labels.get(..*length) {
            Some(labels) if *length > 0 => labels.iter().find_map(L::flaw),
            _ => Some(Flaw { verb: "has the length", number: *length as f64 }),
        }
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[P; STEPS]], labels: &[Self::Label]) -> f64 {
        let of_sample = |(outputs, (labels, length)): (&[P; STEPS], &Self::Label)| {
            let (outputs, labels) = (outputs.get(..*length).unwrap_or(&[]), labels.get(..*length).unwrap_or(&[]));
            self.0.total(simd, outputs, labels) / labels.len() as f64
        };
        outputs.iter().zip(labels).map(of_sample).sum()
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[P; STEPS]], labels: &[Self::Label], gradient: &mut [[P; STEPS]]) {
        let share = P::Element::from_f64(1.0 / outputs.len() as f64);
        for ((outputs, (labels, length)), gradient) in outputs.iter().zip(labels).zip(gradient) {
            <[P; STEPS]>::flat_mut(slice::from_mut(gradient)).fill(P::Element::from_f64(0.0));
            let parts = (outputs.get(..*length), labels.get(..*length), gradient.get_mut(..*length));
            if let (Some(outputs), Some(labels), Some(gradient)) = parts {
                self.0.gradient(simd, outputs, labels, gradient);
                P::flat_mut(gradient).iter_mut().for_each(|value| *value *= share);
            }
        }
    }
}

impl<P: Tensor, L: Compares<P, Y>, Y, const STEPS: usize> Compares<[P; STEPS], ([Y; STEPS], usize)> for EachStep<L> {}

#[diagnostic::do_not_recommend]
impl<H, L: Follows<H>> Follows<H> for EachStep<L> {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        let outputs = [[[0.5f64, -1.0, 2.0], [1.0, 0.0, 0.3]], [[0.1, 0.2, -0.3], [4.0, 1.0, 1.0]]];
        let labels = [([2, 0], 2), ([1, 9], 1)];
        check::loss(&EachStep(SparseCategoricalCrossentropy), &outputs, &labels).unwrap();
        let labels = [([[1.0, 0.0, 0.5], [f64::NAN; 3]], 1), ([[0.1, 0.2, 0.3], [0.0; 3]], 2)];
        check::loss(&EachStep(MeanSquaredError), &outputs, &labels).unwrap();
    }

    type Net = Gru<[[f64; 1]; 3], 2, AllStates>;
    type Classes = (Net, TimeDistributed<Dense<2, 2, Softmax, f64>, 3>);

    /// Samples of the whole length have the loss of all steps; the padding of others does not count, nor in the metric.
    #[test]
    fn steps_after_the_length_do_not_count() {
        let trainer = Trainer::<Classes, EachStep<SparseCategoricalCrossentropy>, Sgd, 2>::new(Sgd::new(0.1), 1);
        let plain = Trainer::<Classes, SparseCategoricalCrossentropy, Sgd, 2>::new(Sgd::new(0.1), 1);
        let x = [[[0.5], [1.0], [-0.3]]];
        let whole = trainer.evaluate(&x, &[([0usize, 1, 1], 3)]).unwrap();
        let same = plain.evaluate(&x, &[[0usize, 1, 1]]).unwrap();
        assert!((whole.loss - same.loss).abs() < 1e-12 && whole.metrics.0 == same.metrics);
        let labels = |last| [([0usize, 1, last], 2usize)];
        let short = [0, 1, 9].map(|last| trainer.evaluate(&x, &labels(last)).unwrap());
        assert!(short[0].loss == short[1].loss && short[0].loss == short[2].loss && short[0].loss != whole.loss);
        assert!([0.0, 0.5, 1.0].contains(&short[0].metrics.0.value()));
    }

    #[test]
    fn lengths_are_checked() {
        let mut trainer = Trainer::<Net, EachStep<MeanSquaredError>, Sgd, 2>::new(Sgd::new(0.1), 1);
        for length in [0, 4, usize::MAX] {
            let error = trainer.step(&[[[0.5]; 3]; 2], &[([[0.0; 2]; 3], 1), ([[0.0; 2]; 3], length)]).unwrap_err();
            assert!(matches!(error, TrainError::Label { sample: 1, .. }));
            assert!(error.to_string().contains("a length from 1 to 3"), "{error}");
        }
    }
}
