//! Normalization of each pixel.

use core::marker::PhantomData;

use super::{
    each_sample::{EachSample, frame_passes, sample_passes},
    moments::{flat, flat_mut},
    named,
    pixel::{Backward, Forward},
    unfit,
};
use crate::{
    Parameters,
    activation::{Activation, Linear},
    init::Initializer,
    kernel::Simd,
    layer::{Layer, Operations, Path},
    layers::image::Channels,
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
    const NAMED: Message<64> = named::<A>(Message::new().text("LayerNorm<"), &[[EPSILON as i64, -3]]);
    const EPSILON: f64 = scientific(1.0, EPSILON);
}

impl<I: Channels, A: Activation, const EPSILON: i32> Layer for LayerNorm<I, A, EPSILON> {
    type Input = I;
    type Output = I;
    type Head = A;

    const MACS: usize = I::LEN;
    const FAULT: Option<Message> = unfit::<I>(Self::KIND.as_str());

    sample_passes!(scale, shift);

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        let parameters = [("scale", flat(&self.scale)), ("shift", flat(&self.shift))];
        operations.normalize(path, I::SHAPE, None, parameters, Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> EachSample for LayerNorm<I, A, EPSILON> {
    #[inline(always)]
    fn normalize<S: Simd>(&self, simd: S, x: &[I::Element], y: &mut [I::Element]) {
        simd.run(Forward { epsilon: Self::EPSILON, scale: flat(&self.scale), shift: flat(&self.shift), x, y });
    }

    #[inline(always)]
    fn normalize_backward<S: Simd>(
        &self,
        simd: S,
        x: &[I::Element],
        dy: &[I::Element],
        dx: Option<&mut [I::Element]>,
        gradient: &mut Self,
    ) {
        simd.run(Backward {
            epsilon: Self::EPSILON,
            scale: flat(&self.scale),
            x,
            dy,
            dx,
            of_scale: flat_mut(&mut gradient.scale),
            of_shift: flat_mut(&mut gradient.shift),
        });
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> Streaming for LayerNorm<I, A, EPSILON> {
    const STREAM_FAULT: Option<Message> = Self::FAULT;

    frame_passes!();
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
