//! Sums of products one at a time, for microcontrollers without instructions for several.
//!
//! The zero point of the input is part of the bias from the time when the program is compiled, since
//! `Σ (x − zero)·w = Σ x·w − zero·Σ w`. So inputs are multiplied as they are in memory.
//!
//! Two rows and some filters, or two filters and a row, share each load. The loops are assembly, since the compiler keeps
//! fewer sums in registers. The build script selects them by the name of the target.

#[cfg(scalar = "riscv")]
mod riscv;
#[cfg(scalar = "thumb1")]
mod thumb1;
#[cfg(scalar = "thumb2")]
mod thumb2;

use core::{array, mem::MaybeUninit, slice};

#[cfg(scalar = "riscv")]
use riscv::{FILTERS, add};
#[cfg(scalar = "thumb1")]
use thumb1::{FILTERS, add};
#[cfg(scalar = "thumb2")]
use thumb2::{FILTERS, add};

use super::tensor::Int8Tensor;
#[cfg(scalar)]
use super::{Bounds, Channels, Round};
use crate::Zeroed as _;
#[cfg(scalar)]
use crate::kernel::Simd;

/// The filters that share the loads of two rows.
#[cfg(not(any(scalar = "riscv", scalar = "thumb1", scalar = "thumb2")))]
const FILTERS: usize = 1;

/// Adds `Σₖ left[p][k]·right[n][k]` to `sums[n][p]`, for the first numbers: none of them. Returns how many.
#[cfg(not(any(scalar = "riscv", scalar = "thumb1", scalar = "thumb2")))]
unsafe fn add<const N: usize>(_: [*const i8; 2], _: [*const i8; N], _: usize, _: &mut [[i32; 2]; N]) -> usize {
    0
}

/// A few sums of fewer products are not worth a call.
const CALL: usize = 20;

/// Parts of a row that are shorter are copied into one.
const SHORT: usize = 16;

/// `y[p][f] = channels(Σₖ x[p][k]·weights[f][k])` for `P` rows `x`, one or two, each in `K` parts of one length. `y` has
/// the outputs of the rows one after the other.
#[cfg(scalar)]
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
    sums(x, weights, |p, f, sum| {
        // Always; the compiler does not know.
        if f < F
            && let Some(y) = y.get_mut(p * F + f)
        {
            *y = channels.round::<R>(f, sum, bounds);
        }
    });
}

/// Calls `output` with `p`, `f` and `Σₖ x[p][k]·weights[f][k]`, for one or two rows `x`, each in `K` parts of one length.
#[inline(always)]
fn sums<W: Int8Tensor, const F: usize, const K: usize, const P: usize>(
    x: [[&[i8]; K]; P],
    weights: &[W; F],
    output: impl FnMut(usize, usize, i32),
) {
    if K == 1 || W::LEN / K >= SHORT {
        return of_parts(x.each_ref().map(|x| &x[..]), weights, output);
    }
    let mut rows = MaybeUninit::<[W; P]>::uninit();
    let rows = <[W; P]>::zeroed_in(&mut rows);
    for (row, x) in rows.iter_mut().zip(&x) {
        for (to, part) in W::flat_mut(slice::from_mut(row)).chunks_exact_mut((W::LEN / K).max(1)).zip(x) {
            to.iter_mut().zip(*part).for_each(|(to, x)| *to = *x);
        }
    }
    let rows = rows.each_ref().map(|row| [W::flat(slice::from_ref(row))]);
    of_parts(rows.each_ref().map(|row| &row[..]), weights, output);
}

