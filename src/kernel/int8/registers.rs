//! Sums of products of many int8 at once, in registers.

use core::{mem::MaybeUninit, slice};

use super::{Bounds, Channels, Round, tensor::Int8Tensor};
use crate::{Zeroed as _, kernel::Simd};

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
    let mut sums = [[0i32; F]; P];
    all_sums(simd, rows, weights, &mut sums);
    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(F)) {
        channels.round_all::<R>(sums, bounds, y);
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
