//! Dropout.

use core::marker::PhantomData;

use crate::{
    Layer, Parameters, Rng, Tensor,
    kernel::{Element, Simd},
    layer::{Operations, Path, SimpleLayer},
    message::Message,
    stream::{Streaming, unchanged},
};

/// In training, sets each number to 0 with a probability of `PERCENT` % and scales the others by
/// `1 / (1 − PERCENT/100)`, which preserves the mean; at inference, `y = x` (Srivastava et al. 2014). A `PERCENT` above 99
/// does not compile.
///
/// x and y: `[X; N]`, where `X` is `f32`, or a tensor: `Dropout<28, 50, [[f32; 1]; 28]>` is for an image.
/// `Dropout<_, 50>` is for a tensor of any shape.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<4, 8, Relu>, Dropout<8, 50>, Dense<8, 1, Linear>);
/// let net: Net = Network::new(1);
/// assert_eq!(net.predict(&[1.0; 4]), net.predict(&[1.0; 4]));
///
/// #[network(input = Image<8, 8, 1>)]
/// type Images = (Conv2d<_, 4, 3, Relu>, Dropout<_, 20>, Flatten<_>, Dropout<_, 50>, Dense<_, 10>);
/// ```
#[derive(Copy, Default, Layer)]
#[parameters(element = X::Element)]
pub struct Dropout<const N: usize, const PERCENT: u32, X: Tensor = f32>(PhantomData<X>);

impl<const N: usize, const PERCENT: u32, X: Tensor> SimpleLayer for Dropout<N, PERCENT, X> {
    type Input = [X; N];
    type Output = [X; N];
    /// The factor of each number: 0 or `1 / (1 − PERCENT/100)` in training, otherwise 1.
    type Tape = [X; N];

    const FAULT: Option<Message> = rate_fault(Self::KIND.as_str(), PERCENT);

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &[X; N], y: &mut [X; N]) {
        *y = *x;
    }

    #[inline(always)]
    fn record<S: Simd>(&self, _: S, rng: Option<&mut Rng>, x: &[X; N], factors: &mut [X; N], y: &mut [X; N]) {
        draw::<_, PERCENT>(rng, X::flat_mut(factors));
        scale(X::flat(x), X::flat(factors), X::flat_mut(y));
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &[X; N], factors: &[X; N], _: &[X; N], dy: &[X; N], dx: &mut [X; N]) {
        scale(X::flat(dy), X::flat(factors), X::flat_mut(dx));
    }

    fn operations<V: Operations<X::Element>>(&self, _: Path<'_>, _: &mut V) {}
}

/// The fault of a layer with this rate, or `None`.
pub(super) const fn rate_fault(layer: &str, percent: u32) -> Option<Message> {
    if percent > 99 {
        Some(Message::naming(layer).text("has a rate outside [0, 1): it is a percentage from 0 to 99"))
    } else {
        None
    }
}

/// Draws factors: 0 with a probability of `PERCENT` %, otherwise `1 / (1 − PERCENT/100)`. Without `rng`, all are 1.
#[inline(always)]
pub(super) fn draw<T: Element, const PERCENT: u32>(rng: Option<&mut Rng>, factors: &mut [T]) {
    factors.fill(T::one());
    if let Some(rng) = rng {
        let keep = T::from_f64(100.0 / f64::from(100 - PERCENT));
        let threshold = ((u64::from(PERCENT) << 32) / 100) as u32;
        factors.iter_mut().for_each(|factor| *factor = if rng.bits() < threshold { T::zero() } else { keep });
    }
}

/// `to = from·factors`.
#[inline(always)]
fn scale<T: Element>(from: &[T], factors: &[T], to: &mut [T]) {
    to.iter_mut().zip(from).zip(factors).for_each(|((to, &from), &factor)| *to = from * factor);
}

impl<const N: usize, const PERCENT: u32, X: Tensor> Streaming for Dropout<N, PERCENT, X> {
    unchanged!(X::FrameOf<N>);
}
