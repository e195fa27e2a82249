//! Images of another size, by bilinear interpolation.

use core::marker::PhantomData;

use super::{
    Channels, Valid, fault,
    sampling::{Between, HalfPixel, Sampling, places},
};
use crate::{
    Layer,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise_row},
    layer::{Infer, Inferred, Operations, Parameters as _, Path, SimpleLayer},
    message::Message,
    stream::{INTERPOLATES_ROWS, Streaming, not_streamed},
};

/// An image of another size, `ROWS`×`COLUMNS` pixels, by bilinear interpolation:
/// `y[i][j] = (1−u)·((1−v)·x[r][c] + v·x[r][c+1]) + u·((1−v)·x[r+1][c] + v·x[r+1][c+1])`, where `r + u` and `c + v` are
/// the place of the pixel `[i][j]` in the image, depending on [`M`](Sampling).
///
/// x: `I`, an [`Image`](super::Image); y: an image of ROWS×COLUMNS pixels with the same channels. With
/// [`HalfPixel`], it is the `Resizing` layer of Keras and `UpSampling2D(interpolation="bilinear")`. A smaller image is
/// interpolated in the same way, without a filter.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<1, 2, 1>)]
/// type Net = (Resize2d<_, 1, 4>,);
///
/// assert_eq!(Net::new(1).predict(&[[[1.0], [3.0]]]), [[[1.0], [1.5], [2.5], [3.0]]]);
/// // In full, with the output:
/// type InFull = Resize2d<Image<1, 2, 1>, 1, 4, HalfPixel, Image<1, 4, 1>>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
#[derive(Default, Layer)]
#[parameters(element = I::Element)]
pub struct Resize2d<I: Channels, const ROWS: usize, const COLUMNS: usize = ROWS, M: Sampling = HalfPixel, O = Inferred>(
    #[allow(clippy::type_complexity, reason = "three names")] PhantomData<fn() -> (I, M, O)>,
);

/// The weights of the four pixels around a place: the two of the upper row, and those of the lower.
fn weights(row: f64, column: f64) -> [f64; 4] {
    [(1.0 - row) * (1.0 - column), (1.0 - row) * column, row * (1.0 - column), row * column]
}

/// The sum of four numbers times their weights.
#[derive(Clone, Copy)]
struct Mix([f64; 4]);

impl ElementwiseKernel<4, 1> for Mix {
    #[inline(always)]
    fn apply<V: Real>(&self, [a, b, c, d]: [V; 4], _: [V; 1]) -> [V; 1] {
        let [of_a, of_b, of_c, of_d] = self.0.map(V::splat);
        [a * of_a + b * of_b + (c * of_c + d * of_d)]
    }
}

/// `sum + share·weight`.
#[derive(Clone, Copy)]
struct PlusShare(f64);

impl ElementwiseKernel<1, 1> for PlusShare {
    #[inline(always)]
    fn apply<V: Real>(&self, [share]: [V; 1], [sum]: [V; 1]) -> [V; 1] {
        [sum + share * V::splat(self.0)]
    }
}

/// A row of pixels from two rows, of which the second one has this share.
#[inline(always)]
fn interpolate<S: Simd, T: Element, M: Sampling, const W: usize, const C: usize, const OW: usize>(
    simd: S,
    [upper, lower]: [&[[T; C]; W]; 2],
    share: f64,
    y: &mut [[T; C]; OW],
) {
    for (y, column) in y.iter_mut().zip(const { places::<M, W, OW>() }) {
        let [left, right] = column.pixels;
        let pixels = [&upper[left], &upper[right], &lower[left], &lower[right]].map(|pixel| &pixel[..]);
        elementwise_row(simd, &Mix(weights(share, column.share)), pixels, [y]);
    }
}

#[diagnostic::do_not_recommend]
impl<I: Channels, const ROWS: usize, const COLUMNS: usize, M: Sampling> Infer
    for Resize2d<I, ROWS, COLUMNS, M, Inferred>
{
    const FAULT: Option<Message> = fault::other_tensor::<I, Valid>(Self::KIND.as_str());
    const EXTENTS: [usize; 6] = {
        let [height, width, channels] = fault::extents::<I, Valid>();
        [height, width, channels, ROWS, COLUMNS, 0]
    };
    type Layer<const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const UNUSED: usize> =
        Resize2d<[[[I::Element; C]; W]; H], ROWS, COLUMNS, M, [[[I::Element; C]; OW]; OH]>;
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
> SimpleLayer for Resize2d<[[[T; C]; W]; H], ROWS, COLUMNS, M, [[[T; C]; OW]; OH]>
{
    type Input = [[[T; C]; W]; H];
    type Output = [[[T; C]; OW]; OH];
    type Tape = ();

    const FAULT: Option<Message> = if H * W == 0 || ROWS * COLUMNS == 0 {
        let message = Message::naming(Self::KIND.as_str()).text("resizes an image of [").list(&[H, W]);
        Some(message.text("] pixels to [").list(&[ROWS, COLUMNS]).text("]: both have at least 1"))
    } else {
        fault::unlike::<Valid>(Self::KIND.as_str(), [H, W, C], [ROWS, COLUMNS, C], [OH, OW, C])
    };

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        for (y, Between { pixels, share }) in y.iter_mut().zip(const { places::<M, H, OH>() }) {
            interpolate::<S, T, M, W, C, OW>(simd, pixels.map(|row| &x[row]), share, y);
        }
    }

    #[inline(always)]
    fn backward<S: Simd>(
        &self,
        simd: S,
        _: &Self::Input,
        (): &(),
        _: &Self::Output,
        dy: &Self::Output,
        dx: &mut Self::Input,
    ) {
        dx.as_flattened_mut().fill([T::zero(); C]);
        for (dy, row) in dy.iter().zip(const { places::<M, H, OH>() }) {
            for (dy, column) in dy.iter().zip(const { places::<M, W, OW>() }) {
                let ([upper, lower], [left, right]) = (row.pixels, column.pixels);
                let pixels = [[upper, left], [upper, right], [lower, left], [lower, right]];
                for ([row, column], weight) in pixels.into_iter().zip(weights(row.share, column.share)) {
                    elementwise_row(simd, &PlusShare(weight), [dy], [&mut dx[row][column]]);
                }
            }
        }
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        operations.resize(path, [H, W], [OH, OW], M::CORNERS, M::MIDDLE);
    }
}

/// Each row by itself.
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
> Streaming for Resize2d<[[[T; C]; W]; H], ROWS, COLUMNS, M, [[[T; C]; OW]; OH]>
{
    type Frame = [[T; C]; W];
    type Emitted = [[T; C]; OW];
    type State = ();

    const STREAM_FAULT: Option<Message> = if ROWS == H {
        <Self as SimpleLayer>::FAULT
    } else {
        Some(not_streamed(Self::KIND.as_str(), INTERPOLATES_ROWS))
    };

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &[[T; C]; W], y: &mut [[T; C]; OW]) -> bool {
        interpolate::<S, T, M, W, C, OW>(simd, [frame; 2], 0.0, y);
        true
    }
}
