//! Samples that count more or less than others.

use super::{Compares, Flaw, Follows, Loss};
use crate::{
    Tensor,
    kernel::{Element, Simd},
    message::Message,
    metric::{Metric, Named},
};

/// The loss `L` of each sample times its weight, averaged over the rows. A label is `(label, weight)`, and a weight at
/// least 0; metrics pass over the weights. [`class_weights`](crate::data::class_weights) makes classes of unequal size
/// count the same.
///
/// ```
/// use shiplap::{loss::Weighted, prelude::*};
///
/// type Net = Dense<1, 1, Linear>;
/// let mut trainer = Trainer::<Net, Weighted<MeanSquaredError>, Sgd, 2>::new(Sgd::new(0.1), 1);
/// let (x, y) = ([[1.0f32], [1.0]], [([3.0f32], 1.0), ([5.0f32], 0.0)]);
/// trainer.fit(&x, &y, Fit::epochs(200))?;
/// // The second does not count.
/// assert!((trainer.predict(&x[0])[0] - 3.0).abs() < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighted<L>(pub L);

impl<L> Weighted<L> {
    const fn expects(label: &str) -> Message {
        Message::new().text("(label, weight) with a finite weight of at least 0, and as label ").text(label)
    }
}

/// The text for one loss.
struct Expects<L, P>(core::marker::PhantomData<(L, P)>);

impl<L: Loss<P>, P> Expects<L, P> {
    const TEXT: &'static Message = &Weighted::<L>::expects(L::EXPECTS);
}

impl<P: Tensor, L: Loss<P>> Loss<P> for Weighted<L> {
    type Label = (L::Label, f32);
    type Ending = L::Ending;
    type Metric = Unweighted<L::Metric>;
    const EXPECTS: &'static str = Expects::<L, P>::TEXT.as_str();

    fn flaw((label, weight): &Self::Label) -> Option<Flaw> {
        let weighs = weight.is_finite() && *weight >= 0.0;
        L::flaw(label).or((!weighs).then_some(Flaw { verb: "has the weight", number: f64::from(*weight) }))
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label]) -> f64 {
        let row = |(output, (label, weight)): (&P, &Self::Label)| {
            let (output, label) = (core::slice::from_ref(output), core::slice::from_ref(label));
            f64::from(*weight) * self.0.total(simd, output, label)
        };
        outputs.iter().zip(labels).map(row).sum()
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label], gradient: &mut [P]) {
        let rows = outputs.len() as f64;
        for ((output, (label, weight)), gradient) in outputs.iter().zip(labels).zip(gradient) {
            let gradient = core::slice::from_mut(gradient);
            self.0.gradient(simd, core::slice::from_ref(output), core::slice::from_ref(label), gradient);
            let share = P::Element::from_f64(f64::from(*weight) / rows);
            P::flat_mut(gradient).iter_mut().for_each(|value| *value *= share);
        }
    }
}

impl<P: Tensor, L: Compares<P, Y>, Y> Compares<P, (Y, f32)> for Weighted<L> {}

impl<H, L: Follows<H>> Follows<H> for Weighted<L> {}

/// The metric `M` for labels with weights, which it passes over.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Unweighted<M>(pub M);

impl<P, Y, M: Metric<P, Y>> Metric<P, (Y, f32)> for Unweighted<M> {
    fn update(&mut self, prediction: &P, (label, _): &(Y, f32)) {
        self.0.update(prediction, label);
    }
}

impl<M: Named> Named for Unweighted<M> {
    fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
        self.0.each(show);
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::prelude::*;

    type Net = (Dense<2, 3, Tanh, f64>, Dense<3, 2, Softmax, f64>);
    type Plain = Trainer<Net, SparseCategoricalCrossentropy, Sgd, 4, ()>;
    type Heavy = Trainer<Net, Weighted<SparseCategoricalCrossentropy>, Sgd, 4, ()>;

    /// A weight of 2 is the sample twice, once it is made up for that the mean is over fewer rows.
    #[test]
    fn a_weight_of_two_is_the_sample_twice() {
        let (mut plain, mut heavy) = (Plain::new(Sgd::new(0.3), 1), Heavy::new(Sgd::new(0.4), 1));
        let (a, b) = ([0.3, -0.4], [-0.2, 0.9]);
        let loss = plain.step(&[a, b, b], &[0, 1, 1]).unwrap();
        let weighted = heavy.step(&[a, b], &[(0, 1.0), (1, 2.0)]).unwrap();
        assert!((loss * 3.0 - weighted * 2.0).abs() < 1e-12);
        // Rate 0.3 over 3 rows, or 0.2 over 2.
        let mut heavy = Heavy::new(Sgd::new(0.2), 1);
        heavy.step(&[a, b], &[(0, 1.0), (1, 2.0)]).unwrap();
        for (one, other) in plain.network().0.kernel.as_flattened().iter().zip(heavy.network().0.kernel.as_flattened())
        {
            assert!((one - other).abs() < 1e-12, "{one} {other}");
        }
    }

    #[test]
    fn weights_are_checked() {
        let mut trainer = Heavy::new(Sgd::new(0.1), 1);
        for bad in [-1.0, f32::NAN, f32::INFINITY] {
            let error = trainer.step(&[[0.0; 2]; 2], &[(0, 1.0), (1, bad)]).unwrap_err();
            assert!(matches!(error, TrainError::Label { sample: 1, .. }));
            assert!(
                error.to_string().contains(" has the weight ")
                    && error.to_string().contains("and as label class numbers from 0 to 1"),
                "{error}"
            );
        }
    }
}
