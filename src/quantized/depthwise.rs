//! The depthwise convolution in int8.

use core::marker::PhantomData;

use super::{Affine, Int8Activation, Int8Layer, Quantize, affine::assert_fits_sum};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples, affine::Real};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd, Work, int8::Twice},
    layers::{
        Biased, Window,
        image::window::{inside, pixel},
    },
};

/// [`DepthwiseConv2d`](crate::layers::DepthwiseConv2d) in int8: the weights are `[row][column][channel]`, with a scale for
/// each channel. The arguments are the shapes of input, output and kernel.
pub struct DepthwiseConv2d<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> {
    /// The constants of the channels.
    pub channels: Affine<[[[i8; C]; KW]; K], C, A>,
    window: PhantomData<fn() -> P>,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Zeroed for DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
    /// A layer with these channels.
    pub const fn from_parts(channels: Affine<[[[i8; C]; KW]; K], C, A>) -> Self {
        Self { channels, window: PhantomData }
    }

    /// The outputs of one pixel.
    #[inline(always)]
    fn pixel(&self, x: &[[[i8; C]; W]; H], at: [usize; 2], y: &mut [i8; C]) {
        let Affine { weights, channels, zero, bounds, .. } = &self.channels;
        let [rows, columns] = inside::<P, H, W, K, KW>(at);
        let mut sums = [0i32; C];
        for u in rows {
            for v in columns.clone() {
                let [row, column] = pixel::<P, H, W, K, KW>(at, [u, v]);
                // Always there, which the compiler does not see.
                let pixel = x.get(row).and_then(|row| row.get(column));
                let (Some(x), Some(weights)) = (pixel, weights.get(u).and_then(|row| row.get(v))) else { continue };
                for c in 0..C {
                    sums[c] += i32::from(i16::from(x[c]) - i16::from(*zero)) * i32::from(weights[c]);
                }
            }
        }
        channels.round_all::<Twice>(&sums, *bounds, y);
        self.channels.activate(y);
    }
}

/// The convolution of an image.
struct Convolve<'a, L, X, Y> {
    layer: &'a L,
    x: &'a X,
    y: &'a mut Y,
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Work for Convolve<'_, DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>, [[[i8; C]; W]; H], [[[i8; C]; OW]; OH]>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        for (i, row) in self.y.iter_mut().enumerate() {
            for (j, y) in row.iter_mut().enumerate() {
                self.layer.pixel(self.x, [i, j], y);
            }
        }
    }
}

impl<
    P: Window,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
> Int8Layer for DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; C]; OW]; OH];

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        const { assert_fits_sum(K * KW) };
        simd.run(Convolve { layer: self, x, y });
    }
}

impl<
    T: Element,
    A: Int8Activation,
    P: Window,
    Z: Biased,
    const H: usize,
    const W: usize,
    const C: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::DepthwiseConv2d<[[[T; C]; W]; H], K, A, P, Z, KW, [[[T; C]; OW]; OH]>
{
    type Int8 = DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<Self::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<Self::Output>, QuantizeError> {
        let (kernel, bias) = (self.kernel.as_flattened(), Z::get(&self.bias));
        let real = Real {
            products: K * KW,
            weight: &|f, k| kernel[k][f].to_f64(),
            place: &|f, k| k * C + f,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: false,
        };
        let (y, scale) = int8.channels.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scale, path))
    }
}
