//! Layers that leave numbers as they are.

use core::{marker::PhantomData, slice};

#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
use super::{Int8Layer, Int8Tensor, Quantize, Within};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor, Zeroed,
    kernel::{Simd, copy, int8::first_of},
    layer::{Layer, Unfit},
    layers::{
        Dropout, Flatten, Identity, Reshape as Reshaped, SpatialDropout,
        image::{Channels, recent::Whole},
    },
    message::Message,
    stream::Streaming,
};

/// The numbers of `X` as a `Y`, for layers that leave them as they are at inference. In a stream, they are those of
/// [`EachFrame`], or those of the [`LastFrames`].
pub struct Reshape<X, Y, W = EachFrame>(
    #[allow(clippy::type_complexity, reason = "three names")] PhantomData<fn() -> (X, Y, W)>,
);

/// Each frame of a stream is a frame of the output.
#[derive(Clone, Copy, Debug)]
pub struct EachFrame;

/// The last frames of a stream, as many as a sample has, are the output.
#[derive(Clone, Copy, Debug)]
pub struct LastFrames;

impl<X, Y, W> Reshape<X, Y, W> {
    /// The layer, which has no constants.
    pub const RESHAPE: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<X, Y, W> Zeroed for Reshape<X, Y, W> {}

impl<X: Int8Tensor, Y: Int8Tensor, W: 'static> Int8Layer for Reshape<X, Y, W> {
    type Input = X;
    type Output = Y;
    type Place = Within;

    #[inline(always)]
    fn view(x: &X) -> Option<&Y> {
        Some(first_of(X::flat(slice::from_ref(x))))
    }

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &X, y: &mut Y) {
        copy(X::flat(slice::from_ref(x)), Y::flat_mut(slice::from_mut(y)));
    }
}

impl<X: Int8Tensor, Y: Int8Tensor> Streaming for Reshape<X, Y, EachFrame> {
    type Frame = X::Frame;
    type Emitted = Y::Frame;
    type State = ();

    const STREAM_FAULT: Option<Message> = if X::Frame::LEN == Y::Frame::LEN {
        None
    } else {
        Some(Message::new().text("`Reshape` cannot be streamed: it turns frames into others of another length"))
    };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &X::Frame, y: &mut Y::Frame) -> bool {
        copy(X::Frame::flat(slice::from_ref(frame)), Y::Frame::flat_mut(slice::from_mut(y)));
        true
    }
}

impl<X: Int8Tensor, Y: Int8Tensor> Streaming for Reshape<X, Y, LastFrames> {
    type Frame = X::Frame;
    type Emitted = Y;
    type State = Whole<X>;

    const DELAY: usize = Whole::<X>::INT8_DELAY;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Whole<X>, frame: &X::Frame, y: &mut Y) -> bool {
        let Some(x) = state.push_int8(frame) else { return false };
        self.run(simd, x, y);
        true
    }
}

macro_rules! reshapes {
    ($([$($generics:tt)*] $layer:ty: $input:ty, $output:ty, $frames:ty;)*) => {
        $(impl<$($generics)*> Quantize for $layer {
            type Int8 = Reshape<<$input as Tensor>::Int8, <$output as Tensor>::Int8, $frames>;
            #[cfg(feature = "std")]
            type Aware = Self;

            #[cfg(feature = "std")]
            fn quantize(
                &self,
                int8: &mut Self::Int8,
                x: Samples<Self::Input>,
                calibration: &mut Calibration,
                path: Path<'_>,
            ) -> Result<Samples<Self::Output>, QuantizeError> {
                calibration.same_scale(self, int8, x, path)
            }
        })*
    };
}
reshapes! {
    [X: Tensor, const N: usize] Flatten<X, [X::Element; N]>: X, [X::Element; N], LastFrames;
    [X: Tensor, Y: Tensor<Element = X::Element>] Reshaped<X, Y>: X, Y, EachFrame;
    [X: Tensor] Identity<X>: X, X, EachFrame;
    [X: Tensor, const N: usize, const PERCENT: u32] Dropout<N, PERCENT, X>: [X; N], [X; N], EachFrame;
    [X: Channels, const PERCENT: u32] SpatialDropout<X, PERCENT>: X, X, EachFrame;
    // It never runs, and causes no further error.
    [N: Layer, X: Tensor<Element = N::Element>] Unfit<N, X>: X, N::Output, EachFrame;
}
