//! The mean of each channel.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::marker::PhantomData;

use super::{
    Channels,
    fault::not_an_image,
    recent::Whole,
    reduce::scale,
    registers::{channels, channels_mut, with_registers},
};
use crate::{
    Layer, Tensor,
    kernel::{Element, ElementwiseKernel, Real, Simd, Vector, elementwise_row},
    layer::{Operations, Parameters as _, Path, Pool, SimpleLayer},
    message::Message,
    stream::Streaming,
};

/// The mean of each channel over all pixels: `y[c] = Σ x[i][j][c] / (HEIGHT·WIDTH)`.
///
/// x: `I`, an [`Image`](super::Image), or another tensor whose innermost axis is that of the channels; y: a vector with
/// a number for each channel.
///
/// ```
/// use shiplap::prelude::*;
///
/// let pool: GlobalAveragePool<Image<1, 2, 3>> = Network::new(1);
/// assert_eq!(pool.predict(&[[[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]]), [2.0, 2.0, 2.0]);
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct GlobalAveragePool<I: Channels>(PhantomData<fn() -> I>);

impl<I: Channels> GlobalAveragePool<I> {
    const PIXELS: usize = I::LEN / if I::INNERMOST == 0 { 1 } else { I::INNERMOST };
    /// 1 over the number of pixels.
    const SHARE: f64 = 1.0 / Self::PIXELS as f64;
    /// A power of two, at most the share: pixels times it have a sum of the same digits that does not overflow.
    const SCALE: f64 = scale(Self::PIXELS);

    #[inline(always)]
    fn mean<V: Vector<I::Element>, const N: usize>(x: &[I::Element], y: &mut [I::Element]) {
        for start in (0..I::INNERMOST).step_by(N * V::LANES) {
            let mut sums = [V::splat(0.0); N];
            for pixel in x.chunks_exact(I::INNERMOST) {
                for n in 0..N {
                    sums[n] = sums[n] + V::load(channels::<V, _>(pixel, start + n * V::LANES)) * V::splat(Self::SCALE);
                }
            }
            for n in 0..N {
                (sums[n] * V::splat(Self::SHARE / Self::SCALE)).store(channels_mut::<V, _>(y, start + n * V::LANES));
            }
        }
    }
}

/// `y·factor`.
#[derive(Clone, Copy)]
struct Times(f64);

impl ElementwiseKernel<1, 1> for Times {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1], _: [V; 1]) -> [V; 1] {
        [x * V::splat(self.0)]
    }
}

impl<I: Channels> SimpleLayer for GlobalAveragePool<I> {
    type Input = I;
    type Output = I::Each<I::Element>;
    type Tape = ();

    const FAULT: Option<Message> = not_an_image::<I>(Self::KIND.as_str());

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut Self::Output) {
        let (x, y) = (I::flat(core::slice::from_ref(x)), Tensor::flat_mut(core::slice::from_mut(y)));
        with_registers!(S, I::Element, I::INNERMOST; Self::mean(x, y));
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, _: &I, (): &(), _: &Self::Output, dy: &Self::Output, dx: &mut I) {
        let dy = Tensor::flat(core::slice::from_ref(dy));
        for pixel in I::flat_mut(core::slice::from_mut(dx)).chunks_exact_mut(I::INNERMOST) {
            elementwise_row(simd, &Times(Self::SHARE), [dy], [pixel]);
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.global_pool(path, Pool::Average, I::SHAPE);
    }
}

impl<I: Channels> Streaming for GlobalAveragePool<I> {
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