#[inline(always)]
fn of_parts<W: Int8Tensor, const F: usize, const P: usize>(
    x: [&[&[i8]]; P],
    weights: &[W; F],
    mut output: impl FnMut(usize, usize, i32),
) {
    const { assert!(P == 1 || P == 2) };
    if P == 1 && x[0].len() == 1 && W::LEN < CALL {
        for (f, filter) in weights.iter().enumerate() {
            let mut sum = 0;
            for (x, weight) in x[0][0].iter().zip(W::flat(slice::from_ref(filter))) {
                sum += i32::from(*x) * i32::from(*weight);
            }
            output(0, f, sum);
        }
    } else if P == 2 {
        let x = [x[0], x[P - 1]];
        let (groups, rest) = weights.as_chunks::<FILTERS>();
        for (group, filters) in groups.iter().enumerate() {
            for (n, sums) in of_two_rows::<FILTERS>(x, W::flat(filters)).into_iter().enumerate() {
                output(0, group * FILTERS + n, sums[0]);
                output(1, group * FILTERS + n, sums[1]);
            }
        }
        for (n, filter) in rest.iter().enumerate() {
            let [sums] = of_two_rows::<1>(x, W::flat(slice::from_ref(filter)));
            output(0, groups.len() * FILTERS + n, sums[0]);
            output(1, groups.len() * FILTERS + n, sums[1]);
        }
    } else {
        let (pairs, rest) = weights.as_chunks::<2>();
        for (pair, filters) in pairs.iter().enumerate() {
            let sums = of_row(x[0], W::flat(filters));
            output(0, 2 * pair, sums[0]);
            output(0, 2 * pair + 1, sums[1]);
        }
        for filter in rest {
            let [sums] = of_two_rows::<1>([x[0]; 2], W::flat(slice::from_ref(filter)));
            output(0, 2 * pairs.len(), sums[0]);
        }
    }
}

/// The sums of two rows, in parts, for each of `N` filters. All layers share this function.
#[inline(never)]
fn of_two_rows<const N: usize>([first, second]: [&[&[i8]]; 2], filters: &[i8]) -> [[i32; 2]; N] {
    let (mut sums, count, mut start) = ([[0; 2]; N], filters.len() / N, 0);
    for (first, second) in first.iter().zip(second) {
        let length = first.len().min(second.len()).min(count - start);
        let right = array::from_fn(|n| filters.as_ptr().wrapping_add(n * count + start));
        // SAFETY: the parts have so many numbers, and each filter after `start`.
        unsafe { add_all([first.as_ptr(), second.as_ptr()], right, length, &mut sums) };
        start += length;
    }
    sums
}

/// The sums of a row, in parts, for two filters. All layers share this function.
#[inline(never)]
fn of_row(x: &[&[i8]], filters: &[i8]) -> [i32; 2] {
    let (mut sums, count, mut start) = ([[0; 2]], filters.len() / 2, 0);
    for x in x {
        let length = x.len().min(count - start);
        let left = array::from_fn(|n| filters.as_ptr().wrapping_add(n * count + start));
        // SAFETY: the part has so many numbers, and each filter after `start`.
        unsafe { add_all(left, [x.as_ptr()], length, &mut sums) };
        start += length;
    }
    sums[0]
}

/// Adds `Σₖ left[p][k]·right[n][k]` to `sums[n][p]`.
///
/// # Safety
///
/// Each pointer is to `length` numbers.
#[inline(always)]
unsafe fn add_all<const N: usize>(
    left: [*const i8; 2],
    right: [*const i8; N],
    length: usize,
    sums: &mut [[i32; 2]; N],
) {
    // SAFETY: the pointers are those of this function, and each index is below `length`.
    unsafe {
        for k in add(left, right, length, sums)..length {
            for n in 0..N {
                for p in 0..2 {
                    sums[n][p] += i32::from(*left[p].add(k)) * i32::from(*right[n].add(k));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the sums with those of plain loops.
    fn agree<const F: usize, const K: usize, const N: usize, const P: usize>() {
        let mut rng = crate::Rng::new(3);
        let mut int8 = || rng.bits() as i8;
        let x: [[[i8; N]; K]; P] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| int8())));
        let weights: [[[i8; N]; K]; F] = array::from_fn(|_| array::from_fn(|_| array::from_fn(|_| int8())));
        let mut found = [[None; F]; P];
        sums(x.each_ref().map(|x| x.each_ref().map(|part| &part[..])), &weights, |p, f, sum| {
            assert_eq!(found[p][f].replace(sum), None);
        });
        for (p, x) in x.iter().enumerate() {
            for (f, weights) in weights.iter().enumerate() {
                let products = x.as_flattened().iter().zip(weights.as_flattened());
                assert_eq!(found[p][f], Some(products.map(|(x, w)| i32::from(*x) * i32::from(*w)).sum()));
            }
        }
    }

    #[test]
    fn rows_in_short_and_long_parts() {
        agree::<5, 3, 4, 2>();
        agree::<5, 3, 4, 1>();
        agree::<4, 2, 17, 2>();
        agree::<1, 2, 17, 1>();
        agree::<2, 1, 1, 2>();
        agree::<2, 1, 1, 1>();
    }
}
