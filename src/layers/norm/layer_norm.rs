//! Normalization of each pixel.

use core::{marker::PhantomData, slice};

use super::{
    moments::{flat, flat_mut},
    pixel::{Backward, Forward},
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

/// `y = act((x − mean) / √(variance + ε)·scale[c] + shift[c])`, where mean and variance are those of the channels of a
/// pixel, in training and at inference (Ba et al. 2016). x and y: `I`, a tensor whose innermost axis is that of the
/// channels.
///
/// `ε` is `10^EPSILON`. The default, 10⁻³, is that of Keras; that of PyTorch's `nn.LayerNorm(CHANNELS)` is `-5`.
///
/// ```
/// use shiplap::{layers::LayerNorm, prelude::*};
///
/// let layer: LayerNorm<[f64; 4], Linear, -12> = Network::new(1);
/// let y = layer.predict(&[1.0, 2.0, 3.0, 4.0]);
/// assert!((y[3] - 1.5 / 1.25f64.sqrt()).abs() < 1e-9);
/// ```
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct LayerNorm<I: Channels, A: Activation = Linear, const EPSILON: i32 = -3> {
    /// The factor of each channel, initially 1: `gamma`, or PyTorch's `weight`.
    #[bias(initializer = Initializer::Constant(1.0))]
    pub scale: I::Each<I::Element>,
    /// The offset of each channel: `beta`, or PyTorch's `bias`.
    #[bias]
    pub shift: I::Each<I::Element>,
    types: PhantomData<fn() -> (I, A)>,
}

impl<I: Channels, A: Activation, const EPSILON: i32> LayerNorm<I, A, EPSILON> {
    const NAMED: Message<64> = {
        let message = Message::new().text("LayerNorm<").text(A::NAME);
        let message = if EPSILON == -3 { message } else { message.text(", ").integer(EPSILON as i128) };
        message.text(">")
    };
    const EPSILON: f64 = scientific(1.0, EPSILON);

    /// `y` before the activation.
    #[inline(always)]
    fn normalize<S: Simd>(&self, simd: S, x: &[I::Element], y: &mut [I::Element]) {
        simd.run(Forward { epsilon: Self::EPSILON, scale: flat(&self.scale), shift: flat(&self.shift), x, y });
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> Layer for LayerNorm<I, A, EPSILON> {
    type Input = I;
    type Output = I;
    /// The numbers that the activation saves, and the gradients with respect to `scale` and `shift`.
    type Tape<const B: usize> = (<A::Saves as Save>::Storage<I, B>, [I::Each<I::Element>; 2]);
    type Head = A;

    const MACS: usize = I::LEN;
    const FAULT: Option<Message> = unfit::<I>(Self::KIND.as_str());

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[I], y: &mut [I]) {
        self.normalize(simd, I::flat(x), I::flat_mut(y));
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
        (saved, [scale, shift]): &mut Self::Tape<B>,
        y: &[I],
        dy: &mut [I],
        dx: Option<&mut [I]>,
    ) {
        activate_backward::<S, E, A, I, B>(simd, saved, y, dy);
        (*scale, *shift) = (I::Each::zeroed_on_stack(), I::Each::zeroed_on_stack());
        simd.run(Backward {
            epsilon: Self::EPSILON,
            scale: flat(&self.scale),
            x: I::flat(x),
            dy: I::flat(dy),
            dx: dx.map(I::flat_mut),
            of_scale: flat_mut(scale),
            of_shift: flat_mut(shift),
        });
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        _: S,
        _: &[I],
        (_, [scale, shift]): &mut Self::Tape<B>,
        _: &[I],
        gradient: &mut Self::Trainable,
    ) {
        (gradient.scale, gradient.shift) = (*scale, *shift);
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        let parameters = [("scale", flat(&self.scale)), ("shift", flat(&self.shift))];
        operations.normalize(path, I::SHAPE, None, parameters, Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> Streaming for LayerNorm<I, A, EPSILON> {
    type Frame = I::Frame;
    type Emitted = I::Frame;
    type State = ();

    const STREAM_FAULT: Option<Message> = Self::FAULT;
    const FRAME_MACS: usize = I::Frame::LEN;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &I::Frame, y: &mut I::Frame) -> bool {
        self.normalize(simd, flat(frame), flat_mut(y));
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
        check::gradients::<LayerNorm<[f64; 5], Tanh>>().unwrap();
        check::gradients::<LayerNorm<Image<2, 3, 4, f64>, Silu, -5>>().unwrap();
        check::gradients::<(Dense<3, 4, Tanh, f64>, LayerNorm<[f64; 4]>, Dense<4, 2, Linear, f64>)>().unwrap();
    }
}
