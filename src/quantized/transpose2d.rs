//! Images whose rows become columns, in int8.

use core::marker::PhantomData;

use super::{Apart, Int8Layer, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd},
    layers::image::transpose2d::transpose,
};

/// [`Transpose2d`](crate::layers::Transpose2d) in int8. Input and output have the same scale.
pub struct Transpose2d<const H: usize, const W: usize, const C: usize>(PhantomData<()>);

impl<const H: usize, const W: usize, const C: usize> Transpose2d<H, W, C> {
    /// The layer, which has no constants.
    pub const TRANSPOSE: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<const H: usize, const W: usize, const C: usize> Zeroed for Transpose2d<H, W, C> {}

impl<const H: usize, const W: usize, const C: usize> Int8Layer for Transpose2d<H, W, C> {
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; H]; W];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        transpose(x, y);
    }
}

impl<T: Element, const H: usize, const W: usize, const C: usize> Quantize
    for crate::layers::Transpose2d<[[[T; C]; W]; H], [[[T; C]; H]; W]>
{
    type Int8 = Transpose2d<H, W, C>;
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
}
