//! Parts of images in int8.

use core::marker::PhantomData;

use super::{Apart, Int8Layer, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd, copy},
    message::Message,
    stream::{CUTS_ROWS, Streaming, not_streamed},
};

/// [`Crop2d`](crate::layers::Crop2d) in int8: without `TOP` rows at the top and `LEFT` columns. Input and output have
/// the same scale.
pub struct Crop2d<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
>(PhantomData<()>);

impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> Crop2d<H, W, C, OH, OW, TOP, LEFT>
{
    /// The layer, which has no constants.
    pub const CROP: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> Zeroed for Crop2d<H, W, C, OH, OW, TOP, LEFT>
{
}

impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> Int8Layer for Crop2d<H, W, C, OH, OW, TOP, LEFT>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (x, y) in x.iter().skip(TOP).zip(y) {
            copy(x.get(LEFT..).unwrap_or(&[]), y);
        }
    }
}

impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> Streaming for Crop2d<H, W, C, OH, OW, TOP, LEFT>
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    /// The number of rows so far, up to `TOP`.
    type State = usize;

    const STREAM_FAULT: Option<Message> = if TOP + OH == H { None } else { Some(not_streamed("Crop2d", CUTS_ROWS)) };
    const DELAY: usize = TOP;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, seen: &mut usize, frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        let due = *seen >= TOP;
        *seen += usize::from(!due);
        copy(frame.get(LEFT..).unwrap_or(&[]), y);
        due
    }
}

impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const BOTTOM: usize,
    const LEFT: usize,
    const RIGHT: usize,
> Quantize for crate::layers::Crop2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Int8 = Crop2d<H, W, C, OH, OW, TOP, LEFT>;
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
