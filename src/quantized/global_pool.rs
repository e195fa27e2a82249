//! Pooling of whole images and series in int8.

use core::{marker::PhantomData, slice};

use super::{Apart, Int8Layer, Int8Reduce, Int8Tensor, Multiplier, Quantize, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Rounded, Samples};
#[cfg(feature = "std")]
use crate::layer::Path;
use crate::{
    Zeroed,
    kernel::{Simd, int8::int8_fits},
    layers::{
        GlobalAveragePool, GlobalMaxPool,
        image::{Average, Channels, recent::Whole},
    },
    stream::Streaming,
};

/// [`GlobalAveragePool`] in int8.
pub struct GlobalAverage<I> {
    /// The int8 of the input and of the output that stand for 0, if the scale changes.
    zeros: [i8; 2],
    /// From the sum of the pixels to the output; 0 if the scale is kept, and the mean is that of [`Average`].
    share: Multiplier,
    image: PhantomData<fn() -> I>,
}

impl<I> GlobalAverage<I> {
    /// The layer with the scale of its input, which rounds as an average pool.
    pub const POOL: Self = Self { zeros: [0; 2], share: Multiplier { mantissa: 0, exponent: 0 }, image: PhantomData };

    /// The layer from one scale to another, which rounds as the operator `MEAN` of TensorFlow Lite.
    pub const fn mean(input: Scale, output: Scale, pixels: usize) -> Self {
        let Multiplier { mantissa, exponent } = Multiplier::new(input.scale as f64 / output.scale as f64);
        // `1 / pixels` is part of the multiplier, which keeps its digits.
        let (mut shift, pixels) = (0, if pixels == 0 { 1 } else { pixels });
        while pixels >> (shift + 1) > 0 && shift < 31 + exponent {
            shift += 1;
        }
        let mantissa = (((mantissa as i64) << shift) / pixels as i64) as i32;
        let share = Multiplier { mantissa, exponent: exponent - shift };
        Self { zeros: [input.zero, output.zero], share, image: PhantomData }
    }
}

// SAFETY: the fields are integers.
unsafe impl<I> Zeroed for GlobalAverage<I> {}

impl<I: Channels> Int8Layer for GlobalAverage<I> {
    type Input = I::Int8;
    type Output = <I::Each<I::Element> as crate::Tensor>::Int8;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        let (x, y) = (I::Int8::flat(slice::from_ref(x)), Self::Output::flat_mut(slice::from_mut(y)));
        let pixels = (x.len() / y.len().max(1)) as i32;
        let [input, output] = self.zeros.map(i32::from);
        for (c, y) in y.iter_mut().enumerate() {
            let mut sum = 0;
            for x in x.iter().skip(c).step_by(I::INNERMOST) {
                sum = Average::join(sum, *x);
            }
            *y = if self.share.mantissa == 0 {
                Average::output(sum, pixels)
            } else {
                int8_fits((self.share.apply(sum - input * pixels) + output).clamp(-128, 127))
            };
        }
    }
}

impl<I: Channels> Streaming for GlobalAverage<I> {
    type Frame = <I::Int8 as Int8Tensor>::Frame;
    type Emitted = <Self as Int8Layer>::Output;
    type State = Whole<I::Int8>;

    const DELAY: usize = Whole::<I::Int8>::INT8_DELAY;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &Self::Frame, y: &mut Self::Emitted) -> bool {
        let Some(x) = state.push_int8(frame) else { return false };
        self.run(simd, x, y);
        true
    }
}

impl<I: Channels> Quantize for GlobalAveragePool<I> {
    type Int8 = GlobalAverage<I>;
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

/// [`GlobalMaxPool`] in int8.
pub struct GlobalMax<I>(PhantomData<fn() -> I>);

impl<I> GlobalMax<I> {
    /// The layer, which has no constants.
    pub const POOL: Self = Self(PhantomData);
}

// SAFETY: the field has no size.
unsafe impl<I> Zeroed for GlobalMax<I> {}

impl<I: Channels> Int8Layer for GlobalMax<I> {
    type Input = I::Int8;
    type Output = <I::Each<I::Element> as crate::Tensor>::Int8;
    type Place = Apart<Self::Output>;

    #[inline(always)]
    fn run<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        let y = Self::Output::flat_mut(slice::from_mut(y));
        y.fill(i8::MIN);
        for pixel in I::Int8::flat(slice::from_ref(x)).chunks_exact(I::INNERMOST.max(1)) {
            for (y, x) in y.iter_mut().zip(pixel) {
                *y = (*y).max(*x);
            }
        }
    }
}

impl<I: Channels> Streaming for GlobalMax<I> {
    type Frame = <I::Int8 as Int8Tensor>::Frame;
    type Emitted = <Self as Int8Layer>::Output;
    type State = Whole<I::Int8>;

    const DELAY: usize = Whole::<I::Int8>::INT8_DELAY;

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &Self::Frame, y: &mut Self::Emitted) -> bool {
        let Some(x) = state.push_int8(frame) else { return false };
        self.run(simd, x, y);
        true
    }
}

impl<I: Channels> Quantize for GlobalMaxPool<I> {
    type Int8 = GlobalMax<I>;
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
