//! Sums of products one at a time, for microcontrollers without instructions for several.
//!
//! The zero point of the input is part of the bias from the time when the program is compiled, since
//! `Σ (x − zero)·w = Σ x·w − zero·Σ w`. So inputs are multiplied as they are in memory.
//!
//! Some filters and rows share each load. The loops are assembly, since the compiler keeps fewer sums in registers. The
//! build script selects them by the name of the target.

#[cfg(scalar = "riscv")]
mod riscv;
#[cfg(scalar = "thumb1")]
mod thumb1;
#[cfg(scalar = "thumb2")]
mod thumb2;

use core::{array, mem::MaybeUninit, slice};

#[cfg(scalar = "riscv")]
pub(crate) use riscv::ROWS;
#[cfg(scalar = "riscv")]
pub(super) use riscv::clamp;
#[cfg(scalar = "riscv")]
use riscv::{FILTERS, add};
#[cfg(scalar = "thumb1")]
pub(crate) use thumb1::ROWS;
#[cfg(scalar = "thumb1")]
use thumb1::{FILTERS, add};
#[cfg(scalar = "thumb2")]
pub(crate) use thumb2::ROWS;
#[cfg(scalar = "thumb2")]
use thumb2::{FILTERS, add};

use super::{Bounds, Channels, Round, multiplier::Multiplier, tensor::Int8Tensor};
use crate::{Zeroed as _, kernel::Simd};

/// The filters that share the loads of rows.
#[cfg(not(any(scalar = "riscv", scalar = "thumb1", scalar = "thumb2")))]
const FILTERS: usize = 2;

/// The rows that share the loads of filters.
#[cfg(not(any(scalar = "riscv", scalar = "thumb1", scalar = "thumb2")))]
pub(crate) const ROWS: usize = 2;

/// Adds `Σₖ left[n][k]·right[p][k]` to `sums[p][n]`, for the first numbers: none of them. Returns how many.
#[cfg(not(any(scalar = "riscv", scalar = "thumb1", scalar = "thumb2")))]
unsafe fn add<const P: usize>(
    _: [*const i8; FILTERS],
    _: [*const i8; P],
    _: usize,
    _: &mut [[i32; FILTERS]; P],
) -> usize {
    0
}

/// A few sums of fewer products are not worth a call.
const CALL: usize = 20;

/// Parts of a row that are shorter are copied into one.
const SHORT: usize = 16;

/// The filters of a layer, one after the other, and the rounding of their sums.
struct Filters<'a> {
    weights: &'a [i8],
    bias: &'a [i32],
    mantissas: &'a [i32],
    exponents: &'a [i8],
    bounds: Bounds,
}

/// `y[p][f] = channels(Σₖ x[p][k]·weights[f][k])` for `P` rows `x`, one or [`ROWS`], each in `K` parts of one length. `y`
/// has the outputs of the rows one after the other.
#[inline(always)]
pub(crate) fn products<S: Simd, W: Int8Tensor, R: Round, const F: usize, const K: usize, const P: usize>(
    _: S,
    x: [[&[i8]; K]; P],
    _: i8,
    weights: &[W; F],
    channels: &Channels<F>,
    bounds: Bounds,
    y: &mut [i8],
) {
    if P == 1
        && W::LEN < CALL
        && let [x] = x[0][..]
        && let Some(y) = y.first_chunk_mut()
    {
        return channels.outputs::<R>(bounds, y, |f| {
            let products = x.iter().zip(W::flat(slice::from_ref(&weights[f])));
            products.fold(0, |sum, (x, weight)| sum + i32::from(*x) * i32::from(*weight))
        });
    }
    let Channels { bias, mantissas, exponents } = channels;
    let filters = Filters { weights: W::flat(weights), bias, mantissas, exponents, bounds };
    let y = &mut y[..P * F];
    // Always the first; the compiler does not know.
    let length = x.as_flattened().iter().fold(W::LEN / K.max(1), |length, part| length.min(part.len()));
    // SAFETY: the parts have so many numbers, as the filters have, and `y` has an output of each row for each of them.
    unsafe {
        if K == 1 || length >= SHORT {
            let parts = array::from_fn::<_, K, _>(|k| x.each_ref().map(|x| x[k].as_ptr()));
            return outputs::<R, P>(&parts, length, &filters, y);
        }
        let mut rows = MaybeUninit::<[W; P]>::uninit();
        let rows = <[W; P]>::zeroed_in(&mut rows);
        for (row, x) in rows.iter_mut().zip(&x) {
            for (to, part) in W::flat_mut(slice::from_mut(row)).chunks_exact_mut(length.max(1)).zip(x) {
                to.iter_mut().zip(*part).for_each(|(to, x)| *to = *x);
            }
        }
        let rows = rows.each_ref().map(|row| W::flat(slice::from_ref(row)).as_ptr());
        outputs::<R, P>(&[rows], W::LEN, &filters, y);
    }
}

