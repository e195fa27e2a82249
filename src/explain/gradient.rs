//! The derivative of an output at a sample.

use core::{fmt, marker::PhantomData};

use num_traits::One as _;

use super::ExplainError;
use crate::{
    Tensor, Zeroed,
    kernel::{Element as _, Simd, Work, dispatch},
    layer::{Ending, Layer, Logits, Predictions, Sample},
    tensor::first_not_finite,
    zeroed::ON_THE_STACK,
};

/// What is explained: one output, counted from 0. Of a classifier it is the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The output as predicted. Where a sigmoid or softmax is sure of itself, its derivative is near 0.
    Prediction(usize),
    /// The output before the last activation: for a sigmoid the log-odds, for a softmax the class's score, which
    /// tell also where the network is sure. Without a last activation it is the prediction.
    Logit(usize),
}

impl Target {
    pub(super) fn check<N: Layer>(self) -> Result<usize, ExplainError> {
        let (Self::Prediction(output) | Self::Logit(output)) = self;
        let outputs = N::Output::LEN;
        if output < outputs { Ok(output) } else { Err(ExplainError::Output { output, outputs }) }
    }
}

/// The memory that it takes to explain a network's predictions: the tape of one sample. Nothing is
/// allocated after it is made. Dropout and the like do as in use: explanations do not vary.
///
/// ```
/// use shiplap::{explain::{Explainer, Target}, prelude::*};
///
/// type Net = Dense<2, 1, Sigmoid>;
/// let mut net = Net::zeroed();
/// net.kernel = [[3.0], [-1.0]];
/// let mut explainer = Explainer::<Net>::new();
/// assert_eq!(explainer.gradient(&net, &[0.5, 2.0], Target::Logit(0))?, [3.0, -1.0]);
/// assert_eq!(explainer.gradient_times_input(&net, &[0.5, 2.0], Target::Logit(0))?, [1.5, -2.0]);
/// # Ok::<(), shiplap::explain::ExplainError>(())
/// ```
pub struct Explainer<N: Layer> {
    tape: N::Tape<1>,
    y: [N::Output; 1],
    dy: [N::Output; 1],
    dx: [N::Input; 1],
}

// SAFETY: each field is `Zeroed`.
unsafe impl<N: Layer> Zeroed for Explainer<N> {}

impl<N: Layer> Explainer<N> {
    /// The bytes that explaining takes beside the network, but for the stack.
    pub const BYTES: usize = size_of::<Self>();

    /// An explainer made on the stack. Above 256 KiB it does not compile: use [`boxed`](Self::boxed).
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default would not say that it is for small networks")]
    pub fn new() -> Self {
        const {
            assert!(
                Self::BYTES <= ON_THE_STACK,
                "this explainer is too large for the stack (over 256 KiB): make it with `Explainer::boxed`"
            );
        }
        Zeroed::zeroed()
    }

    /// An explainer on the heap, made there in place, whatever its size.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn boxed() -> std::boxed::Box<Self> {
        Self::zeroed_box()
    }

    /// `∂target/∂x[i]` for each input `i`: how fast the output rises with it (Simonyan et al. 2013).
    ///
    /// # Errors
    ///
    /// When the network has no such output, or a number is not finite.
    pub fn gradient<X: Sample<N>>(
        &mut self,
        network: &N,
        sample: &X,
        target: Target,
    ) -> Result<N::Input, ExplainError> {
        let x = X::rows(core::slice::from_ref(sample));
        check_input(x)?;
        self.derivative(network, x, target)?;
        Ok(self.dx[0])
    }

    /// `x[i]·∂target/∂x[i]` for each input `i`: what it adds to the output, as far as that is linear
    /// (Shrikumar et al. 2016).
    ///
    /// # Errors
    ///
    /// When the network has no such output, or a number is not finite.
    pub fn gradient_times_input<X: Sample<N>>(
        &mut self,
        network: &N,
        sample: &X,
        target: Target,
    ) -> Result<N::Input, ExplainError> {
        let mut product = self.gradient(network, sample, target)?;
        let x = X::rows(core::slice::from_ref(sample));
        for (value, &x) in Tensor::flat_mut(core::slice::from_mut(&mut product)).iter_mut().zip(Tensor::flat(x)) {
            *value *= x;
        }
        Ok(product)
    }

    /// The target's value at a sample; its derivative is left in `dx`.
    pub(super) fn derivative(&mut self, network: &N, x: &[N::Input], target: Target) -> Result<f64, ExplainError> {
        let output = target.check::<N>()?;
        let value = match target {
            Target::Prediction(_) => dispatch(Derivative(network, x, output, &mut *self, PhantomData::<Predictions>)),
            Target::Logit(_) => dispatch(Derivative(network, x, output, &mut *self, PhantomData::<Logits>)),
        };
        match value.is_finite() && first_not_finite(&self.dx, false).is_none() {
            true => Ok(value),
            false => Err(ExplainError::NotFinite),
        }
    }

    /// The derivative found last.
    pub(super) fn last_gradient(&self) -> &[<N::Input as Tensor>::Element] {
        Tensor::flat(&self.dx)
    }
}

pub(super) fn check_input<X: Tensor>(x: &[X]) -> Result<(), ExplainError> {
    first_not_finite(x, false).map_or(Ok(()), |_| Err(ExplainError::Input))
}

struct Derivative<'a, N: Layer, E>(&'a N, &'a [N::Input], usize, &'a mut Explainer<N>, PhantomData<E>);

impl<N: Layer, E: Ending> Work for Derivative<'_, N, E> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let Self(network, x, output, Explainer { tape, y, dy, dx }, _) = self;
        network.record_batch::<S, E, 1>(simd, None, x, tape, y);
        let value = Tensor::flat(y)[output].to_f64();
        let gradient = Tensor::flat_mut(dy);
        gradient.fill(num_traits::Zero::zero());
        gradient[output] = N::Element::one();
        network.backward_batch::<S, E, 1>(simd, x, tape, y, dy, Some(dx));
        value
    }
}

impl<N: Layer> fmt::Debug for Explainer<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Explainer of {} bytes", Self::BYTES)
    }
}
