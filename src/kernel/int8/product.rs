//! Sums of products of int8, rounded to int8.

use core::mem::MaybeUninit;
#[cfg(not(dsp))]
use core::slice;

#[cfg(dsp)]
use super::dsp::Rows;
use super::{int8_fits, multiplier::Multiplier, tensor::Int8Tensor};
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
    /// The output of channel `f`.
    #[inline(always)]
    pub(crate) fn round<R: Round>(&self, f: usize, sum: i32, bounds: Bounds) -> i8 {
        let multiplier = Multiplier { mantissa: self.mantissas[f], exponent: i32::from(self.exponents[f]) };
        bounds.clamp(R::round(multiplier, self.bias[f].wrapping_add(sum)))
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

/// `Σₜ x[t][c]·weights[t][c] − surplus[c]` for each channel `c`, where `t` goes through the pixels of a window.
#[inline(always)]
pub(crate) fn sums_by_channel<const C: usize, const KW: usize, const K: usize>(
    x: &[[[i8; C]; KW]; K],
    weights: &[[[i8; C]; KW]; K],
    surplus: &[i32; C],
    sums: &mut [i32; C],
) {
    #[cfg(dsp)]
    if C % 4 == 0 && K * KW * C <= 4096 {
        return super::dsp::sums_by_channel(x, weights, surplus, sums);
    }
    for c in 0..C {
        let mut sum = -surplus[c];
        for u in 0..K {
            for v in 0..KW {
                sum += i32::from(x[u][v][c]) * i32::from(weights[u][v][c]);
            }
        }
        sums[c] = sum;
    }
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
        let zero = self.zero as i32;
        int8_fits(rounded.max(self.least as i32 - zero).min(self.most as i32 - zero) + zero)
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
        #[cfg(dsp)]
        return super::dsp::round(multiplier, sum);
        #[cfg(not(dsp))]
        multiplier.apply(sum)
    }
}

impl Round for Once {
    #[inline(always)]
    fn round(multiplier: Multiplier, sum: i32) -> i32 {
        multiplier.apply_once(sum)
    }
}

/// The outputs whose sums are computed together, in registers.
#[cfg(not(dsp))]
const BLOCK: usize = 8;

/// `y[p][f] = channels(Σₖ (x[p][k] − zero)·weights[f][k])` for `P` rows `x`. `y` has the outputs of the rows one after the
/// other.
#[inline(always)]
pub(crate) fn products<S: Simd, W: Int8Tensor, R: Round, const F: usize, const P: usize>(
    simd: S,
    x: &[W; P],
    zero: i8,
    weights: &[W; F],
    channels: &Channels<F>,
    bounds: Bounds,
    y: &mut [i8],
) {
    let y = &mut y[..P * F];
    #[cfg(dsp)]
    {
        let _ = simd;
        let mut rows = MaybeUninit::<Rows<W, P>>::uninit();
        let rows = Rows::<W, P>::zeroed_in(&mut rows);
        Rows::center(rows, x, zero);
        // All sums first: the loops for sums and for rounding need all registers.
        let mut sums = [[0i32; F]; P];
        let (pairs, last) = weights.as_chunks::<2>();
        for (pair, weights) in pairs.iter().enumerate() {
            let [a, b] = rows.dots(weights);
            for p in 0..P {
                if let [to_a, to_b] = &mut sums[p][2 * pair..2 * pair + 2] {
                    (*to_a, *to_b) = (a[p], b[p]);
                }
            }
        }
        for weights in last {
            for (sums, sum) in sums.iter_mut().zip(rows.dot(weights)) {
                sums[F - 1] = sum;
            }
        }
        for (sums, y) in sums.iter().zip(y.chunks_exact_mut(F)) {
            channels.round_all::<R>(sums, bounds, y);
        }
    }
    #[cfg(not(dsp))]
    {
        let mut centered = MaybeUninit::<[W::Wide; P]>::uninit();
        let centered = <[W::Wide; P]>::zeroed_in(&mut centered);
        let mut rows: [&[i16]; P] = [&[]; P];
        for (p, centered) in centered.iter_mut().enumerate() {
            let wide = W::wide_mut(slice::from_mut(centered));
            center(W::flat(slice::from_ref(&x[p])), zero, wide);
            rows[p] = wide;
        }
        // Registers round many sums at once, and a microcontroller has no memory for them.
        if cfg!(target_pointer_width = "64") {
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
}

/// The sums of all outputs.
#[cfg(not(dsp))]
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
#[cfg(not(dsp))]
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
#[cfg(not(dsp))]
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
#[cfg(not(dsp))]
#[inline(always)]
fn center(x: &[i8], zero: i8, wide: &mut [i16]) {
    for (wide, x) in wide.iter_mut().zip(x) {
        *wide = i16::from(*x) - i16::from(zero);
    }
}
