//! Sums of products of int8, rounded to int8.

use core::slice;

use super::{int8_fits, multiplier::Multiplier, tensor::Int8Tensor};
use crate::kernel::Simd;

/// The rounding of the sums of one output channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The bias, added to the sum.
    pub bias: i32,
    /// The scale of the sum divided by that of the output.
    pub multiplier: Multiplier,
}

/// The range of int8 outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The int8 that stands for 0.
    pub zero: i8,
    /// The least output.
    pub least: i8,
    /// The largest output.
    pub most: i8,
}

impl Bounds {
    /// The closest number within the bounds to `zero` plus `rounded`.
    #[inline(always)]
    pub(crate) fn clamp(self, rounded: i32) -> i8 {
        int8_fits(rounded.saturating_add(self.zero as i32).clamp(self.least as i32, self.most as i32))
    }
}

/// How a sum is rounded.
pub(crate) trait Round {
    fn round(multiplier: Multiplier, sum: i32) -> i32;
}

/// As [`Multiplier::apply`].
pub(crate) struct Twice;

/// As [`Multiplier::apply_once`].
pub(crate) struct Once;

impl Round for Twice {
    #[inline(always)]
    fn round(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply(sum)
    }
}

impl Round for Once {
    #[inline(always)]
    fn round(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply_once(sum)
    }
}

/// The outputs that are rounded together, in registers.
const BLOCK: usize = 8;

/// `y[p][f] = bounds(channel[f](Σₖ x[p][k]·weights[f][k]))` for `P` rows `x`, which are centered at 0. `y` has the outputs
/// of the rows one after the other.
#[inline(always)]
pub(crate) fn products<S: Simd, W: Int8Tensor, R: Round, const F: usize, const P: usize>(
    simd: S,
    x: &[W::Wide; P],
    weights: &[W; F],
    channels: &[Channel; F],
    bounds: Bounds,
    y: &mut [i8],
) {
    let y = &mut y[..P * F];
    let mut rows: [&[i16]; P] = [&[]; P];
    for p in 0..P {
        rows[p] = W::wide(slice::from_ref(&x[p]));
    }
    let ((weights, rest), (blocks, last)) = (weights.as_chunks::<BLOCK>(), channels.as_chunks::<BLOCK>());
    for (block, (weights, channels)) in weights.iter().zip(blocks).enumerate() {
        let sums = if P == 1 { eight(simd, rows, weights) } else { by_pairs(simd, rows, weights) };
        for p in 0..P {
            let start = p * F + block * BLOCK;
            for (n, y) in y[start..start + BLOCK].iter_mut().enumerate() {
                *y = rounded::<R>(&channels[n], sums[n][p], bounds);
            }
        }
    }
    let start = blocks.len() * BLOCK;
    for (n, (weights, channel)) in rest.iter().zip(last).enumerate() {
        let [sums] = simd.dots(rows, [W::flat(slice::from_ref(weights))]);
        for p in 0..P {
            y[p * F + start + n] = rounded::<R>(channel, sums[p], bounds);
        }
    }
}

#[inline(always)]
fn rounded<R: Round>(channel: &Channel, sum: i32, bounds: Bounds) -> i8 {
    bounds.clamp(R::round(channel.multiplier, channel.bias.wrapping_add(sum)))
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
pub(crate) fn center(x: &[i8], zero: i8, wide: &mut [i16]) {
    for (wide, x) in wide.iter_mut().zip(x) {
        *wide = i16::from(*x) - i16::from(zero);
    }
}
