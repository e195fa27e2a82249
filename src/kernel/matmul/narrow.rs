//! Products of many rows and few columns, computed as their transposes: the rows fill the lanes that the columns would
//! leave empty. Each number is summed in the same order as by `tile`.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::operands::transpose;
use crate::kernel::{
    element::Element,
    simd::{MOST_LANES, Vector},
    tile::{Destination, load_registers},
};

/// The number of sums that fit in the registers beside the operands.
const fn most_sums<V: Vector<T>, T>() -> usize {
    if V::ROWS == 8 { 24 } else { 12 }
}

/// The number of times that [`outer`] reads the left operand: once or twice, each for a part of the columns.
const fn parts<V: Vector<T>, T>(columns: usize) -> usize {
    if 2 * columns > most_sums::<V, T>() { 2 } else { 1 }
}

/// The number of registers of rows in a block of [`outer`]; 0 if the result is computed faster row by row.
pub(super) const fn registers<V: Vector<T>, T>(rows: usize, columns: usize) -> usize {
    if columns < 2 || columns > 12 {
        return 0;
    }
    let sums = columns.div_ceil(parts::<V, T>(columns));
    match most_sums::<V, T>() / sums {
        4.. if rows >= 4 * V::LANES => 4,
        _ if rows >= 2 * V::LANES => 2,
        _ => 0,
    }
}

/// `result[i - rows.start][j] = Σ left[step][i]·right[step][j]` for these rows `i`.
#[inline(always)]
pub(super) fn outer<V: Vector<T>, T: Element, const I: usize, const J: usize>(
    left: &[[T; I]],
    rows: Range<usize>,
    right: &[[T; J]],
    result: &mut impl Destination<T>,
) {
    match const { registers::<V, T>(I, J) } {
        4 => blocks::<V, T, I, J, 4>(left, rows, right, result),
        _ => blocks::<V, T, I, J, 2>(left, rows, right, result),
    }
}

/// [`outer`] in blocks of `C` registers of rows. The last block overlaps the previous one.
#[inline(always)]
fn blocks<V: Vector<T>, T: Element, const I: usize, const J: usize, const C: usize>(
    left: &[[T; I]],
    rows: Range<usize>,
    right: &[[T; J]],
    result: &mut impl Destination<T>,
) {
    let mut row = rows.start;
    while row < rows.end {
        let first = row.min(I - C * V::LANES);
        let mut sums = [[V::broadcast(T::zero()); C]; J];
        if const { parts::<V, T>(J) == 1 } {
            add_products(left, first, right, 0..J, &mut sums);
        } else {
            add_products(left, first, right, 0..J / 2, &mut sums);
            add_products(left, first, right, J / 2..J, &mut sums);
        }
        for c in 0..C {
            let mut column = 0;
            while column < J {
                let mut square = [V::broadcast(T::zero()); MOST_LANES];
                for lane in 0..V::LANES {
                    if column + lane < J {
                        square[lane] = sums[column + lane][c];
                    }
                }
                square = transpose(square);
                for lane in 0..V::LANES {
                    let row = first + c * V::LANES + lane;
                    if rows.contains(&row) {
                        square[lane].store(&mut result.row(row - rows.start)[column..]);
                    }
                }
                column += V::LANES;
            }
        }
        row += C * V::LANES;
    }
}

/// `sums[j] += Σ right[step][j]·left[step]` for these columns `j`, where `left[step]` is the `C` registers from `first`
/// on.
#[inline(always)]
fn add_products<V: Vector<T>, T: Element, const I: usize, const J: usize, const C: usize>(
    left: &[[T; I]],
    first: usize,
    right: &[[T; J]],
    columns: Range<usize>,
    sums: &mut [[V; C]; J],
) {
    for (left, right) in left.iter().zip(right) {
        let left: [V; C] = load_registers(&left[first..first + C * V::LANES]);
        for j in columns.clone() {
            let right = V::broadcast(right[j]);
            for c in 0..C {
                sums[j][c] = right.mul_add(left[c], sums[j][c]);
            }
        }
    }
}
