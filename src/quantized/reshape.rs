//! Layers that leave numbers as they are.

use core::{marker::PhantomData, slice};

#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
use super::{Int8Layer, Int8Tensor, Quantize};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Tensor, Zeroed,
    kernel::{Simd, copy},
    layer::{Layer, Unfit},
    layers::{Dropout, Flatten, Identity, Reshape as Reshaped, SpatialDropout, image::Channels},
};

/// The numbers of `X` as a `Y`, for layers that leave them as they are at inference.
pub struct Reshape<X, Y>(PhantomData<fn() -> (X, Y)>);

impl<X, Y> Reshape<X, Y> {
    /// The layer, which has no constants.
    pub const RESHAPE: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<X, Y> Zeroed for Reshape<X, Y> {}

impl<X: Int8Tensor, Y: Int8Tensor> Int8Layer for Reshape<X, Y> {
    type Input = X;
    type Output = Y;
    const COPIES: bool = true;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &X, y: &mut Y) {
        copy(X::flat(slice::from_ref(x)), Y::flat_mut(slice::from_mut(y)));
    }
}

macro_rules! reshapes {
    ($([$($generics:tt)*] $layer:ty: $input:ty, $output:ty;)*) => {
        $(impl<$($generics)*> Quantize for $layer {
            type Int8 = Reshape<<$input as Tensor>::Int8, <$output as Tensor>::Int8>;
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
    [X: Tensor, const N: usize] Flatten<X, [X::Element; N]>: X, [X::Element; N];
    [X: Tensor, Y: Tensor<Element = X::Element>] Reshaped<X, Y>: X, Y;
    [X: Tensor] Identity<X>: X, X;
    [X: Tensor, const N: usize, const PERCENT: u32] Dropout<N, PERCENT, X>: [X; N], [X; N];
    [X: Channels, const PERCENT: u32] SpatialDropout<X, PERCENT>: X, X;
    // It never runs, and causes no further error.
    [N: Layer, X: Tensor<Element = N::Element>] Unfit<N, X>: X, N::Output;
}
