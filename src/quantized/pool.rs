//! Pooling in int8. Input and output have the same scale.

use core::{array, marker::PhantomData};

use super::{Apart, Int8Layer, Quantize};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd, int8::int8_fits},
    layers::{
        Window,
        image::{
            Average, Max, Reduce,
            recent::{Recent, looks_ahead},
            window::{Row, inside, place},
        },
    },
    message::Message,
    stream::{Past, Streaming, Taps},
};

/// How pooling layers combine int8.
pub trait Int8Reduce: Reduce {
    /// The combination of no pixels.
    #[doc(hidden)]
    const NONE: i32;

    /// The combination of `y` and the pixel `x`.
    #[doc(hidden)]
    fn join(y: i32, x: i8) -> i32;

    /// The output, given the number of pixels.
    #[doc(hidden)]
    fn output(y: i32, pixels: i32) -> i8;
}

impl Int8Reduce for Max {
    const NONE: i32 = -128;

    #[inline(always)]
    fn join(y: i32, x: i8) -> i32 {
        y.max(i32::from(x))
    }

    #[inline(always)]
    fn output(y: i32, _: i32) -> i8 {
        int8_fits(y)
    }
}

/// The mean is rounded half away from 0.
impl Int8Reduce for Average {
    const NONE: i32 = 0;

    #[inline(always)]
    fn join(y: i32, x: i8) -> i32 {
        y + i32::from(x)
    }

    #[inline(always)]
    fn output(y: i32, pixels: i32) -> i8 {
        let half = if y > 0 { pixels / 2 } else { -(pixels / 2) };
        int8_fits((y + half) / pixels.max(1))
    }
}

/// [`MaxPool2d`](crate::layers::MaxPool2d) or [`AveragePool2d`](crate::layers::AveragePool2d) in int8, depending on `R`.
/// The arguments are the shapes of input, output and window.
pub struct Pool2d<
    R,
    P,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
>(PhantomData<fn() -> (R, P)>);

impl<
    R,
    P,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Pool2d<R, P, H, W, C, OH, OW, K, KW>
{
    /// The layer, which has no constants.
    pub const POOL: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<
    R,
    P,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Zeroed for Pool2d<R, P, H, W, C, OH, OW, K, KW>
{
}

impl<
    R: Int8Reduce,
    P: Window,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Int8Layer for Pool2d<R, P, H, W, C, OH, OW, K, KW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        for (i, y) in y.iter_mut().enumerate() {
            let [rows, _] = inside::<P, H, W, K, KW>([i, 0]);
            let first = place::<P, H, W, K, KW>(0, i, rows.start);
            Self::row(x.get(first..).unwrap_or(&[]), P::DILATION[0], rows.len(), y);
        }
    }
}

impl<
    R: Int8Reduce,
    P: Window,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Pool2d<R, P, H, W, C, OH, OW, K, KW>
{
    /// The outputs of the window over `count` rows of `x`, the first one and every `distance`-th after it.
    #[inline(always)]
    fn row(x: &[[[i8; C]; W]], distance: usize, count: usize, y: &mut [[i8; C]; OW]) {
        for (j, y) in y.iter_mut().enumerate() {
            let [_, columns] = inside::<P, H, W, K, KW>([0, j]);
            let pixels = (count * columns.len()) as i32;
            let mut sums = [R::NONE; C];
            for row in x.iter().step_by(distance.max(1)).take(count) {
                for v in columns.clone() {
                    // Always there, which the compiler does not see.
                    let Some(x) = row.get(place::<P, H, W, K, KW>(1, j, v)) else { continue };
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = R::join(*sum, *x);
                    }
                }
            }
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = R::output(sum, pixels);
            }
        }
    }
}

impl<
    R: Int8Reduce,
    P: Window,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Streaming for Pool2d<R, P, H, W, C, OH, OW, K, KW>
where
    Taps<K>: Past,
{
    type Frame = [[i8; C]; W];
    type Emitted = [[i8; C]; OW];
    type State = Recent<[[i8; C]; W], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>(R::NAME, H, K);
    const APART: bool = true;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, state: &mut Self::State, frame: &[[i8; C]; W], y: &mut [[i8; C]; OW]) -> bool {
        let mut window = [[[0; C]; W]; K];
        let Some(seen) = state.push(frame, &[[0; C]; W], &mut window) else { return false };
        Self::row(window.get(K - seen..).unwrap_or(&[]), 1, seen, y);
        true
    }
}

impl<
    R: Int8Reduce,
    P: Window,
    T: Element,
    const K: usize,
    const KW: usize,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::image::Pool2d<R, [[[T; C]; W]; H], K, P, KW, [[[T; C]; OW]; OH]>
{
    type Int8 = Pool2d<R, P, H, W, C, OH, OW, K, KW>;
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

/// A pooling layer of a series in int8.
pub struct Pool1d<R, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize>(
    Pool2d<R, Row<P>, 1, L, C, 1, OL, 1, K>,
);

// SAFETY: the field is `Zeroed`.
unsafe impl<R, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize> Zeroed
    for Pool1d<R, P, L, C, OL, K>
{
}

impl<R: Int8Reduce, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize> Int8Layer
    for Pool1d<R, P, L, C, OL, K>
{
    type Input = [[i8; C]; L];
    type Output = [[i8; C]; OL];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        self.0.run(simd, array::from_ref(x), array::from_mut(y));
    }
}

/// The layer for images of one column, whose rows are the frames of a stream.
type OfColumn<R, P, const L: usize, const C: usize, const OL: usize, const K: usize> =
    Pool2d<R, P, L, 1, C, OL, 1, K, 1>;

impl<R: Int8Reduce, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize> Streaming
    for Pool1d<R, P, L, C, OL, K>
where
    Taps<K>: Past,
{
    type Frame = [i8; C];
    type Emitted = [i8; C];
    type State = Recent<[[i8; C]; 1], P, K>;

    const STREAM_FAULT: Option<Message> = looks_ahead::<P>(R::NAME, L, K);
    const APART: bool = true;
    const DELAY: usize = Self::State::DELAY;
    const PERIOD: usize = Self::State::PERIOD;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &[i8; C], y: &mut [i8; C]) -> bool {
        OfColumn::<R, P, L, C, OL, K>::POOL.push(simd, state, array::from_ref(frame), array::from_mut(y))
    }
}

impl<R: Int8Reduce, P: Window, T: Element, const K: usize, const L: usize, const C: usize, const OL: usize> Quantize
    for crate::layers::sequence::Pool1d<R, [[T; C]; L], K, P, [[T; C]; OL]>
{
    type Int8 = Pool1d<R, P, L, C, OL, K>;
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
