//! Images of another size in int8, by bilinear interpolation in fixed point.

use core::marker::PhantomData;

use super::{Apart, Int8Layer, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd, int8::int8_fits},
    layers,
    layers::image::Sampling,
    message::Message,
    stream::{INTERPOLATES_ROWS, Streaming, not_streamed},
};

/// [`Resize2d`](layers::Resize2d) in int8. Input and output have the same scale; places have 10 fraction bits.
pub struct Resize2d<M, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize>(
    PhantomData<fn() -> M>,
);

/// The fraction bits of a place along an axis.
const FRACTION: u32 = 10;
const ONE: i32 = 1 << FRACTION;

/// Two pixels of an axis, and the share of the second one.
#[derive(Clone, Copy)]
struct Between {
    pixels: [usize; 2],
    share: i32,
}

/// The place of each pixel of an axis of `N` pixels.
const fn places<M: Sampling, const N: usize, const TO: usize>() -> [Between; TO] {
    let mut places = [Between { pixels: [0; 2], share: 0 }; TO];
    let last = N.saturating_sub(1);
    let step = if M::CORNERS && TO > 1 {
        ((last << FRACTION) + (TO - 1) / 2) / (TO - 1)
    } else {
        ((N << FRACTION) + TO / 2) / TO
    };
    let mut pixel = 0;
    while pixel < TO {
        // Half a pixel of the output after half a pixel of the input, and not before the first one.
        let place =
            if M::MIDDLE { (pixel * step + step / 2).saturating_sub(1 << (FRACTION - 1)) } else { pixel * step };
        let first = place >> FRACTION;
        places[pixel] = if first < last {
            Between { pixels: [first, first + 1], share: (place & (ONE as usize - 1)) as i32 }
        } else {
            Between { pixels: [last; 2], share: 0 }
        };
        pixel += 1;
    }
    places
}

/// A row of pixels from two rows, of which the second one has this share.
#[inline(always)]
fn interpolate<M: Sampling, const W: usize, const C: usize, const OW: usize>(
    [upper, lower]: [&[[i8; C]; W]; 2],
    share: i32,
    y: &mut [[i8; C]; OW],
) {
    for (y, column) in y.iter_mut().zip(const { places::<M, W, OW>() }) {
        let [left, right] = column.pixels;
        for (c, y) in y.iter_mut().enumerate() {
            let row = |row: &[[i8; C]; W]| {
                i32::from(row[left][c]) * (ONE - column.share) + i32::from(row[right][c]) * column.share
            };
            let sum = row(upper) * (ONE - share) + row(lower) * share;
            let half = 1 << (2 * FRACTION - 1);
            *y = int8_fits((sum + if sum > 0 { half } else { -half }) / (1 << (2 * FRACTION)));
        }
    }
}

impl<M, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize> Resize2d<M, H, W, C, OH, OW> {
    /// The layer, which has no constants.
    pub const RESIZE: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<M, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize> Zeroed
    for Resize2d<M, H, W, C, OH, OW>
{
}

impl<M: Sampling, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize> Int8Layer
    for Resize2d<M, H, W, C, OH, OW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (y, Between { pixels, share }) in y.iter_mut().zip(const { places::<M, H, OH>() }) {
            interpolate::<M, W, C, OW>(pixels.map(|row| &x[row]), share, y);
        }
    }
}

impl<M: Sampling, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize> Streaming
    for Resize2d<M, H, W, C, OH, OW>
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> =
        if OH == H { None } else { Some(not_streamed("Resize2d", INTERPOLATES_ROWS)) };

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        interpolate::<M, W, C, OW>([frame; 2], 0, y);
        true
    }
}

impl<
    T: Element,
    M: Sampling,
    const H: usize,
    const W: usize,
    const C: usize,
    const ROWS: usize,
    const COLUMNS: usize,
    const OH: usize,
    const OW: usize,
> Quantize for layers::Resize2d<[[[T; C]; W]; H], ROWS, COLUMNS, M, [[[T; C]; OW]; OH]>
{
    type Int8 = Resize2d<M, H, W, C, OH, OW>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

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
