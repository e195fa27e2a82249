//! The gradient of an output at a sample.

use core::{fmt, marker::PhantomData};

use num_traits::One as _;

use super::ExplainError;
use crate::{
    Tensor, Zeroed,
    kernel::{Element as _, Simd, Work, dispatch},
    layer::{Ending, Layer, Logits, Predictions, Sample},
    network::forget,
    tensor::first_not_finite,
    zeroed::ON_THE_STACK,
};

/// The output to explain, by its index from 0. The outputs of a classifier are its classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The prediction. Its gradient vanishes where a sigmoid or softmax saturates, that is, for confident predictions.
    Prediction(usize),
    /// The output before the last activation: the log-odds for a sigmoid, the score of a class for a softmax. Its
    /// gradient does not vanish for confident predictions. Without a last activation, this is the prediction.
    Logit(usize),
}

impl Target {
    pub(super) fn check<N: Layer>(self) -> Result<usize, ExplainError> {
        let (Self::Prediction(output) | Self::Logit(output)) = self;
        let outputs = N::Output::LEN;
        if output < outputs { Ok(output) } else { Err(ExplainError::Output { output, outputs }) }
    }
}

/// Explains the predictions of a network.
///
/// The explainer contains the memory for the forward and backward passes of one sample: no method allocates. Layers
/// such as dropout behave as at inference, so explanations are deterministic.
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
    /// The size of the explainer in bytes. It excludes the network and the stack frames of the methods.
    pub const BYTES: usize = size_of::<Self>();

    /// Creates an explainer on the stack. An explainer of more than 256 KiB does not compile: use
    /// [`boxed`](Self::boxed).
    #[must_use]
    #[expect(clippy::new_without_default, reason = "`default` would not tell that this is for small networks only")]
    pub fn new() -> Self {
        const {
            assert!(
                Self::BYTES <= ON_THE_STACK,
                "this explainer is too large for the stack (over 256 KiB): create it with `Explainer::boxed`"
            );
        }
        Zeroed::zeroed_on_stack()
    }

    /// Creates an explainer of any size directly on the heap.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn boxed() -> std::boxed::Box<Self> {
        Self::zeroed_box()
    }

    /// Computes `∂target/∂x[i]` for each input `i`: the sensitivity of the output to the input (Simonyan et al. 2013).
    ///
    /// # Errors
    ///
    /// Returns an error if the network has no such output, takes whole numbers (as [`Embedding`](crate::layers::Embedding)
    /// does, whose outputs can be explained in their place), or has no output for a number, or an input, the output or its
    /// gradient is NaN or infinite.
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

    /// Computes `x[i]·∂target/∂x[i]` for each input `i`: the contribution of the input to the output, in linear
    /// approximation (Shrikumar et al. 2016).
    ///
    /// # Errors
    ///
    /// Returns an error if the network has no such output, takes whole numbers (as [`Embedding`](crate::layers::Embedding)
    /// does, whose outputs can be explained in their place), or has no output for a number, or an input, the output or its
    /// gradient is NaN or infinite.
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

    /// Returns the value of the target at a sample, and stores its gradient in `dx`.
    pub(super) fn derivative(&mut self, network: &N, x: &[N::Input], target: Target) -> Result<f64, ExplainError> {
        let output = target.check::<N>()?;
        if let Some(invalid) = x.iter().find_map(N::invalid) {
            return Err(ExplainError::Invalid(invalid));
        }
        if N::TAKES_WHOLE {
            return Err(ExplainError::Whole);
        }
        let value = match target {
            Target::Prediction(_) => dispatch(Derivative(network, x, output, &mut *self, PhantomData::<Predictions>)),
            Target::Logit(_) => dispatch(Derivative(network, x, output, &mut *self, PhantomData::<Logits>)),
        };
        match value.is_finite() && first_not_finite(&self.dx, false).is_none() {
            true => Ok(value),
            false => Err(ExplainError::NotFinite),
        }
    }

    /// The gradient computed last.
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
        forget::<N, 1>(tape);
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
