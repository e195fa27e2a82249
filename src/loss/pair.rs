//! The losses of two outputs.

use core::slice;

use super::{Compares, Flaw, Follows, Loss, at_least_0, in_range, is_divisor};
use crate::{
    Pair, Tensor,
    activation::Linear,
    kernel::{Element, Simd},
    layer::{Endings, Heads},
    message::Message,
    metric::PairMetric,
};

/// The weighted sum of two losses, for a network whose output is a [`Pair`]: `A` of the first member, and `B` of the
/// second. A label is `(label of A, label of B)`. The metric is a [`PairMetric`] of the metrics of both.
///
/// ```
/// use shiplap::{layers::{Both, Branches}, loss::PairLoss, prelude::*};
///
/// #[network(input = [f32; 2])]
/// type Net = (Dense<_, 8, Tanh>, Branches<Dense<_, 2, Softmax>, Dense<_, 1>, Both>);
/// type Loss = PairLoss<SparseCategoricalCrossentropy, MeanSquaredError>;
///
/// let loss = Loss { weights: [1.0, 0.5], ..Loss::default() };
/// let mut trainer = Trainer::<Net, Loss, Adam, 2>::new(Adam::new(0.05), 1).with_loss(loss);
/// trainer.fit(&[[0.0f32, 1.0], [1.0, 0.0]], &[(0, [-2.0]), (1, [3.0])], Fit::epochs(300))?;
/// let output = trainer.predict(&[1.0f32, 0.0]);
/// assert!(output.0[1] > 0.9 && (output.1[0] - 3.0).abs() < 0.1);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairLoss<A, B> {
    /// The loss of the first member.
    pub first: A,
    /// The loss of the second member.
    pub second: B,
    /// The weight of each loss: finite and at least 0, and above 0 for at least one. The default is 1.
    pub weights: [f64; 2],
}

impl<A: Default, B: Default> Default for PairLoss<A, B> {
    fn default() -> Self {
        Self { first: A::default(), second: B::default(), weights: [1.0; 2] }
    }
}

/// The text of [`PairLoss`] for two losses.
struct Expects<A, B, P, Q>(core::marker::PhantomData<(A, B, P, Q)>);

impl<A: Loss<P>, B: Loss<Q>, P, Q> Expects<A, B, P, Q> {
    const TEXT: &'static Message = &Message::new()
        .text("(label, label): as the first ")
        .text(A::EXPECTS)
        .text("; as the second ")
        .text(B::EXPECTS);
}

#[diagnostic::do_not_recommend]
impl<A: Loss<P>, B: Loss<Q>, P: Tensor, Q: Tensor<Element = P::Element>> Loss<Pair<P, Q>> for PairLoss<A, B> {
    type Label = (A::Label, B::Label);
    type Ending = Endings<A::Ending, B::Ending>;
    type Metric = PairMetric<A::Metric, B::Metric>;
    const EXPECTS: &'static str = Expects::<A, B, P, Q>::TEXT.as_str();
    const HAS_LENGTH: bool = A::HAS_LENGTH || B::HAS_LENGTH;

    fn check(&self) -> Result<(), &'static str> {
        in_range(
            self.weights.iter().all(|weight| at_least_0(*weight)),
            "weights of losses must be finite and at least 0 as `f32`",
        )?;
        in_range(
            self.weights.iter().any(|weight| is_divisor(*weight)),
            "the weight of at least one loss must be above 0 as `f32`",
        )?;
        self.first.check().and_then(|()| self.second.check())
    }

    fn flaw((first, second): &Self::Label) -> Option<Flaw> {
        A::flaw(first).or_else(|| B::flaw(second))
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[Pair<P, Q>], labels: &[Self::Label]) -> f64 {
        let row = |(Pair(p, q), (first, second)): (&Pair<P, Q>, &Self::Label)| {
            let first = self.first.total(simd, slice::from_ref(p), slice::from_ref(first));
            let second = self.second.total(simd, slice::from_ref(q), slice::from_ref(second));
            times(self.weights[0], first) + times(self.weights[1], second)
        };
        outputs.iter().zip(labels).map(row).sum()
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[Pair<P, Q>], labels: &[Self::Label], gradient: &mut [Pair<P, Q>]) {
        let [a, b] = self.weights.map(|weight| weight / outputs.len() as f64);
        for ((Pair(p, q), (first, second)), Pair(dp, dq)) in outputs.iter().zip(labels).zip(gradient) {
            weighted(simd, &self.first, a, p, first, dp);
            weighted(simd, &self.second, b, q, second, dq);
        }
    }
}

/// `weight·loss`. A loss of weight 0 does not count, even if it is infinite.
fn times(weight: f64, loss: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight * loss }
}

