//! Normalization by the root mean square.

use core::{marker::PhantomData, slice};

use super::{
    mean_square::{Backward, Forward},
    moments::{flat, flat_mut},
    unfit,
};
use crate::{
    Parameters, Rng, Tensor, Zeroed as _,
    activation::{Activation, Linear, Save},
    init::Initializer,
    kernel::Simd,
    layer::{Ending, Layer, Logits, Operations, Path},
    layers::{
        activate::{activate, activate_backward},
        image::Channels,
    },
    message::Message,
    regularize::scientific,
    stream::Streaming,
};

/// `y[c] = act(x[c] / √(mean(x²) + ε)·scale[c])`, where the mean is that of the channels of a pixel (Zhang and Sennrich
/// 2019): a [`LayerNorm`](super::LayerNorm) that does not center. x and y: `I`, a tensor whose innermost axis is that of
/// the channels.
///
/// `ε` is `10^EPSILON`. The default, 10⁻⁶, is that of Keras; PyTorch's `nn.RMSNorm` takes it as `eps`.
///
/// ```
/// use shiplap::{layers::RmsNorm, prelude::*};
///
/// let layer: RmsNorm<[f64; 2], Linear, -12> = Network::new(1);
/// let y = layer.predict(&[1.0, 7.0]);
/// assert!((y[0] - 1.0 / 5.0).abs() < 1e-9 && (y[1] - 7.0 / 5.0).abs() < 1e-9);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct RmsNorm<I: Channels, A: Activation = Linear, const EPSILON: i32 = -6> {
    /// The factor of each channel, initially 1: PyTorch's `weight`.
    #[bias(initializer = Initializer::Constant(1.0))]
    pub scale: I::Each<I::Element>,
    types: PhantomData<fn() -> (I, A)>,
}

impl<I: Channels, A: Activation, const EPSILON: i32> RmsNorm<I, A, EPSILON> {
    const NAMED: Message<64> = {
        let message = Message::new().text("RmsNorm<").text(A::NAME);
        let message = if EPSILON == -6 { message } else { message.text(", ").integer(EPSILON as i128) };
        message.text(">")
    };
    const EPSILON: f64 = scientific(1.0, EPSILON);
}

impl<I: Channels, A: Activation, const EPSILON: i32> Layer for RmsNorm<I, A, EPSILON> {
    type Input = I;
    type Output = I;
    /// The numbers that the activation saves, and the gradient with respect to `scale`.
    type Tape<const B: usize> = (<A::Saves as Save>::Storage<I, B>, I::Each<I::Element>);
    type Head = A;

    const MACS: usize = I::LEN;
    const FAULT: Option<Message> = unfit::<I>(Self::KIND.as_str());

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[I], y: &mut [I]) {
        simd.run(Forward { epsilon: Self::EPSILON, scale: flat(&self.scale), x: I::flat(x), y: I::flat_mut(y) });
        if !E::LOGITS {
            A::forward(simd, y);
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[I],
        (saved, _): &mut Self::Tape<B>,
        y: &mut [I],
    ) {
        self.forward_batch::<S, Logits, B>(simd, x, y);
        activate::<S, E, A, I, B>(simd, y, saved);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[I],
        (saved, scale): &mut Self::Tape<B>,
        y: &[I],
        dy: &mut [I],
        dx: Option<&mut [I]>,
    ) {
        activate_backward::<S, E, A, I, B>(simd, saved, y, dy);
        *scale = I::Each::zeroed_on_stack();
        simd.run(Backward {
            epsilon: Self::EPSILON,
            scale: flat(&self.scale),
            x: I::flat(x),
            dy: I::flat(dy),
            dx: dx.map(I::flat_mut),
            of_scale: flat_mut(scale),
        });
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        _: S,
        _: &[I],
        (_, scale): &mut Self::Tape<B>,
        _: &[I],
        gradient: &mut Self,
    ) {
        gradient.scale = *scale;
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.rms_norm(path, ("scale", flat(&self.scale)), Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> Streaming for RmsNorm<I, A, EPSILON> {
    type Frame = I::Frame;
    type Emitted = I::Frame;
    type State = ();

    const STREAM_FAULT: Option<Message> = Self::FAULT;
    const FRAME_MACS: usize = I::Frame::LEN;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &I::Frame, y: &mut I::Frame) -> bool {
        simd.run(Forward { epsilon: Self::EPSILON, scale: flat(&self.scale), x: flat(frame), y: flat_mut(y) });
        A::forward(simd, slice::from_mut(y));
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{check, prelude::*};

    #[test]
    fn gradients() {
        check::gradients::<RmsNorm<[f64; 5], Tanh>>().unwrap();
        check::gradients::<RmsNorm<[[f64; 4]; 3], Silu, -5>>().unwrap();
        check::gradients::<(Dense<3, 4, Tanh, f64>, RmsNorm<[f64; 4]>, Dense<4, 2, Linear, f64>)>().unwrap();
    }
}
