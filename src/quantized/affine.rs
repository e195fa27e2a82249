//! Layers that multiply by weights, add a bias and apply an activation.

#[cfg(feature = "std")]
use std::vec::Vec;

use super::{Bounds, Channels, Int8Activation, Int8Form, Int8Tensor, Multiplier, Scale};
#[cfg(feature = "std")]
use super::{Calibration, QuantizeError, Samples};
#[cfg(feature = "std")]
use crate::{Layer, layer::Path};
use crate::{
    Zeroed,
    kernel::{
        Simd,
        int8::{Round, products},
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
const fn channels<const F: usize>(bias: [i32; F], scales: [f32; F], input: Scale, logits: Scale) -> Channels<F> {
    let mut channels = Channels { bias, mantissas: [0; F], exponents: [0; F] };
    let mut f = 0;
    while f < F {
        let multiplier = Multiplier::new(input.scale as f64 * scales[f] as f64 / logits.scale as f64);
        (channels.mantissas[f], channels.exponents[f]) = (multiplier.mantissa, multiplier.exponent as i8);
        f += 1;
    }
    channels
}

impl<W: Int8Tensor, const F: usize, A: Int8Activation> Affine<[W; F], F, A> {
    /// The outputs of `P` rows, one after the other.
    #[inline(always)]
    pub(super) fn rows<S: Simd, R: Round, const P: usize>(&self, simd: S, x: &[W; P], y: &mut [i8]) {
        products::<S, W, R, F, P>(simd, x, self.zero, &self.weights, &self.channels, self.bounds, y);
        self.activate(&mut y[..P * F]);
    }
}

impl<W, const F: usize, A: Int8Activation> Affine<W, F, A> {
    /// Applies the activation to rows of logits.
    #[inline(always)]
    pub(super) fn activate(&self, y: &mut [i8]) {
        if !A::Form::LIMITS {
            y.chunks_exact_mut(F).for_each(|y| self.activation.apply(y));
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
    /// Quantizes the layer. Returns its outputs and their scale.
    pub(super) fn quantize<L: Layer>(
        &mut self,
        layer: &L,
        real: &Real<'_>,
        x: &Samples<L::Input>,
        calibration: &Calibration,
        path: Path<'_>,
    ) -> Result<(Vec<L::Output>, Scale), QuantizeError> {
        let (y, logits, output) = calibration.scales::<L, A>(layer, x, path)?;
        let mut scales = [0f32; F];
        for (f, scale) in scales.iter_mut().enumerate() {
            let most = (0..real.products).fold(0f64, |most, k| most.max((real.weight)(f, k).abs()));
            // The bias is at most 2³⁰ in units of its scale, which is that of the weights times that of the input.
            let least = (real.bias)(f).abs() / (f64::from(1 << 30) * f64::from(x.scale.scale));
            *scale = (most / 127.0).max(least * 1.001).max(f64::from(f32::MIN_POSITIVE)) as f32;
        }
        if real.one_scale {
            scales = [scales.iter().fold(0f32, |most, scale| most.max(*scale)); F];
        }
        let weights = W::flat_mut(core::slice::from_mut(&mut self.weights));
        let mut bias = [0i32; F];
        for f in 0..F {
            let scale = f64::from(scales[f]);
            for k in 0..real.products {
                weights[(real.place)(f, k)] = ((real.weight)(f, k) / scale).round().clamp(-127.0, 127.0) as i8;
            }
            bias[f] = ((real.bias)(f) / (scale * f64::from(x.scale.scale))).round() as i32;
        }
        self.channels = channels(bias, scales, x.scale, logits);
        self.zero = x.scale.zero;
        self.bounds = Bounds::of(logits, A::RANGE);
        self.activation = A::Form::of::<A>(logits, output);
        Ok((y, output))
    }
}
