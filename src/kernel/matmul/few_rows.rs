//! Products of few rows, for which packing the weights does not pay.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use super::operands::transpose;
use crate::kernel::{
    element::Element,
    elementwise::elementwise_row,
    formula::ElementwiseKernel,
    simd::{MOST_LANES, Simd, Vector},
    tile::{load_registers, store_registers},
};

/// `y[o] = then(bias[o] + Σᵢ x[i]·w[i][o])`, with several independent sums to hide the latency of a multiply-add.
/// Columns that do not fit in the registers are computed by [`combine_rows_in_memory`].
#[inline(always)]
pub(super) fn combine_rows<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [T; OUT],
) {
    let mut column = 0;
    if const { OUT >= 2 * MOST_REGISTERS * T::Vector::<S>::LANES } {
        column = OUT - OUT % (MOST_REGISTERS * T::Vector::<S>::LANES);
        combine_rows_in_memory(simd, x, w, bias, then, &mut y[..column]);
    }
    while column < OUT {
        column = match (OUT - column).div_ceil(T::Vector::<S>::LANES) {
            MOST_REGISTERS.. => {
                combine_columns::<T::Vector<S>, T, O, IN, OUT, MOST_REGISTERS, 1>(x, w, bias, then, y, column)
            }
            4.. => combine_columns::<T::Vector<S>, T, O, IN, OUT, 4, 2>(x, w, bias, then, y, column),
            2.. => combine_columns::<T::Vector<S>, T, O, IN, OUT, 2, 4>(x, w, bias, then, y, column),
            _ => combine_columns::<T::Vector<S>, T, O, IN, OUT, 1, 8>(x, w, bias, then, y, column),
        };
    }
}

/// The number of registers of sums that keeps the processor busy.
const MOST_REGISTERS: usize = 8;

/// [`combine_rows`] for all columns of `y`, with the sums in memory, a few rows of weights at a time. The weights,
/// which are much larger, are read in the order of their addresses, at the speed of memory.
#[inline(always)]
fn combine_rows_in_memory<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [T],
) {
    y.copy_from_slice(&bias[..y.len()]);
    let mut step = 0;
    while step + STREAMS <= IN {
        add_rows::<T::Vector<S>, T, OUT, STREAMS>(&x[step..], &w[step..], y);
        step += STREAMS;
    }
    while step < IN {
        add_rows::<T::Vector<S>, T, OUT, 1>(&x[step..], &w[step..], y);
        step += 1;
    }
    elementwise_row(simd, then, [], [y]);
}

/// The number of rows that [`combine_rows_in_memory`] adds at a time: the number of streams that a processor
/// prefetches.
const STREAMS: usize = 4;

/// `y[o] += Σᵢ x[i]·w[i][o]` for `R` rows of weights.
#[inline(always)]
fn add_rows<V: Vector<T>, T: Element, const OUT: usize, const R: usize>(x: &[T], w: &[[T; OUT]], y: &mut [T]) {
    let mut factors = [V::broadcast(T::zero()); R];
    for r in 0..R {
        factors[r] = V::broadcast(x[r]);
    }
    let mut column = 0;
    while column + V::LANES <= y.len() {
        let end = column + V::LANES;
        let mut sum = V::load(&y[column..end]);
        for r in 0..R {
            sum = factors[r].mul_add(V::load(&w[r][column..end]), sum);
        }
        sum.store(&mut y[column..end]);
        column = end;
    }
}

/// Computes `C` registers of [`combine_rows`] from `column` on, each as `CHAINS` sums. Returns the column after them.
#[inline(always)]
pub(in crate::kernel) fn combine_columns<
    V: Vector<T>,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    const IN: usize,
    const OUT: usize,
    const C: usize,
    const CHAINS: usize,
>(
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [T; OUT],
    column: usize,
) -> usize {
    let next = column + C * V::LANES;
    let column = column.min(OUT.saturating_sub(C * V::LANES));
    let mut sums = [[V::broadcast(T::zero()); C]; CHAINS];
    sums[0] = load_registers(&bias[column..]);
    let mut step = 0;
    while step < IN {
        for chain in 0..CHAINS {
            if step + chain < IN {
                let left = V::broadcast(x[step + chain]);
                let right: [V; C] = load_registers(&w[step + chain][column..]);
                for c in 0..C {
                    sums[chain][c] = left.mul_add(right[c], sums[chain][c]);
                }
            }
        }
        step += CHAINS;
    }
    let mut chains = CHAINS;
    while chains > 1 {
        chains /= 2;
        for chain in 0..chains {
            for c in 0..C {
                sums[chain][c] = sums[chain][c] + sums[chain + chains][c];
            }
        }
    }
    for c in 0..C {
        [sums[0][c]] = then.apply([], [sums[0][c]]);
    }
    store_registers(sums[0], &mut y[column..]);
    next
}

/// `y[b] = then(start + Σᵢ x[b][i]·w[i])`: a transposition sums the products of as many rows as a register has lanes.
#[inline(always)]
pub(super) fn dot_products<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const N: usize>(
    x: &[[T; N]],
    w: &[T],
    start: T,
    then: &O,
    y: &mut [T],
) {
    let mut row = 0;
    while row + 1 < x.len() {
        let rows = &x[row..x.len().min(row + V::LANES)];
        let mut sums = [V::broadcast(T::zero()); MOST_LANES];
        for r in 0..V::LANES {
            if r < rows.len() {
                sums[r] = products_of_rows::<V, T>(&rows[r], w);
            }
        }
        let columns = transpose(sums);
        let mut sum = V::broadcast(start);
        for lane in 0..V::LANES {
            sum = sum + columns[lane];
        }
        let [end] = then.apply([], [sum]);
        end.store(&mut y[row..row + rows.len()]);
        row += rows.len();
    }
    if row < x.len() {
        // The shorter the register, the shorter the latency of a division.
        let [end] = then.apply([], [V::Half::broadcast(start + products_of_rows::<V, T>(&x[row], w).sum())]);
        end.store(&mut y[row..row + 1]);
    }
}

/// A register whose lanes sum to `Σ a·b`, up to the length of the shorter slice.
#[inline(always)]
fn products_of_rows<V: Vector<T>, T: Element>(a: &[T], b: &[T]) -> V {
    let lanes = V::LANES;
    let length = a.len().min(b.len());
    let mut sum = V::broadcast(T::zero());
    let mut start = 0;
    while start + lanes <= length {
        let (a, b) = (&a[start..start + lanes], &b[start..start + lanes]);
        sum = V::load(a).mul_add(V::load(b), sum);
        start += lanes;
    }
    if start < length {
        sum = V::load(&a[start..length]).mul_add(V::load(&b[start..length]), sum);
    }
    sum
}
