//! Dropout of whole channels.

use core::{marker::PhantomData, slice};

use super::{Channels, fault};
use crate::{
    Layer, Rng, Tensor,
    kernel::{ElementwiseKernel, Real, Simd, elementwise_row},
    layer::{Operations, Parameters as _, Path, SimpleLayer, first_fault},
    layers::dropout::{draw, rate_fault},
    message::Message,
    stream::{Streaming, unchanged},
};

/// In training, sets each channel to 0 with a probability of `PERCENT` % and scales the others by
/// `1 / (1 − PERCENT/100)`; at inference, `y = x` (Tompson et al. 2015). Neighboring pixels of a channel are alike: if
/// only some were dropped, as by [`Dropout`](crate::layers::Dropout), the others would still tell their values.
///
/// x and y: `I`, an [`Image`](super::Image), or another tensor whose innermost axis is that of the channels. A `PERCENT`
/// above 99 does not compile.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<8, 8, 1>)]
/// type Net = (Conv2d<_, 16, 3, Relu>, SpatialDropout<_, 20>, Flatten<_>, Dense<_, 10, Softmax>);
///
/// let net = Net::new(1);
/// assert_eq!(net.predict(&[[[1.0]; 8]; 8]), net.predict(&[[[1.0]; 8]; 8]));
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct SpatialDropout<I: Channels, const PERCENT: u32>(PhantomData<fn() -> I>);

/// `x·factor`.
#[derive(Clone, Copy)]
struct Product;

impl ElementwiseKernel<2, 1> for Product {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, factor]: [V; 2], _: [V; 1]) -> [V; 1] {
        [x * factor]
    }
}

impl<I: Channels, const PERCENT: u32> SpatialDropout<I, PERCENT> {
    /// `to = from·factors`, pixel by pixel.
    #[inline(always)]
    fn scale<S: Simd>(simd: S, from: &I, factors: &I::Each<I::Element>, to: &mut I) {
        let factors = Tensor::flat(slice::from_ref(factors));
        let pixels = I::flat(slice::from_ref(from)).chunks_exact(I::INNERMOST);
        for (from, to) in pixels.zip(I::flat_mut(slice::from_mut(to)).chunks_exact_mut(I::INNERMOST)) {
            elementwise_row(simd, &Product, [from, factors], [to]);
        }
    }
}

impl<I: Channels, const PERCENT: u32> SimpleLayer for SpatialDropout<I, PERCENT> {
    type Input = I;
    type Output = I;
    /// The factor of each channel: 0 or `1 / (1 − PERCENT/100)` in training, otherwise 1.
    type Tape = I::Each<I::Element>;

    const FAULT: Option<Message> = if I::LEN == 0 {
        Some(Message::naming(Self::KIND.as_str()).text("has no channels: an image has at least 1"))
    } else {
        first_fault(&[fault::pair::<I>(Self::KIND.as_str()), rate_fault(Self::KIND.as_str(), PERCENT)])
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut I) {
        *y = *x;
    }

    #[inline(always)]
    fn record<S: Simd>(&self, simd: S, rng: Option<&mut Rng>, x: &I, factors: &mut Self::Tape, y: &mut I) {
        draw::<_, PERCENT>(rng, Tensor::flat_mut(slice::from_mut(factors)));
        Self::scale(simd, x, factors, y);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, _: &I, factors: &Self::Tape, _: &I, dy: &I, dx: &mut I) {
        Self::scale(simd, dy, factors, dx);
    }

    fn operations<V: Operations<I::Element>>(&self, _: Path<'_>, _: &mut V) {}
}

impl<I: Channels, const PERCENT: u32> Streaming for SpatialDropout<I, PERCENT> {
    unchanged!(I::Frame);
}
