//! Zeros around images in int8.

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
    stream::{ADDS_ROWS, Streaming, not_streamed},
};

/// [`ZeroPad2d`](crate::layers::ZeroPad2d) in int8: `TOP` rows before the image and `LEFT` columns. Input and output have
/// the same scale.
pub struct ZeroPad2d<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> {
    /// The int8 around the image, by default that which stands for 0.
    pub zero: i8,
    shape: PhantomData<()>,
}

impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>
{
    /// The layer that surrounds images by `zero`.
    pub const fn from_parts(zero: i8) -> Self {
        Self { zero, shape: PhantomData }
    }
}

// SAFETY: the field is an integer.
unsafe impl<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const TOP: usize,
    const LEFT: usize,
> Zeroed for ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>
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
> Int8Layer for ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        y.as_flattened_mut().fill([self.zero; C]);
        for (x, y) in x.iter().zip(y.iter_mut().skip(TOP)) {
            copy(x, y.get_mut(LEFT..).unwrap_or(&mut []));
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
> Streaming for ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> = if OH == H { None } else { Some(not_streamed("ZeroPad2d", ADDS_ROWS)) };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        y.fill([self.zero; C]);
        copy(frame, y.get_mut(LEFT..).unwrap_or(&mut []));
        true
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
> Quantize for crate::layers::ZeroPad2d<[[[T; C]; W]; H], TOP, BOTTOM, LEFT, RIGHT, [[[T; C]; OW]; OH]>
{
    type Int8 = ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>;
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
        int8.zero = x.scale().zero;
        calibration.same_scale(self, int8, x, path)
    }
}
