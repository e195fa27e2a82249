//! The mean of each channel.

use core::marker::PhantomData;

use super::Channels;
use crate::{
    Layer, Tensor,
    kernel::{ElementwiseKernel, Real, Simd, elementwise_row},
    layer::{Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
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

/// `y + factor·x`.
#[derive(Clone, Copy)]
struct AddScaled(f64);

impl ElementwiseKernel<1, 1> for AddScaled {
    #[inline(always)]
    fn apply<V: Real>(&self, [x]: [V; 1], [y]: [V; 1]) -> [V; 1] {
        [y + x * V::splat(self.0)]
    }
}

/// `y·factor`.
#[derive(Clone, Copy)]
struct Scaled(f64);

impl ElementwiseKernel<0, 1> for Scaled {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [y]: [V; 1]) -> [V; 1] {
        [y * V::splat(self.0)]
    }
}

impl<I: Channels> GlobalAveragePool<I> {
    /// 1 over the number of pixels.
    const SHARE: f64 = I::INNERMOST as f64 / I::LEN as f64;
}

impl<I: Channels> SimpleLayer for GlobalAveragePool<I> {
    type Input = I;
    type Output = I::Each<I::Element>;
    type Tape = ();

    const FAULT: Option<Message> = if I::RANK < 2 || I::LEN == 0 {
        let message = Message::naming(Self::KIND.as_str()).text("takes an image, but is given a tensor of shape [");
        Some(message.list(I::SHAPE).text("]"))
    } else {
        None
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &I, y: &mut Self::Output) {
        let y = Tensor::flat_mut(core::slice::from_mut(y));
        y.fill(Default::default());
        for pixel in I::flat(core::slice::from_ref(x)).chunks_exact(I::INNERMOST) {
            elementwise_row(simd, &AddScaled(1.0), [pixel], [&mut *y]);
        }
        elementwise_row(simd, &Scaled(Self::SHARE), [], [y]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, _: &I, (): &(), _: &Self::Output, dy: &Self::Output, dx: &mut I) {
        let dy = Tensor::flat(core::slice::from_ref(dy));
        for pixel in I::flat_mut(core::slice::from_mut(dx)).chunks_exact_mut(I::INNERMOST) {
            pixel.fill(Default::default());
            elementwise_row(simd, &AddScaled(Self::SHARE), [dy], [pixel]);
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.global_average(path, I::SHAPE);
    }
}
