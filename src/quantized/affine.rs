//! Layers that multiply by weights, add a bias and apply an activation.

#[cfg(feature = "std")]
use std::vec::Vec;

use super::{Bounds, Channels, Int8Activation, Int8Form, Int8Tensor, Multiplier, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples, Scales};
#[cfg(feature = "std")]
use crate::{Layer, layer::Path};
use crate::{
    Zeroed,
    kernel::{
        Simd,
        int8::{Round, Shape, convolution, products},
    },
};

/// The weights `W` of `F` outputs, and the constants of the activation after them.
#[repr(C)] // The channels first: offsets of a few bytes are part of an instruction. The weights are then aligned to words.
pub struct Affine<W, const F: usize, A: Int8Activation> {
    /// The bias and the multiplier of each output.
    pub channels: Channels<F>,
    /// The weights.
    pub weights: W,
    /// The int8 of the input that stands for 0.
    pub zero: i8,
    /// The range of the logits.
    pub bounds: Bounds,
    /// The constants of the activation.
    pub activation: A::Form,
}

// SAFETY: the fields are integers.
unsafe impl<const F: usize> Zeroed for Channels<F> {}

// SAFETY: the fields are integers.
unsafe impl Zeroed for Bounds {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<W: Zeroed, const F: usize, A: Int8Activation> Zeroed for Affine<W, F, A> {}

/// The most products of which a sum with a bias of up to 2³⁰ does not overflow.
const MOST_PRODUCTS: usize = (1 << 30) / (255 * 128);

/// Does not compile if a sum of so many products could overflow.
pub(super) const fn assert_fits_sum(products: usize) {
    assert!(
        products <= MOST_PRODUCTS,
        "in int8, a sum of more than 32896 products can overflow: this layer is too wide"
    );
}

impl<W: Copy, const F: usize, A: Int8Activation> Affine<W, F, A> {
    /// The layer with weights of these scales. The scale of each bias is that of the weights times that of the input.
    ///
    /// `logits` is the scale before the activation, and `activation` its constants.
    #[must_use]
    pub const fn new(
        weights: W,
        bias: [i32; F],
        scales: [f32; F],
        input: Scale,
        logits: Scale,
        activation: A::Form,
    ) -> Self {
        let channels = channels(bias, scales, input, logits);
        Self { weights, channels, zero: input.zero, bounds: Bounds::of(logits, A::RANGE), activation }
    }
}

/// The rounding of sums with these scales of the weights.
pub(super) const fn channels<const F: usize>(
    bias: [i32; F],
    scales: [f32; F],
    input: Scale,
    logits: Scale,
) -> Channels<F> {
    let mut multipliers = [Multiplier { mantissa: 0, exponent: 0 }; F];
    let mut f = 0;
    while f < F {
        multipliers[f] = Multiplier::new(input.scale as f64 * scales[f] as f64 / logits.scale as f64);
        f += 1;
    }
    Channels::new(bias, multipliers)
}

impl<W: Int8Tensor, const F: usize, A: Int8Activation> Affine<[W; F], F, A> {
    /// The layer in the order in which the processor reads it.
    pub(super) const fn ordered<R: Round>(mut self) -> Self {
        self.channels.order_filters::<W, R>(&mut self.weights, self.zero, self.bounds);
        self
    }

    /// The outputs of an image, if the processor has a way of its own. Returns whether it has.
    #[inline(always)]
    pub(super) fn image<S: Simd, R: Round>(&self, simd: S, x: &[i8], shape: Shape, y: &mut [i8]) -> bool {
        let Self { weights, channels, zero, bounds, .. } = self;
        let whole = convolution::<S, W, R, F>(simd, x, *zero, weights, channels, *bounds, shape, y);
        if whole {
            self.activate(y);
        }
        whole
    }

