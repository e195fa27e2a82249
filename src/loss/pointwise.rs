//! Losses that compare each output by itself.

use super::{Compares, Flaw, Loss};
use crate::{
    Tensor,
    kernel::{Element, ElementwiseKernel, Real, Simd, Summand, elementwise, sum_of},
    layer::Ending,
};

/// A loss that is a function of one output and its label, averaged over outputs and rows. It is a [`Loss`] for networks
/// with any number of outputs.
///
/// An implementation states the function and its derivative, whether they take predictions or logits, and the metric
/// that a trainer reports. [`Follows`](super::Follows) determines the last activations with which the loss can be used.
///
/// The logarithm of the hyperbolic cosine, `ln cosh(y − label)`:
///
/// ```
/// use shiplap::{check, prelude::*};
///
/// #[derive(Clone, Copy, Default)]
/// struct LogCosh;
///
/// impl<Head> Follows<Head> for LogCosh {}
///
/// impl PointwiseLoss for LogCosh {
///     type Ending = Predictions;
///     type Metric = MeanAbsolute;
///
///     fn value<V: Real>(&self, output: V, label: V) -> V {
///         let distance = (output - label).abs();
///         distance + (V::splat(-2.0) * distance).softplus() - V::splat(std::f64::consts::LN_2)
///     }
///     fn derivative<V: Real>(&self, output: V, label: V) -> V { (output - label).tanh() }
/// }
///
/// check::loss(&LogCosh, &[[0.5], [-3.0]], &[[1.0], [2.0]])?;
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, LogCosh, Sgd, 2>::new(Sgd::new(0.1), 1);
/// trainer.fit(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(500))?;
/// assert!((trainer.predict(&[3.0f32])[0] - 6.0).abs() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a loss of one output and its label",
    label = "`PointwiseLoss` is not implemented for it",
    note = "a trainer's parameters are the network, the loss, the optimizer and the batch size: `Trainer<Net, MeanSquaredError, Adam, 32>`"
)]
pub trait PointwiseLoss: Default + Copy + Send + Sync + 'static {
    /// Whether outputs are [`Predictions`](crate::layer::Predictions), or [`Logits`](crate::layer::Logits) because the
    /// loss is fused with the last activation. With logits, implement [`Follows`](super::Follows) for that activation
    /// only.
    type Ending: Ending;
    /// The metric that a trainer reports by default.
    type Metric;
    /// A description of valid labels, for the error message.
    const EXPECTS: &'static str = "finite numbers";

    /// Whether the number is a valid label.
    fn is_label(label: f64) -> bool {
        label.is_finite()
    }

    /// The factor of each output's loss in the loss of a row of `outputs` outputs: `1 / outputs` for their mean, 1 for
    /// their sum.
    fn share(outputs: usize) -> f64 {
        1.0 / outputs as f64
    }

    /// Checks that each value of the loss is in its range.
    ///
    /// # Errors
    ///
    /// Names the first value that is out of range, and the range.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }

    /// The loss of one output.
    fn value<V: Real>(&self, output: V, label: V) -> V;

    /// Its derivative with respect to the output.
    fn derivative<V: Real>(&self, output: V, label: V) -> V;
}

#[diagnostic::do_not_recommend]
impl<T: Element + Tensor<Element = T>, const N: usize, L: PointwiseLoss> Loss<[T; N]> for L {
    type Label = [T; N];
    type Ending = L::Ending;
    type Metric = L::Metric;
    const EXPECTS: &'static str = L::EXPECTS;

    fn check(&self) -> Result<(), &'static str> {
        PointwiseLoss::check(self)
    }

    fn flaw(label: &[T; N]) -> Option<Flaw> {
        Flaw::first(label, L::is_label)
    }

    #[inline(always)]
    fn total<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]]) -> f64 {
        let (outputs, labels) = (outputs.as_flattened(), labels.as_flattened());
        let sum = sum_of(simd, &Value(*self), [outputs, labels]).to_f64();
        // A loss of logits is a cross-entropy, which grows no faster than they do.
        let is_small = const { L::Ending::LOGITS } || sum.is_finite();
        L::share(N) * if is_small { sum } else { wide_total(self, outputs, labels) }
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, outputs: &[[T; N]], labels: &[[T; N]], gradient: &mut [[T; N]]) {
        let derivative = Derivative(*self, L::share(N) / outputs.len() as f64);
        elementwise(simd, &derivative, [outputs.as_flattened(), labels.as_flattened()], [gradient.as_flattened_mut()]);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Element + Tensor<Element = T>, const N: usize, L: PointwiseLoss> Compares<[T; N], [T; N]> for L {}

/// The sum of the losses in `f64`, which represents squares of all `f32`.
#[cold]
#[inline(never)]
fn wide_total<T: Element, L: PointwiseLoss>(loss: &L, outputs: &[T], labels: &[T]) -> f64 {
    outputs.iter().zip(labels).map(|(output, label)| loss.value(output.to_f64(), label.to_f64())).sum()
}

#[derive(Clone, Copy)]
struct Value<L>(L);

impl<L: PointwiseLoss> Summand<2> for Value<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2]) -> V {
        self.0.value(output, label)
    }
}

#[derive(Clone, Copy)]
struct Derivative<L>(L, f64);

impl<L: PointwiseLoss> ElementwiseKernel<2, 1> for Derivative<L> {
    #[inline(always)]
    fn apply<V: Real>(&self, [output, label]: [V; 2], _: [V; 1]) -> [V; 1] {
        [self.0.derivative(output, label) * V::splat(self.1)]
    }
}
