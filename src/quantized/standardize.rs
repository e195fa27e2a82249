//! Standardization in front of an int8 network.

use super::{Apart, Int8Layer, Quantize, Raw, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
use crate::{
    Zeroed,
    kernel::{Element, Simd},
    layers,
};
#[cfg(feature = "std")]
use crate::{activation::Linear, layer::Path};

/// [`Standardize`](crate::layers::Standardize) in front of an int8 network: it takes real numbers, and quantizes them
/// after standardization.
pub struct Standardize<const N: usize, T: Element> {
    /// The mean of each column.
    pub mean: [T; N],
    /// The standard deviation of each column.
    pub deviation: [T; N],
    /// The scale of the output.
    pub scale: Scale,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<const N: usize, T: Element> Zeroed for Standardize<N, T> {}

impl<const N: usize, T: Element> Int8Layer for Standardize<N, T> {
    type Input = Raw<[T; N]>;
    type Output = [i8; N];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &Raw<[T; N]>, y: &mut [i8; N]) {
        let layer = layers::Standardize { mean: self.mean, deviation: self.deviation };
        let mut standardized = [T::zero(); N];
        crate::layer::SimpleLayer::forward(&layer, simd, &x.0, &mut standardized);
        for (y, x) in y.iter_mut().zip(standardized) {
            *y = self.scale.quantize(x.to_f64() as f32);
        }
    }
}

impl<const N: usize, T: Element> Quantize for layers::Standardize<N, T> {
    type Int8 = Standardize<N, T>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<[T; N]>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<[T; N]>, QuantizeError> {
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        *int8 = Standardize { mean: self.mean, deviation: self.deviation, scale: scales.output };
        Ok(calibration.run_real::<Self>(int8, x, y, scales, path))
    }
}
