//! The maximum of each channel.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{marker::PhantomData, slice};

use super::{
    Channels,
    fault::not_an_image,
    recent::Whole,
    reduce::{Max, Reduce as _},
    registers::{channels, channels_mut, with_registers},
};
use crate::{
    Layer, Tensor,
    kernel::{Element, Simd, Vector},
    layer::{Operations, Parameters as _, Path, Pool, SimpleLayer},
    message::Message,
    stream::Streaming,
};

/// The maximum of each channel over all pixels: `y[c] = max x[i][j][c]`. A NaN is the maximum. The first pixel that is the
/// maximum gets the gradient.
///
/// x: `I`, an [`Image`](super::Image), or another tensor whose innermost axis is that of the channels; y: a vector with
/// a number for each channel.
///
/// ```
/// use shiplap::prelude::*;
///
/// let pool: GlobalMaxPool<Image<1, 2, 3>> = Network::new(1);
/// assert_eq!(pool.predict(&[[[1.0, 2.0, -3.0], [3.0, 2.0, -1.0]]]), [3.0, 2.0, -1.0]);
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct GlobalMaxPool<I: Channels>(PhantomData<fn() -> I>);

impl<I: Channels> GlobalMaxPool<I> {
    #[inline(always)]
    fn largest<V: Vector<I::Element>, const N: usize>(x: &[I::Element], y: &mut [I::Element]) {
        for start in (0..I::INNERMOST).step_by(N * V::LANES) {
            let mut largest = [V::splat(Max::START); N];
            for pixel in x.chunks_exact(I::INNERMOST) {
                for n in 0..N {
                    largest[n] = Max::add(V::load(channels::<V, _>(pixel, start + n * V::LANES)), largest[n], 1.0);
                }
            }
            for n in 0..N {
                largest[n].store(channels_mut::<V, _>(y, start + n * V::LANES));
            }
        }
    }

    #[inline(always)]
    fn gradient<V: Vector<I::Element>, const N: usize>([x, y, dy]: [&[I::Element]; 3], dx: &mut [I::Element]) {
        for start in (0..I::INNERMOST).step_by(N * V::LANES) {
            for n in 0..N {
                let first = start + n * V::LANES;
                let (y, mut rest) = (V::load(channels::<V, _>(y, first)), V::load(channels::<V, _>(dy, first)));
                for (x, dx) in x.chunks_exact(I::INNERMOST).zip(dx.chunks_exact_mut(I::INNERMOST)) {
                    let [share, others] = Max::backward(V::load(channels::<V, _>(x, first)), y, V::splat(0.0), rest);
                    share.store(channels_mut::<V, _>(dx, first));
                    rest = others;
                }
            }
        }
    }
}

impl<I: Channels> SimpleLayer for GlobalMaxPool<I> {
    type Input = I;
    type Output = I::Each<I::Element>;
    type Tape = ();

    const FAULT: Option<Message> = not_an_image::<I>(Self::KIND.as_str());

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut Self::Output) {
        let (x, y) = (I::flat(slice::from_ref(x)), Tensor::flat_mut(slice::from_mut(y)));
        with_registers!(S, I::Element, I::INNERMOST; Self::largest(x, y));
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, x: &I, (): &(), y: &Self::Output, dy: &Self::Output, dx: &mut I) {
        let read = [I::flat(slice::from_ref(x)), Tensor::flat(slice::from_ref(y)), Tensor::flat(slice::from_ref(dy))];
        let dx = I::flat_mut(slice::from_mut(dx));
        with_registers!(S, I::Element, I::INNERMOST; Self::gradient(read, dx));
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.global_pool(path, Pool::Max, I::SHAPE);
    }
}

impl<I: Channels> Streaming for GlobalMaxPool<I> {
    type Frame = I::Frame;
    type Emitted = I::Each<I::Element>;
    type State = Whole<I>;

    const STREAM_FAULT: Option<Message> = <Self as SimpleLayer>::FAULT;
    const DELAY: usize = Self::State::DELAY;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Whole<I>, frame: &I::Frame, y: &mut Self::Emitted) -> bool {
        let Some(series) = state.push(frame) else { return false };
        self.forward(simd, series, y);
        true
    }
}
