//! Other shapes for the same numbers.

use core::{marker::PhantomData, slice};

use crate::{
    Layer, Tensor,
    kernel::{Simd, copy},
    layer::{Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::Streaming,
};

/// The numbers of `I` as a tensor `O` of another shape, in row-major order.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [f32; 8])]
/// type Net = (Dense<_, 12, Relu>, Reshape<_, Image<2, 2, 3>>, Conv2d<_, 1, 2>);
///
/// let reshape: Reshape<[f32; 4], Image<2, 1, 2>> = Network::new(1);
/// assert_eq!(reshape.predict(&[1.0, 2.0, 3.0, 4.0]), [[[1.0, 2.0]], [[3.0, 4.0]]]);
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element, kind = Message::new().text("Reshape<").list(O::SHAPE).text(">"))]
pub struct Reshape<I: Tensor, O: Tensor<Element = <I as Tensor>::Element>>(PhantomData<fn() -> (I, O)>);

impl<I: Tensor, O: Tensor<Element = I::Element>> SimpleLayer for Reshape<I, O> {
    type Input = I;
    type Output = O;
    type Tape = ();

    const FAULT: Option<Message> = if I::LEN == O::LEN {
        None
    } else {
        let message = Message::naming(Self::KIND.as_str()).text("has ").number(O::LEN as u128);
        let message = message.text(" numbers, but is given ").number(I::LEN as u128).text(", of shape [");
        Some(message.list(I::SHAPE).text("]"))
    };

    const KEEPS_WHOLE: bool = true;

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &I, y: &mut O) {
        O::flat_mut(slice::from_mut(y)).copy_from_slice(I::flat(slice::from_ref(x)));
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &I, (): &(), _: &O, dy: &O, dx: &mut I) {
        I::flat_mut(slice::from_mut(dx)).copy_from_slice(O::flat(slice::from_ref(dy)));
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.reshape(path, I::SHAPE, O::SHAPE);
    }
}

/// Each frame has another shape. A series of other frames, or from a vector, cannot be streamed.
impl<I: Tensor, O: Tensor<Element = I::Element>> Streaming for Reshape<I, O> {
    type Frame = I::Frame;
    type Emitted = O::Frame;
    type State = ();

    const STREAM_FAULT: Option<Message> = if I::Frame::LEN == O::Frame::LEN {
        <Self as SimpleLayer>::FAULT
    } else {
        let message = Message::naming(Self::KIND.as_str()).text("cannot be streamed: it turns frames of ");
        let message = message.number(I::Frame::LEN as u128).text(" numbers into frames of ");
        Some(message.number(O::Frame::LEN as u128))
    };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &I::Frame, y: &mut O::Frame) -> bool {
        copy(I::Frame::flat(slice::from_ref(frame)), O::Frame::flat_mut(slice::from_mut(y)));
        true
    }
}
