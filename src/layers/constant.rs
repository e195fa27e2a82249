//! Numbers that do not depend on the input.

use core::{marker::PhantomData, slice};

use crate::{
    Layer, Tensor,
    kernel::{Element as _, Plus, Simd, elementwise},
    layer::{Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::{CONSTANT_FRAMES, Streaming, not_streamed},
};

/// `y = bias`, whatever `x` is: trainable numbers that [`Branches`](super::Branches) joins with another branch.
///
/// x: `X`; y: `Y`. The numbers begin at 0.
///
/// A factor for each channel, as of [`BatchNorm`](super::BatchNorm) at inference:
///
/// ```
/// use shiplap::{layers::{Branches, Constant, Identity, Multiply}, prelude::*};
///
/// type Scale = Branches<Identity<Image<1, 2, 3>>, Constant<Image<1, 2, 3>, [f32; 3]>, Multiply>;
///
/// let mut scale = Scale::new(1);
/// scale.second.bias = [1.0, 2.0, -1.0];
/// assert_eq!(scale.predict(&[[[1.0, 1.0, 1.0], [5.0, 6.0, 7.0]]]), [[[1.0, 2.0, -1.0], [5.0, 12.0, -7.0]]]);
/// ```
#[derive(Layer)]
#[parameters(element = Y::Element)]
pub struct Constant<X: Tensor<Element = Y::Element>, Y: Tensor> {
    /// The numbers.
    #[bias]
    pub bias: Y,
    input: PhantomData<fn() -> X>,
}

impl<X: Tensor<Element = Y::Element>, Y: Tensor> Constant<X, Y> {
    /// A layer with these numbers.
    pub const fn from_parts(bias: Y) -> Self {
        Self { bias, input: PhantomData }
    }
}

impl<X: Tensor<Element = Y::Element>, Y: Tensor> SimpleLayer for Constant<X, Y> {
    type Input = X;
    type Output = Y;
    type Tape = ();

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, _: &X, y: &mut Y) {
        *y = self.bias;
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &X, (): &(), _: &Y, _: &Y, dx: &mut X) {
        X::flat_mut(slice::from_mut(dx)).fill(Y::Element::from_f64(0.0));
    }

    #[inline(always)]
    fn gradient<S: Simd>(&self, simd: S, _: &X, (): &(), dy: &Y, gradient: &mut Self) {
        let sum = Y::flat_mut(slice::from_mut(&mut gradient.bias));
        elementwise(simd, &Plus, [Y::flat(slice::from_ref(dy))], [sum]);
    }

    fn operations<V: Operations<Y::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.constant(path, "bias", Y::SHAPE, Y::flat(slice::from_ref(&self.bias)));
    }
}

/// The same numbers for each frame.
impl<X: Tensor<Element = Y::Element>, Y: Tensor> Streaming for Constant<X, Y> {
    type Frame = X::Frame;
    type Emitted = Y;
    type State = ();

    const STREAM_FAULT: Option<Message> =
        if X::RANK > 1 && Y::RANK > 1 { Some(not_streamed(Self::KIND.as_str(), CONSTANT_FRAMES)) } else { None };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), _: &X::Frame, y: &mut Y) -> bool {
        *y = self.bias;
        true
    }
}
