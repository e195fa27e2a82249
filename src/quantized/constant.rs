//! Numbers that do not depend on the input, in int8.

use core::{marker::PhantomData, slice};

use super::{Apart, Int8Layer, Int8Tensor, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
use crate::{
    Tensor, Zeroed,
    kernel::{Simd, copy},
    layers,
    message::Message,
    stream::{CONSTANT_FRAMES, Streaming, not_streamed},
};
#[cfg(feature = "std")]
use crate::{activation::Linear, layer::Path};

/// [`Constant`](layers::Constant) in int8.
pub struct Constant<X, Y> {
    /// The numbers.
    pub numbers: Y,
    input: PhantomData<fn() -> X>,
}

impl<X, Y> Constant<X, Y> {
    /// A layer with these numbers.
    pub const fn from_parts(numbers: Y) -> Self
    where
        Y: Copy,
    {
        Self { numbers, input: PhantomData }
    }
}

// SAFETY: the field is `Zeroed`.
unsafe impl<X, Y: Zeroed> Zeroed for Constant<X, Y> {}

impl<X: Int8Tensor, Y: Int8Tensor> Int8Layer for Constant<X, Y> {
    type Input = X;
    type Output = Y;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, _: &X, y: &mut Y) {
        copy(Y::flat(slice::from_ref(&self.numbers)), Y::flat_mut(slice::from_mut(y)));
    }
}

impl<X: Int8Tensor, Y: Int8Tensor> Streaming for Constant<X, Y> {
    type Frame = X::Frame;
    type Emitted = Y;
    type State = ();

    const STREAM_FAULT: Option<Message> =
        if X::RANK > 1 && Y::RANK > 1 { Some(not_streamed("Constant", CONSTANT_FRAMES)) } else { None };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), _: &X::Frame, y: &mut Y) -> bool {
        *y = self.numbers;
        true
    }
}

impl<X: Tensor<Element = Y::Element>, Y: Tensor> Quantize for layers::Constant<X, Y> {
    type Int8 = Constant<X::Int8, Y::Int8>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<X>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Y>, QuantizeError> {
        use crate::kernel::Element as _;
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        let numbers = Y::Int8::flat_mut(slice::from_mut(&mut int8.numbers));
        for (q, number) in numbers.iter_mut().zip(Y::flat(slice::from_ref(&self.bias))) {
            *q = scales.output.quantize(number.to_f64() as f32);
        }
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
