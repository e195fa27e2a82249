//! Sums of products of int8, rounded to int8.

use core::{mem::MaybeUninit, slice};

use super::{Bounds, Layer, Round, Shape, Slide, Twice, multiplier::Multiplier, tensor::Int8Tensor};
use crate::{Zeroed as _, kernel::Simd};

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

    /// Brings filters and their rounding into the order of the processor, which is this one.
    pub(crate) const fn order_filters<W: Int8Tensor, R: Round>(&mut self, _: &mut [W; F], _: i8, _: Bounds) {}

    /// Brings the rounding of a depthwise convolution into the order of the processor, which is this one.
    pub(crate) const fn order_channels<W: Int8Tensor, R: Round>(&mut self, _: &W, _: i8, _: Bounds) {}

    /// The sums of the weights times `zero`, by which the sums of channels are too large.
    #[inline(always)]
    pub(crate) fn surplus<const KW: usize, const K: usize>(&self, weights: &[[[i8; F]; KW]; K], zero: i8) -> [i32; F] {
        let mut surplus = [0i32; F];
        for weights in weights.as_flattened() {
            for f in 0..F {
                surplus[f] += i32::from(weights[f]) * i32::from(zero);
            }
        }
        surplus
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
    fn round<R: Round>(&self, f: usize, sum: i32, bounds: Bounds) -> i8 {
        let multiplier = Multiplier { mantissa: self.mantissas[f], exponent: i32::from(self.exponents[f]) };
        let sum = self.bias[f].wrapping_add(sum);
        bounds.clamp(if R::ONCE { multiplier.apply_once(sum) } else { multiplier.apply(sum) })
    }

    /// The outputs of all channels.
    #[inline(always)]
    pub(crate) fn round_all<R: Round>(&self, sums: &[i32; F], bounds: Bounds, y: &mut [i8]) {
        let y = &mut y[..F];
        for f in 0..F {
            y[f] = self.round::<R>(f, sums[f], bounds);
        }
    }
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

/// The outputs whose sums are computed together, in registers.
const BLOCK: usize = 8;

/// `y[p][f] = channels(Σₖ (x[p][k] − zero)·weights[f][k])` for `P` rows `x`, each in `K` parts of one length. `y` has
/// the outputs of the rows one after the other.
#[inline(always)]
pub(crate) fn products<S: Simd, W: Int8Tensor, R: Round, const F: usize, const K: usize, const P: usize>(
    simd: S,
    x: [[&[i8]; K]; P],
    zero: i8,
    weights: &[W; F],
    channels: &Channels<F>,
    bounds: Bounds,
    y: &mut [i8],
) {
    let y = &mut y[..P * F];
    let mut centered = MaybeUninit::<[W::Wide; P]>::uninit();
    let centered = <[W::Wide; P]>::zeroed_in(&mut centered);
    let mut rows: [&[i16]; P] = [&[]; P];
    for (p, centered) in centered.iter_mut().enumerate() {
        let wide = W::wide_mut(slice::from_mut(centered));
        for (x, wide) in x[p].iter().zip(wide.chunks_exact_mut(W::LEN / K)) {
            center(x, zero, wide);
        }
        rows[p] = wide;
    }
    // Registers round many sums at once, and a microcontroller has no memory for them.
    if cfg!(any(target_pointer_width = "64", quads)) {
        let mut sums = [[0i32; F]; P];
        all_sums(simd, rows, weights, &mut sums);
        for (sums, y) in sums.iter().zip(y.chunks_exact_mut(F)) {
            channels.round_all::<R>(sums, bounds, y);
        }
    } else {
        for (f, weights) in weights.iter().enumerate() {
            let [sums] = simd.dots(rows, [W::flat(slice::from_ref(weights))]);
            for p in 0..P {
                y[p * F + f] = channels.round::<R>(f, sums[p], bounds);
            }
        }
    }
}

/// The sums of all outputs.
#[inline(always)]
fn all_sums<S: Simd, W: Int8Tensor, const F: usize, const P: usize>(
    simd: S,
    rows: [&[i16]; P],
    weights: &[W; F],
    sums: &mut [[i32; F]; P],
) {
    let (blocks, rest) = weights.as_chunks::<BLOCK>();
    for (block, weights) in blocks.iter().enumerate() {
        let found = if P == 1 { eight(simd, rows, weights) } else { by_pairs(simd, rows, weights) };
        for p in 0..P {
            for n in 0..BLOCK {
                sums[p][block * BLOCK + n] = found[n][p];
            }
        }
    }
    for (n, weights) in rest.iter().enumerate() {
        let [found] = simd.dots(rows, [W::flat(slice::from_ref(weights))]);
        for p in 0..P {
            sums[p][F - rest.len() + n] = found[p];
        }
    }
}

/// The sums of all outputs at once, for few rows.
#[inline(always)]
fn eight<S: Simd, W: Int8Tensor, const P: usize>(
    simd: S,
    rows: [&[i16]; P],
    weights: &[W; BLOCK],
) -> [[i32; P]; BLOCK] {
    let mut flat: [&[i8]; BLOCK] = [&[]; BLOCK];
    for n in 0..BLOCK {
        flat[n] = W::flat(slice::from_ref(&weights[n]));
    }
    simd.dots(rows, flat)
}

/// The sums of two outputs at a time, for as many rows as fit into registers.
#[inline(always)]
fn by_pairs<S: Simd, W: Int8Tensor, const P: usize>(
    simd: S,
    rows: [&[i16]; P],
    weights: &[W; BLOCK],
) -> [[i32; P]; BLOCK] {
    let mut sums = [[0; P]; BLOCK];
    for (sums, weights) in sums.as_chunks_mut::<2>().0.iter_mut().zip(weights.as_chunks::<2>().0) {
        let [a, b] = weights;
        *sums = simd.dots(rows, [W::flat(slice::from_ref(a)), W::flat(slice::from_ref(b))]);
    }
    sums
}

/// Writes `x[k] − zero` to `wide`.
#[inline(always)]
fn center(x: &[i8], zero: i8, wide: &mut [i16]) {
    for (wide, x) in wide.iter_mut().zip(x) {
        *wide = i16::from(*x) - i16::from(zero);
    }
}
