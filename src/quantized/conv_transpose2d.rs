//! The transposed convolution in int8.

use core::marker::PhantomData;

use super::{Affine, Apart, Int8Activation, Int8Layer, Quantize, affine::assert_fits_sum};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, affine::Real};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Element, Simd, int8::Twice},
    layers::{Biased, Window, image::window::slide},
};

/// [`ConvTranspose2d`](crate::layers::ConvTranspose2d) in int8: the weights of each filter, `[row][column][channel]`, with
/// a scale each. The arguments are the shapes of input, output and kernel.
pub struct ConvTranspose2d<
    P,
    A: Int8Activation,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const K: usize,
    const KW: usize,
> {
    /// The constants of the filters.
    pub filters: Affine<[[[[i8; C]; KW]; K]; F], F, A>,
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
    const F: usize,
    const K: usize,
    const KW: usize,
> Zeroed for ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>
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
    const F: usize,
    const K: usize,
    const KW: usize,
> ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>
{
    /// A layer with these filters.
    pub const fn from_parts(filters: Affine<[[[[i8; C]; KW]; K]; F], F, A>) -> Self {
        Self { filters: filters.ordered::<Twice>(), window: PhantomData }
    }

    /// The pixel of the input, along an axis, that weight `tap` of the window brings to pixel `at` of the output.
    #[inline(always)]
    const fn source(at: usize, tap: usize, axis: usize) -> Option<usize> {
        let before = slide::<P>([OH, OW], [K, KW]).1.before[axis];
        match (at + before).checked_sub(tap * P::DILATION[axis]) {
            Some(distance) if distance % P::STRIDE[axis] == 0 => Some(distance / P::STRIDE[axis]),
            _ => None,
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
    const F: usize,
    const K: usize,
    const KW: usize,
> Int8Layer for ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>
{
    type Input = [[[i8; C]; W]; H];
    type Output = [[[i8; F]; OW]; OH];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Self::Input, y: &mut Self::Output) {
        const { assert_fits_sum(K * KW * C) };
        let mut patch = [[[0; C]; KW]; K];
        for (i, row) in y.iter_mut().enumerate() {
            for (j, y) in row.iter_mut().enumerate() {
                for (u, patch) in patch.iter_mut().enumerate() {
                    let row = Self::source(i, u, 0).and_then(|i| x.get(i));
                    for (v, patch) in patch.iter_mut().enumerate() {
                        let pixel = row.and_then(|row| row.get(Self::source(j, v, 1)?));
                        // The places between pixels are zeros.
                        *patch = pixel.copied().unwrap_or([self.filters.zero; C]);
                    }
                }
                self.filters.rows::<S, Twice, K, 1>(simd, [patch.each_ref().map(|row| row.as_flattened())], y);
            }
        }
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
    const F: usize,
    const K: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
> Quantize for crate::layers::ConvTranspose2d<[[[T; C]; W]; H], F, K, A, P, Z, KW, [[[T; F]; OW]; OH]>
{
    type Int8 = ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>;
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
        let (kernel, bias) = (self.kernel.as_flattened(), Z::get(&self.bias));
        let real = Real {
            products: K * KW * C,
            weight: &|f, k| kernel[k / C][f][k % C].to_f64(),
            place: &|f, k| f * (K * KW * C) + k,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: false,
        };
        let (y, scales) = int8.filters.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
