//! Trainable positions that are added to a sequence.

use core::slice;

use crate::{
    Layer, Parameters, Tensor,
    init::Initializer,
    kernel::{Plus, Simd, elementwise},
    layer::{Operations, Path, SimpleLayer},
    layers::image::{Channels, Valid, fault, window::Row},
    message::Message,
    stream::Streaming,
};

/// `y[t] = x[t] + table[t]`: a trainable vector for each step, so that layers that do not depend on the order of steps, such
/// as [`MultiHeadAttention`](super::MultiHeadAttention), know the position.
///
/// x and y: `I`, a sequence `[[T; WIDTH]; STEPS]`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [f32; 8])]
/// type Net = (Embedding<_, 100, 16>, LearnedPositions<_>);
///
/// assert_eq!(Net::PARAMS, 100 * 16 + 8 * 16);
/// ```
#[derive(Layer)]
#[parameters(element = I::Element)]
pub struct LearnedPositions<I: Channels> {
    /// The vector of each step: the `weight` of an `nn.Embedding` of PyTorch, Keras's `embeddings`. Initially, its expected
    /// length is 1.
    #[kernel(initializer = Initializer::LecunNormal, fan_in = I::INNERMOST, fan_out = I::INNERMOST)]
    pub table: I,
}

impl<I: Channels> SimpleLayer for LearnedPositions<I> {
    type Input = I;
    type Output = I;
    type Tape = ();

    const FAULT: Option<Message> = fault::other_tensor::<I, Row<Valid>>(Self::KIND.as_str());

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &I, y: &mut I) {
        *y = *x;
        elementwise(simd, &Plus, [I::flat(slice::from_ref(&self.table))], [I::flat_mut(slice::from_mut(y))]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &I, (): &(), _: &I, dy: &I, dx: &mut I) {
        *dx = *dy;
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, _: &I, (): &(), dy: &I, gradient: &mut Self) {
        let sum = I::flat_mut(slice::from_mut(&mut gradient.table));
        elementwise(simd, &Plus, [I::flat(slice::from_ref(dy))], [sum]);
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.add_positions(path, "table", I::SHAPE, I::flat(slice::from_ref(&self.table)));
    }
}

/// There are positions for `STEPS` frames: a stream then outputs nothing until it is reset.
impl<I: Channels> Streaming for LearnedPositions<I> {
    type Frame = I::Frame;
    type Emitted = I::Frame;
    /// The number of the next frame.
    type State = usize;

    const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut usize, frame: &I::Frame, y: &mut I::Frame) -> bool {
        let mut rows = I::flat(slice::from_ref(&self.table)).chunks_exact(I::Frame::LEN.max(1));
        let Some(row) = rows.nth(*state) else { return false };
        *state += 1;
        *y = *frame;
        elementwise(simd, &Plus, [row], [I::Frame::flat_mut(slice::from_mut(y))]);
        true
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn gradients() {
        check::gradients::<LearnedPositions<[[f64; 3]; 4]>>().unwrap();
    }
}
