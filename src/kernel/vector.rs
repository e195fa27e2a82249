//! Products of a matrix and a vector: for few samples, for which copying the weights would cost more than it saves, and for
//! layers of one output.

#![expect(clippy::needless_range_loop, reason = "an index keeps arrays of registers in registers")]

use super::{
    element::Element,
    elementwise::elementwise_row,
    formula::ElementwiseKernel,
    simd::{MOST_LANES, Simd, Vector},
    tile::{load_registers, store_registers, transpose},
};

/// `y[o] = then(bias[o] + Σᵢ x[i]·w[i][o])`. A few columns at a time stay in registers, as several partial sums where they
/// are so few that they would wait for each other.
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
        stream_rows(simd, x, w, bias, then, &mut y[..column]);
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

/// How many registers of sums keep the processor busy.
const MOST_REGISTERS: usize = 8;

/// The first columns of [`combine_rows`], with sums in memory and whole rows of weights: these are read in the order in
/// which they are stored, as fast as memory delivers them.
#[inline(always)]
fn stream_rows<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
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

/// How many rows [`stream_rows`] reads side by side: as many streams as a processor prefetches.
const STREAMS: usize = 4;

/// `y[o] += Σᵢ x[i]·w[i][o]` of `R` rows.
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

/// `C` registers of [`combine_rows`] from `column` on, each as `CHAINS` partial sums; returns the column after them.
#[inline(always)]
fn combine_columns<
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

/// `y[b] = then(start + Σᵢ x[b][i]·w[i])`. Registers run along the rows; the lanes of as many rows as a register has are
/// added up together.
#[inline(always)]
pub(super) fn dot_rows<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const N: usize>(
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
                sums[r] = dot::<V, T>(&rows[r], w);
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
        let [end] = then.apply([], [V::broadcast(start + dot::<V, T>(&x[row], w).sum())]);
        end.store(&mut y[row..row + 1]);
    }
}

/// The lanes of a dot product as long as the shorter slice.
#[inline(always)]
fn dot<V: Vector<T>, T: Element>(a: &[T], b: &[T]) -> V {
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

/// `sums[o] = Σ_b factors[b]·rows[b][o]`.
#[inline(always)]
pub(super) fn weighted_sum<V: Vector<T>, T: Element, const N: usize>(
    factors: &[T],
    rows: &[[T; N]],
    sums: &mut [T; N],
) {
    let mut column = 0;
    while column < N {
        let end = N.min(column + V::LANES);
        let mut sum = V::broadcast(T::zero());
        for (factor, row) in factors.iter().zip(rows) {
            sum = V::broadcast(*factor).mul_add(V::load(&row[column..end]), sum);
        }
        sum.store(&mut sums[column..end]);
        column = end;
    }
}

/// `rows[b][o] = factors[b]·row[o]`.
#[inline(always)]
pub(super) fn outer_product<V: Vector<T>, T: Element, const N: usize>(
    factors: &[T],
    row: &[T; N],
    rows: &mut [[T; N]],
) {
    let mut column = 0;
    while column < N {
        let end = N.min(column + V::LANES);
        let right = V::load(&row[column..end]);
        for (factor, to) in factors.iter().zip(&mut *rows) {
            // As in a product of matrices, which adds to 0: so −0 becomes 0.
            V::broadcast(*factor).mul_add(right, V::broadcast(T::zero())).store(&mut to[column..end]);
        }
        column = end;
    }
}

/// `sums[o] = Σ_b rows[b][o]`.
#[inline(always)]
pub(super) fn sum_rows<V: Vector<T>, T: Element, const N: usize>(rows: &[[T; N]], sums: &mut [T; N]) {
    let mut column = 0;
    while column < N {
        let end = N.min(column + V::LANES);
        let mut sum = V::broadcast(T::zero());
        for row in rows {
            sum = sum + V::load(&row[column..end]);
        }
        sum.store(&mut sums[column..end]);
        column = end;
    }
}