    /// The outputs of `P` rows, one after the other. Each row is in `K` parts of one length.
    #[inline(always)]
    pub(super) fn rows<S: Simd, R: Round, const K: usize, const P: usize>(
        &self,
        simd: S,
        x: [[&[i8]; K]; P],
        y: &mut [i8],
    ) {
        products::<S, W, R, F, K, P>(simd, x, self.zero, &self.weights, &self.channels, self.bounds, y);
        self.activate(&mut y[..P * F]);
    }
}

impl<W, const F: usize, A: Int8Activation> Affine<W, F, A> {
    /// Applies the activation to rows of logits.
    #[inline(always)]
    pub(super) fn activate(&self, y: &mut [i8]) {
        if !A::Form::LIMITS {
            for y in y.chunks_exact_mut(F) {
                self.activation.apply(y);
            }
        }
    }
}

/// The weights of a layer in real numbers.
#[cfg(feature = "std")]
pub(super) struct Real<'a> {
    /// The number of weights of each output.
    pub products: usize,
    /// Weight `k` of output `f`.
    pub weight: &'a dyn Fn(usize, usize) -> f64,
    /// Its place in the int8 form.
    pub place: &'a dyn Fn(usize, usize) -> usize,
    /// The bias of output `f`.
    pub bias: &'a dyn Fn(usize) -> f64,
    /// Whether all outputs have the same scale.
    pub one_scale: bool,
}

#[cfg(feature = "std")]
impl<W: Int8Tensor, const F: usize, A: Int8Activation> Affine<W, F, A> {
    /// Quantizes the layer. Returns its outputs and its scales.
    pub(super) fn quantize<L: Layer>(
        &mut self,
        layer: &L,
        real: &Real<'_>,
        x: &Samples<L::Input>,
        calibration: &mut Calibration,
        path: Path<'_>,
    ) -> Result<(Vec<L::Output>, Scales), QuantizeError> {
        let (y, scales) = calibration.scales::<L, A>(layer, x, path)?;
        let mut of_weights = [0f32; F];
        for (f, scale) in of_weights.iter_mut().enumerate() {
            let most = (0..real.products).fold(0f64, |most, k| most.max((real.weight)(f, k).abs()));
            *scale = scale_of_weights(most, (real.bias)(f), x.scale());
        }
        if real.one_scale {
            of_weights = [of_weights.iter().fold(0f32, |most, scale| most.max(*scale)); F];
        }
        let weights = W::flat_mut(core::slice::from_mut(&mut self.weights));
        let mut bias = [0i32; F];
        for f in 0..F {
            for k in 0..real.products {
                weights[(real.place)(f, k)] = int8_of_weight((real.weight)(f, k), of_weights[f]) as i8;
            }
            bias[f] = int32_of_bias((real.bias)(f), of_weights[f], x.scale()) as i32;
        }
        self.channels = channels(bias, of_weights, x.scale(), scales.logits);
        self.zero = x.scale().zero;
        self.bounds = Bounds::of(scales.logits, A::RANGE);
        self.activation = A::Form::of::<A>(scales.logits, scales.output);
        calibration.weights = of_weights.to_vec();
        Ok((y, scales))
    }
}

/// The scale of the weights of an output, of which the largest absolute value is `most`. That of the bias is this scale
/// times that of the input; the bias is at most 2³⁰ steps.
#[cfg(feature = "std")]
pub(super) fn scale_of_weights(most: f64, bias: f64, input: Scale) -> f32 {
    let least = bias.abs() / (f64::from(1 << 30) * f64::from(input.scale));
    ((most / 127.0) as f32).max((least * 1.001) as f32).max(f32::MIN_POSITIVE)
}

/// The int8 of a weight, as a whole number.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn int8_of_weight(weight: f64, scale: f32) -> f64 {
    (weight / f64::from(scale)).round().clamp(-127.0, 127.0)
}

/// The 32-bit integer of a bias, as a whole number.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn int32_of_bias(bias: f64, weights: f32, input: Scale) -> f64 {
    (bias / (f64::from(weights) * f64::from(input.scale))).round()
}
