//! Normalization by the root mean square.

use core::marker::PhantomData;

use super::{
    each_sample::{EachSample, frame_passes, sample_passes},
    mean_square::{Backward, Forward},
    moments::{flat, flat_mut},
    named, unfit,
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
    const NAMED: Message<64> = named::<A>(Message::new().text("RmsNorm<"), &[[EPSILON as i64, -6]]);
    const EPSILON: f64 = scientific(1.0, EPSILON);
}

impl<I: Channels, A: Activation, const EPSILON: i32> Layer for RmsNorm<I, A, EPSILON> {
    type Input = I;
    type Output = I;
    type Head = A;

    const MACS: usize = I::LEN;
    const FAULT: Option<Message> = unfit::<I>(Self::KIND.as_str());

    sample_passes!(scale);

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.rms_norm(path, ("scale", flat(&self.scale)), Self::EPSILON);
        A::operations(path, operations);
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> EachSample for RmsNorm<I, A, EPSILON> {
    #[inline(always)]
    fn normalize<S: Simd>(&self, simd: S, x: &[I::Element], y: &mut [I::Element]) {
        simd.run(Forward { epsilon: Self::EPSILON, scale: flat(&self.scale), x, y });
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
        let of_scale = flat_mut(&mut gradient.scale);
        simd.run(Backward { epsilon: Self::EPSILON, scale: flat(&self.scale), x, dy, dx, of_scale });
    }
}

impl<I: Channels, A: Activation, const EPSILON: i32> Streaming for RmsNorm<I, A, EPSILON> {
    const STREAM_FAULT: Option<Message> = Self::FAULT;

    frame_passes!();
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