/// Writes the gradient of a loss of one row times its weight.
#[inline(always)]
fn weighted<S: Simd, P: Tensor, L: Loss<P>>(
    simd: S,
    loss: &L,
    weight: f64,
    output: &P,
    label: &L::Label,
    gradient: &mut P,
) {
    let gradient = slice::from_mut(gradient);
    if weight == 0.0 {
        return P::flat_mut(gradient).fill(P::Element::from_f64(0.0));
    }
    loss.gradient(simd, slice::from_ref(output), slice::from_ref(label), gradient);
    let weight = P::Element::from_f64(weight);
    P::flat_mut(gradient).iter_mut().for_each(|value| *value *= weight);
}

impl<A: Compares<P, Y>, B: Compares<Q, Z>, P: Tensor, Q: Tensor<Element = P::Element>, Y, Z>
    Compares<Pair<P, Q>, (Y, Z)> for PairLoss<A, B>
{
}

#[diagnostic::do_not_recommend]
impl<HA, HB, P, Q, A: Follows<HA>, B: Follows<HB>> Follows<Heads<HA, HB, P, Q>> for PairLoss<A, B> {}

#[diagnostic::do_not_recommend]
impl<A: Follows<Linear>, B: Follows<Linear>> Follows<Linear> for PairLoss<A, B> {}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::*;
    use crate::{
        check,
        layers::{Both, Branches},
        prelude::*,
    };

    type Outputs = Pair<[f64; 2], Pair<[f64; 1], [f64; 3]>>;
    type ThreeLosses = PairLoss<SparseCategoricalCrossentropy, PairLoss<BinaryCrossentropy, MeanSquaredError>>;

    #[test]
    fn a_loss_of_pairs_is_the_weighted_sum() {
        let outputs: [Outputs; 2] =
            [Pair([0.3, -1.0], Pair([0.4], [1.0, 2.0, 3.0])), Pair([2.0, 1.0], Pair([-0.7], [0.0, 0.5, -1.0]))];
        let labels = [(1, ([1.0], [0.5, 2.5, 2.0])), (0, ([0.0], [1.0, 0.0, 0.0]))];
        let mut loss = ThreeLosses { weights: [0.5, 3.0], ..ThreeLosses::default() };
        loss.second.weights = [2.0, 0.25];
        check::loss(&loss, &outputs, &labels).unwrap();
        loss.weights = [1.0, 0.0];
        check::loss(&loss, &outputs, &labels).unwrap();
        for bad in [[0.0; 2], [1.0, -1.0], [f64::NAN, 1.0]] {
            loss.weights = bad;
            assert!(Loss::<Outputs>::check(&loss).unwrap_err().contains("of losses") || bad == [0.0; 2]);
        }
    }

    /// One member is a network by itself if the other does not count.
    #[test]
    fn each_loss_takes_its_own_ending() {
        type Two = (Dense<2, 3, Tanh>, Branches<Dense<3, 2, Softmax>, Dense<3, 1, Sigmoid>, Both>);
        type Pairs = PairLoss<SparseCategoricalCrossentropy, MeanSquaredError>;
        let x = [[0.5f32, -1.0], [1.0, 0.3]];
        let mut two = Trainer::<Two, Pairs, Sgd, 2>::new(Sgd::new(0.1), 1);
        let mut first =
            Trainer::<(Dense<2, 3, Tanh>, Dense<3, 2, Softmax>), SparseCategoricalCrossentropy, Sgd, 2>::new(
                Sgd::new(0.1),
                1,
            );
        let mut second =
            Trainer::<(Dense<2, 3, Tanh>, Dense<3, 1, Sigmoid>), MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
        for weights in [[1.0, 0.0], [0.0, 1.0]] {
            two.loss_mut().weights = weights;
            let net = two.network().clone();
            *first.network_mut() = (net.0.clone(), net.1.first);
            *second.network_mut() = (net.0, net.1.second);
            let losses = [first.step(&x, &[1, 0]).unwrap(), second.step(&x, &[[0.0], [1.0]]).unwrap()];
            let expected = losses[0] * weights[0] + losses[1] * weights[1];
            let loss = two.step(&x, &[(1, [0.0]), (0, [1.0])]).unwrap();
            assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
            let net = two.network();
            match weights[1] {
                0.0 => assert_eq!((&net.0, &net.1.first), (&first.network().0, &first.network().1)),
                _ => assert_eq!((&net.0, &net.1.second), (&second.network().0, &second.network().1)),
            }
        }
        let Pair(p, q) = two.predict(&x[0]);
        assert!((p[0] + p[1] - 1.0).abs() < 1e-6 && q[0] > 0.0 && q[0] < 1.0);
        let report = two.evaluate(&x, &[(1, [0.0]), (0, [1.0])]).unwrap();
        let distances = (two.predict(&x[0]).1[0], 1.0 - two.predict(&x[1]).1[0]);
        let mut values = std::vec::Vec::new();
        report.each(&mut |name, value| values.push((name.to_string(), value)));
        assert_eq!(values.iter().map(|(name, _)| &**name).collect::<std::vec::Vec<_>>(), ["loss", "accuracy", "mae"]);
        assert!((values[2].1 - f64::from(distances.0 + distances.1) / 2.0).abs() < 1e-6, "{values:?}");
    }
}
