//! Losses that count some samples more than others.

use super::{Compares, Flaw, Follows, Loss, at_least_0, in_range, is_divisor};
use crate::{
    Tensor,
    kernel::{Element, Simd},
    message::Message,
    metric::{Class, Metric, Named},
};

/// The loss `L` of each sample times its weight, averaged over the rows. A label is `(label, weight)` with a finite
/// weight of at least 0. A sample of weight 0 does not count, even if its loss is infinite; metrics ignore the weights. For weights by class, use [`ClassWeighted`].
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

/// The text of [`Weighted`] for one loss.
struct Expects<L, P>(core::marker::PhantomData<(L, P)>);

impl<L: Loss<P>, P> Expects<L, P> {
    const TEXT: &'static Message = &Weighted::<L>::expects(L::EXPECTS);
}

#[diagnostic::do_not_recommend]
impl<P: Tensor, L: Loss<P>> Loss<P> for Weighted<L> {
    type Label = (L::Label, f32);
    type Ending = L::Ending;
    type Metric = Unweighted<L::Metric>;
    const EXPECTS: &'static str = Expects::<L, P>::TEXT.as_str();
    const HAS_LENGTH: bool = L::HAS_LENGTH;

    fn check(&self) -> Result<(), &'static str> {
        self.0.check()
    }

    fn flaw((label, weight): &Self::Label) -> Option<Flaw> {
        let in_range = weight.is_finite() && *weight >= 0.0;
        L::flaw(label).or((!in_range).then_some(Flaw { verb: "has the weight", number: f64::from(*weight) }))
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label]) -> f64 {
        total(simd, &self.0, outputs, labels.iter().map(|(label, weight)| (label, f64::from(*weight))))
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[P], labels: &[Self::Label], gradient: &mut [P]) {
        let labels = labels.iter().map(|(label, weight)| (label, f64::from(*weight)));
        self::gradient(simd, &self.0, outputs, labels, gradient);
    }
}

/// The sum of the losses of rows, each times its weight.
#[inline(always)]
fn total<'a, S: Simd, P, L: Loss<P>>(
    simd: S,
    loss: &L,
    outputs: &[P],
    labels: impl Iterator<Item = (&'a L::Label, f64)>,
) -> f64
where
    L::Label: 'a,
{
    let row = |(output, (label, weight)): (&P, (&L::Label, f64))| {
        // A loss may be infinite.
        if weight == 0.0 {
            return 0.0;
        }
        weight * loss.total(simd, core::slice::from_ref(output), core::slice::from_ref(label))
    };
    outputs.iter().zip(labels).map(row).sum()
}

/// The gradient of the mean of weighted losses.
#[inline(always)]
fn gradient<'a, S: Simd, P: Tensor, L: Loss<P>>(
    simd: S,
    loss: &L,
    outputs: &[P],
    labels: impl Iterator<Item = (&'a L::Label, f64)>,
    gradient: &mut [P],
) where
    L::Label: 'a,
{
    let rows = outputs.len() as f64;
    for ((output, (label, weight)), gradient) in outputs.iter().zip(labels).zip(gradient) {
        let gradient = core::slice::from_mut(gradient);
        if weight == 0.0 {
            P::flat_mut(gradient).fill(P::Element::from_f64(0.0));
            continue;
        }
        loss.gradient(simd, core::slice::from_ref(output), core::slice::from_ref(label), gradient);
        let share = P::Element::from_f64(weight / rows);
        P::flat_mut(gradient).iter_mut().for_each(|value| *value *= share);
    }
}

impl<P: Tensor, L: Compares<P, Y>, Y> Compares<P, (Y, f32)> for Weighted<L> {}

#[diagnostic::do_not_recommend]
impl<H, L: Follows<H>> Follows<H> for Weighted<L> {}

/// The loss `L` of each sample times the weight of its class, averaged over the rows.
/// [`class_weights`](crate::data::class_weights) computes weights with which classes of unequal size count the same.
/// Labels are those of `L`: class numbers, probabilities (the largest determines the class), or one probability (class
/// 1 above ½).
///
/// `CLASSES` must equal the number of outputs, or 2 for a single output; other numbers do not compile.
///
/// ```
/// use shiplap::{loss::ClassWeighted, prelude::*};
///
/// type Loss = ClassWeighted<SparseCategoricalCrossentropy, 2>;
/// let loss = Loss::new(SparseCategoricalCrossentropy, [1.0, 3.0]);
/// let mut trainer = Trainer::<Dense<1, 2, Softmax>, Loss, Adam, 2>::new(Adam::new(0.1), 1).with_loss(loss);
/// trainer.fit(&[[1.0f32], [1.0]], &[0, 1], Fit::epochs(500))?;
/// // Class 1 counts three times as much.
/// assert!((trainer.predict(&[1.0f32])[1] - 0.75).abs() < 1e-2);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassWeighted<L, const CLASSES: usize> {
    /// The loss.
    pub loss: L,
    /// The weight of each class: finite and at least 0, and above 0 for at least one.
    pub weights: [f64; CLASSES],
}

impl<L, const CLASSES: usize> ClassWeighted<L, CLASSES> {
    /// The loss with these weights.
    pub const fn new(loss: L, weights: [f64; CLASSES]) -> Self {
        Self { loss, weights }
    }

    #[inline(always)]
    fn weighted<'a, Y: Class>(&self, labels: &'a [Y]) -> impl Iterator<Item = (&'a Y, f64)> {
        let weight = |label: &Y| label.class().and_then(|class| self.weights.get(class)).copied();
        labels.iter().map(move |label| (label, weight(label).unwrap_or(f64::NAN)))
    }
}

/// A weight of 1 for each class.
impl<L: Default, const CLASSES: usize> Default for ClassWeighted<L, CLASSES> {
    fn default() -> Self {
        Self::new(L::default(), [1.0; CLASSES])
    }
}

#[diagnostic::do_not_recommend]
impl<P: Tensor, L: Loss<P, Label: Class>, const CLASSES: usize> Loss<P> for ClassWeighted<L, CLASSES> {
    type Label = L::Label;
    type Ending = L::Ending;
    type Metric = L::Metric;
    const EXPECTS: &'static str = L::EXPECTS;

    fn check(&self) -> Result<(), &'static str> {
        // One output is a binary classification.
        const { assert!(CLASSES == if P::LEN == 1 { 2 } else { P::LEN }, "`ClassWeighted` takes one weight for each class") };
        in_range(
            self.weights.iter().all(|weight| at_least_0(*weight)),
            "weights of classes must be finite and at least 0 as `f32`",
        )?;
        in_range(
            self.weights.iter().any(|weight| is_divisor(*weight)),
            "the weight of at least one class must be above 0 as `f32`",
        )?;
        self.loss.check()
    }

    fn flaw(label: &L::Label) -> Option<Flaw> {
        L::flaw(label)
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[P], labels: &[L::Label]) -> f64 {
        total(simd, &self.loss, outputs, self.weighted(labels))
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[P], labels: &[L::Label], gradient: &mut [P]) {
        self::gradient(simd, &self.loss, outputs, self.weighted(labels), gradient);
    }
}

impl<P: Tensor, L: Compares<P, Y>, Y: Class, const CLASSES: usize> Compares<P, Y> for ClassWeighted<L, CLASSES> {}

#[diagnostic::do_not_recommend]
impl<H, L: Follows<H>, const CLASSES: usize> Follows<H> for ClassWeighted<L, CLASSES> {}

/// The metric `M` for labels with weights, which it ignores.
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

    /// A weight of 2 counts a sample twice, except that the mean is over the number of rows.
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
