//! The rounding of sums of products to int8.

use core::array;

#[cfg(scalar = "riscv")]
use super::scalar::clamp;
use super::{
    Bounds, Layer, Round, Shape, Slide, Twice, int8_fits,
    multiplier::Multiplier,
    tensor::{Int8Tensor, numbers_of},
};
use crate::kernel::Simd;

/// Whether the zero point of the input is part of the bias: `Σ (x − zero)·w = Σ x·w − zero·Σ w`.
const FOLDED: bool = cfg!(scalar);

/// The rounding of sums to int8, for `F` output channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels<const F: usize> {
    /// The bias of each channel, added to the sum.
    pub bias: [i32; F],
    /// The mantissas of the [`Multiplier`] of each channel: the scale of the sum divided by that of the output.
    pub mantissas: [i32; F],
    /// The exponents.
    pub exponents: [i8; F],
}

impl<const F: usize> Channels<F> {
    /// The rounding with these biases and multipliers.
    pub(crate) const fn new(bias: [i32; F], multipliers: [Multiplier; F]) -> Self {
        let mut channels = Self { bias, mantissas: [0; F], exponents: [0; F] };
        let mut f = 0;
        while f < F {
            let Multiplier { mantissa, exponent } = multipliers[f];
            (channels.mantissas[f], channels.exponents[f]) = (mantissa, exponent as i8);
            f += 1;
        }
        channels
    }

    /// Brings filters and their rounding into the form that the processor reads.
    pub(crate) const fn order_filters<W: Int8Tensor, R: Round>(&mut self, filters: &mut [W; F], zero: i8, _: Bounds) {
        self.fold(numbers_of(filters), [W::LEN, 1], zero);
    }

    /// Brings the rounding of a depthwise convolution into the form that the processor reads.
    pub(crate) const fn order_channels<W: Int8Tensor, R: Round>(&mut self, weights: &W, zero: i8, _: Bounds) {
        self.fold(numbers_of(weights), [1, F], zero);
    }

    /// Makes the zero point of the input part of the bias, if it is to be [`FOLDED`]. Weight `k` of channel `f` is at
    /// `f·steps[0] + k·steps[1]`.
    const fn fold(&mut self, weights: &[i8], steps: [usize; 2], zero: i8) {
        let mut f = if FOLDED { 0 } else { F };
        while f < F {
            let (mut sum, mut k) = (0, 0);
            while k < weights.len() / F {
                sum += weights[f * steps[0] + k * steps[1]] as i32;
                k += 1;
            }
            self.bias[f] = self.bias[f].wrapping_sub(zero as i32 * sum);
            f += 1;
        }
    }

    /// By how much the sums of channels are too large: the sums of the weights times `zero`, unless these are part of the
    /// bias.
    #[inline(always)]
    pub(crate) fn surplus<const KW: usize, const K: usize>(
        &self,
        weights: &[[[i8; F]; KW]; K],
        zero: i8,
    ) -> Option<[i32; F]> {
        if FOLDED {
            return None;
        }
        let mut surplus = [0i32; F];
        for weights in weights.as_flattened() {
            for f in 0..F {
                surplus[f] += i32::from(weights[f]) * i32::from(zero);
            }
        }
        Some(surplus)
    }

    /// A layer with these channels.
    #[inline(always)]
    fn layer<'a, R: Round>(
        &'a self,
        weights: &'a [i8],
        zero: i8,
        bounds: Bounds,
        shape: Shape,
        channelwise: bool,
    ) -> Layer<'a> {
        let Self { bias, mantissas, exponents } = self;
        Layer { shape, channelwise, weights, bias, mantissas, exponents, zero, bounds, once: R::ONCE }
    }

    /// The output of channel `f`.
    #[inline(always)]
    pub(super) fn round<R: Round>(&self, f: usize, sum: i32, bounds: Bounds) -> i8 {
        let multiplier = Multiplier { mantissa: self.mantissas[f], exponent: i32::from(self.exponents[f]) };
        bounds.round::<R>(multiplier, self.bias[f].wrapping_add(sum))
    }

    /// The outputs of all channels, with these sums.
    #[inline(always)]
    pub(crate) fn outputs<R: Round>(&self, bounds: Bounds, y: &mut [i8; F], sum: impl Fn(usize) -> i32) {
        if cfg!(scalar) {
            for (f, y) in y.iter_mut().enumerate() {
                *y = self.round::<R>(f, sum(f), bounds);
            }
            return;
        }
        // Registers of several numbers round several sums.
        self.round_all::<R>(&array::from_fn(sum), bounds, y);
    }

    /// The outputs of all channels.
    #[inline(always)]
    pub(super) fn round_all<R: Round>(&self, sums: &[i32; F], bounds: Bounds, y: &mut [i8]) {
        let y = &mut y[..F];
        for f in 0..F {
            y[f] = self.round::<R>(f, sums[f], bounds);
        }
    }
}

impl Bounds {
    /// The closest number within the bounds to `zero` plus `sum` times a multiplier.
    #[inline(always)]
    pub(super) fn round<R: Round>(self, multiplier: Multiplier, sum: i32) -> i8 {
        if multiplier.is_small() {
            let doubled = if R::ONCE { multiplier.doubled_once(sum) } else { multiplier.doubled(sum) };
            // It is rounded and `zero` added in one addition.
            let y = (doubled + (2 * i32::from(self.zero) + 1)) >> 1;
            return int8_fits(clamp(y, self.least.into(), self.most.into()));
        }
        self.clamp(if R::ONCE { multiplier.apply_once(sum) } else { multiplier.apply(sum) })
    }
}

/// The closest number to `y` from `least` to `most`.
#[cfg(not(scalar = "riscv"))]
#[inline(always)]
fn clamp(y: i32, least: i32, most: i32) -> i32 {
    y.max(least).min(most)
}

/// A convolution of an image, if the processor has a way of its own. Returns whether it has.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "those of a layer")]
pub(crate) fn convolution<S: Simd, W: Int8Tensor, R: Round, const F: usize>(
    simd: S,
    x: &[i8],
    zero: i8,
    weights: &[W; F],
    channels: &Channels<F>,
    bounds: Bounds,
    shape: Shape,
    y: &mut [i8],
) -> bool {
    simd.int8_layer(x, channels.layer::<R>(W::flat(weights), zero, bounds, shape, false), y)
}

/// A depthwise convolution of an image, if the processor has a way of its own. Returns whether it has.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "those of a layer")]
pub(crate) fn depthwise<
    S: Simd,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const K: usize,
    const KW: usize,
>(
    simd: S,
    x: &[[[i8; C]; W]; H],
    zero: i8,
    weights: &[[[i8; C]; KW]; K],
    channels: &Channels<C>,
    bounds: Bounds,
    slide: Slide,
    y: &mut [[[i8; C]; OW]; OH],
) -> bool {
    let shape = Shape { image: [H, W, C], window: [K, KW], output: [OH, OW], slide };
    let layer = channels.layer::<Twice>(Int8Tensor::flat(weights), zero, bounds, shape, true);
    simd.int8_layer(Int8Tensor::flat(x), layer, Int8Tensor::flat_mut(y))
}
