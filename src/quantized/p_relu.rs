//! The rectifier with trainable negative parts in int8.

use core::slice;

use super::{Apart, Bounds, Int8Layer, Int8Tensor, Multiplier, Quantize, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
use crate::{
    Tensor, Zeroed,
    kernel::Simd,
    layers::{self, image::Channels},
    stream::Streaming,
};
#[cfg(feature = "std")]
use crate::{activation::Linear, kernel::Element as _, layer::Path};

/// The factors of the channels of `I`, in int8.
type Factors<I> = <<I as Channels>::Each<<I as Tensor>::Element> as Tensor>::Int8;

/// [`PRelu`](layers::PRelu) in int8, with the arithmetic of the operator `PRELU`.
pub struct PRelu<I: Channels> {
    /// The factor of each channel's negative numbers.
    pub alpha: Factors<I>,
    /// The int8 of the input and of the factors that stand for 0.
    pub zeros: [i8; 2],
    /// From a positive number to the output.
    pub positive: Multiplier,
    /// From the product of a negative number and its factor to the output.
    pub negative: Multiplier,
    /// The range of the output.
    pub bounds: Bounds,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<I: Channels> Zeroed for PRelu<I> {}

impl<I: Channels> PRelu<I> {
    /// The layer with these factors. The scales are those of the input, of the factors and of the output.
    pub const fn from_parts(alpha: Factors<I>, [input, factors, output]: [Scale; 3]) -> Self {
        // TensorFlow Lite computes both in `f32`.
        let positive = Multiplier::new((input.scale / output.scale) as f64);
        let negative = Multiplier::new((input.scale * factors.scale / output.scale) as f64);
        let bounds = Bounds::of(output, [f32::NEG_INFINITY, f32::INFINITY]);
        Self { alpha, zeros: [input.zero, factors.zero], positive, negative, bounds }
    }

    #[inline(always)]
    fn apply(&self, x: &[i8], y: &mut [i8]) {
        let [zero, zero_of_alpha] = self.zeros.map(i32::from);
        let alphas = Int8Tensor::flat(slice::from_ref(&self.alpha)).iter().cycle();
        for ((x, y), alpha) in x.iter().zip(y).zip(alphas) {
            let x = i32::from(*x) - zero;
            *y = self.bounds.clamp(if x >= 0 {
                self.positive.apply(x)
            } else {
                self.negative.apply(x * (i32::from(*alpha) - zero_of_alpha))
            });
        }
    }
}

impl<I: Channels> Int8Layer for PRelu<I> {
    type Input = I::Int8;
    type Output = I::Int8;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &I::Int8, y: &mut I::Int8) {
        self.apply(Int8Tensor::flat(slice::from_ref(x)), Int8Tensor::flat_mut(slice::from_mut(y)));
    }
}

impl<I: Channels> Streaming for PRelu<I> {
    type Frame = <I::Int8 as Int8Tensor>::Frame;
    type Emitted = <I::Int8 as Int8Tensor>::Frame;
    type State = ();

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, (): &mut (), frame: &Self::Frame, y: &mut Self::Emitted) -> bool {
        self.apply(Int8Tensor::flat(slice::from_ref(frame)), Int8Tensor::flat_mut(slice::from_mut(y)));
        true
    }
}

/// The scale of factors.
#[cfg(feature = "std")]
pub(super) fn scale_of<X: Tensor>(alpha: &X) -> Scale {
    let alphas = X::flat(slice::from_ref(alpha)).iter().map(|alpha| alpha.to_f64() as f32);
    let [low, high] = alphas.fold([0f32; 2], |[low, high], alpha| [low.min(alpha), high.max(alpha)]);
    Scale::of_range(low, high)
}

impl<I: Channels> Quantize for layers::PRelu<I> {
    type Int8 = PRelu<I>;
    #[cfg(feature = "std")]
    type Aware = Rounded<Self>;

    #[cfg(feature = "std")]
    fn quantize(
        &self,
        int8: &mut Self::Int8,
        x: Samples<I>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<Samples<I>, QuantizeError> {
        let (y, scales) = calibration.scales::<Self, Linear>(self, &x, path)?;
        let factors = scale_of(&self.alpha);
        *int8 = PRelu::from_parts(Factors::<I>::zeroed_on_stack(), [x.scale(), factors, scales.output]);
        let alphas = Tensor::flat(slice::from_ref(&self.alpha));
        for (q, alpha) in Int8Tensor::flat_mut(slice::from_mut(&mut int8.alpha)).iter_mut().zip(alphas) {
            *q = factors.quantize(alpha.to_f64() as f32);
        }
        calibration.weights = std::vec![factors.scale];
        Ok(calibration.run::<Self>(int8, x, y, scales, path))
    }
}
