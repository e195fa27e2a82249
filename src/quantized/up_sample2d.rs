//! Larger images in int8, by repetition of pixels.

use core::marker::PhantomData;

use super::{Apart, Int8Layer, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd},
    message::Message,
    stream::{REPEATS_ROWS, Streaming, not_streamed},
};

/// [`UpSample2d`](crate::layers::UpSample2d) in int8. Input and output have the same scale.
pub struct UpSample2d<
    const H: usize,
    const W: usize,
    const C: usize,
    const R: usize,
    const RW: usize,
    const OH: usize,
    const OW: usize,
>(PhantomData<()>);

impl<const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize>
    UpSample2d<H, W, C, R, RW, OH, OW>
{
    /// The layer, which has no constants.
    pub const REPEAT: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const R: usize,
    const RW: usize,
    const OH: usize,
    const OW: usize,
> Zeroed for UpSample2d<H, W, C, R, RW, OH, OW>
{
}

impl<const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize>
    Int8Layer for UpSample2d<H, W, C, R, RW, OH, OW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (rows, x) in y.chunks_mut(R).zip(x) {
            for row in rows {
                row.chunks_mut(RW).zip(x).for_each(|(pixels, x)| pixels.fill(*x));
            }
        }
    }
}

impl<const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize>
    Streaming for UpSample2d<H, W, C, R, RW, OH, OW>
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> = if R == 1 { None } else { Some(not_streamed("UpSample2d", REPEATS_ROWS)) };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        y.chunks_mut(RW).zip(frame).for_each(|(pixels, x)| pixels.fill(*x));
        true
    }
}

impl<
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const R: usize,
    const RW: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::UpSample2d<[[[T; C]; W]; H], R, RW, [[[T; C]; OW]; OH]>
{
    type Int8 = UpSample2d<H, W, C, R, RW, OH, OW>;
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
