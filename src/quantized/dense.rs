//! The fully connected layer in int8.

use super::{Affine, Apart, Int8Activation, Int8Layer, Quantize, affine::assert_fits_sum};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples, affine::Real};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{
        Element, Simd,
        int8::{Once, Shape, Slide},
    },
    layers::Biased,
    stream::Streaming,
};

/// [`Dense`](crate::layers::Dense) in int8: the weights of each output, side by side. All weights have one scale.
#[non_exhaustive] // `from_parts` orders the weights.
pub struct Dense<const IN: usize, const OUT: usize, A: Int8Activation>(pub Affine<[[i8; IN]; OUT], OUT, A>);

// SAFETY: the field is `Zeroed`.
unsafe impl<const IN: usize, const OUT: usize, A: Int8Activation> Zeroed for Dense<IN, OUT, A> {}

impl<const IN: usize, const OUT: usize, A: Int8Activation> Dense<IN, OUT, A> {
    /// A layer with these outputs.
    pub const fn from_parts(outputs: Affine<[[i8; IN]; OUT], OUT, A>) -> Self {
        Self(outputs.ordered::<Once>())
    }
}

impl<const IN: usize, const OUT: usize, A: Int8Activation> Int8Layer for Dense<IN, OUT, A> {
    type Input = [i8; IN];
    type Output = [i8; OUT];
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, x: &[i8; IN], y: &mut [i8; OUT]) {
        const { assert_fits_sum(IN) };
        let shape = Shape { image: [1, 1, IN], window: [1; 2], output: [1; 2], slide: Slide::PIXELS };
        if !self.0.image::<S, Once>(simd, x, shape, y) {
            self.0.rows::<S, Once, 1, 1>(simd, [[x]], y);
        }
    }
}

impl<const IN: usize, const OUT: usize, A: Int8Activation> Streaming for Dense<IN, OUT, A> {
    type Frame = [i8; IN];
    type Emitted = [i8; OUT];
    type State = ();

    const APART: bool = true;
    const FRAME_MACS: usize = IN * OUT;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &[i8; IN], y: &mut [i8; OUT]) -> bool {
        self.run(simd, frame, y);
        true
    }
}

impl<const IN: usize, const OUT: usize, A: Int8Activation, T: Element, Z: Biased> Quantize
    for crate::layers::Dense<IN, OUT, A, T, Z>
{
    type Int8 = Dense<IN, OUT, A>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<[T; IN]>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<[T; OUT]>, QuantizeError> {
        let bias = Z::get(&self.bias);
        let real = Real {
            products: IN,
            weight: &|f, k| self.kernel[k][f].to_f64(),
            place: &|f, k| f * IN + k,
            bias: &|f| bias.map_or(0.0, |bias| bias[f].to_f64()),
            one_scale: true,
        };
        let (y, scales) = int8.0.quantize(self, &real, &x, calibration, path)?;
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