/// The outputs of `P` rows, in parts. All layers share this function.
///
/// # Safety
///
/// Each part has `length` numbers, and `filters` as many as the parts of a row, for each bias, mantissa and exponent. `y` has
/// room for an output of each row for each of them.
#[inline(never)]
unsafe fn outputs<R: Round, const P: usize>(x: &[[*const i8; P]], length: usize, filters: &Filters<'_>, y: &mut [i8]) {
    let Filters { weights, bias, mantissas, exponents, bounds } = *filters;
    let count = bias.len();
    for first in (0..count).step_by(FILTERS) {
        // The last filter stands for those after it.
        let at: [usize; FILTERS] = array::from_fn(|n| (first + n).min(count - 1));
        // SAFETY: `f` is below `count`, and so many numbers follow each pointer.
        unsafe {
            let mut sums = [at.map(|f| *bias.get_unchecked(f)); P];
            let mut left = at.map(|f| weights.as_ptr().add(f * x.len() * length));
            for right in x {
                add_all(left, *right, length, &mut sums);
                left = left.map(|left| left.wrapping_add(length));
            }
            for (n, f) in (first..count).take(FILTERS).enumerate() {
                let (mantissa, exponent) = (*mantissas.get_unchecked(f), *exponents.get_unchecked(f));
                let multiplier = Multiplier { mantissa, exponent: i32::from(exponent) };
                for (p, sums) in sums.iter().enumerate() {
                    *y.get_unchecked_mut(p * count + f) = bounds.round::<R>(multiplier, sums[n]);
                }
            }
        }
    }
}

/// Adds `Σₖ left[n][k]·right[p][k]` to `sums[p][n]`.
///
/// # Safety
///
/// Each pointer is to `length` numbers.
#[inline(never)]
unsafe fn add_all<const P: usize>(
    left: [*const i8; FILTERS],
    right: [*const i8; P],
    length: usize,
    sums: &mut [[i32; FILTERS]; P],
) {
    // SAFETY: the pointers are those of this function, and each index is below `length`.
    unsafe {
        for k in add(left, right, length, sums)..length {
            for p in 0..P {
                for n in 0..FILTERS {
                    let product = i32::from(*left[n].add(k)) * i32::from(*right[p].add(k));
                    sums[p][n] = sums[p][n].wrapping_add(product);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Once, Twice},
        *,
    };
    use crate::kernel::Baseline;

    /// Compares the outputs with those of plain loops.
    fn agree<R: Round, const F: usize, const K: usize, const N: usize, const P: usize>() {
        let mut rng = crate::Rng::new(3);
        let mut int8 = || rng.bits() as i8;
        let x: [[[i8; N]; K]; P] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| int8())));
        let weights: [[[i8; N]; K]; F] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| int8())));
        let multipliers = array::from_fn(|_| Multiplier { mantissa: (1 << 30) + i32::from(int8()), exponent: -6 });
        let channels = Channels::new(array::from_fn(|_| 64 * i32::from(int8())), multipliers);
        let bounds = Bounds { zero: -3, least: -120, most: 127 };
        let mut y = [[0; F]; P];
        let rows = x.each_ref().map(|x| x.each_ref().map(|part| &part[..]));
        products::<_, _, R, F, K, P>(Baseline, rows, 0, &weights, &channels, bounds, y.as_flattened_mut());
        for (x, y) in x.iter().zip(y) {
            for (f, weights) in weights.iter().enumerate() {
                let products = x.as_flattened().iter().zip(weights.as_flattened());
                let sum = products.map(|(x, w)| i32::from(*x) * i32::from(*w)).sum();
                assert_eq!(y[f], channels.round::<R>(f, sum, bounds));
            }
        }
    }

    #[test]
    fn rows_in_short_and_long_parts() {
        agree::<Twice, 5, 3, 4, ROWS>();
        agree::<Twice, 5, 3, 4, 1>();
        agree::<Twice, 4, 2, 17, ROWS>();
        agree::<Once, 1, 2, 17, 1>();
        agree::<Twice, 2, 1, 1, ROWS>();
        agree::<Once, 2, 1, 1, 1>();
    }
}
