//! Kernels over the columns of a matrix, which is a slice of rows. The number of columns is not a constant, so that layers
//! of different widths share the code.

#![expect(clippy::needless_range_loop, reason = "an index keeps arrays of registers in registers")]

use super::{
    element::Element,
    formula::ElementwiseKernel,
    simd::{Simd, Vector, Work},
};

/// The rows that are added up before their sum is added to the total, which bounds the rounding error of long sums.
const BLOCK: usize = 128;

/// The registers of a row whose sums are computed side by side, which hides the latency of additions.
const SIDES: usize = 4;

/// The number of bytes of a matrix that are read for one register of each row after the other: a part of a first-level
/// cache.
const BAND: usize = 8 * 1024;

/// `sums[n][c] = Σ formula(rows[0][r][c], rows[1][r][c], columns[c])` over all rows `r`, for each column `c` and each
/// number `n` of the formula, which adds to its last numbers.
#[inline(always)]
pub(crate) fn column_sums<S: Simd, T: Element, O: ElementwiseKernel<3, N>, const N: usize>(
    simd: S,
    formula: O,
    rows: [&[T]; 2],
    columns: &[T],
    sums: [&mut [T]; N],
) {
    simd.run(ColumnSums { formula, rows, columns, sums });
}

/// `y[r][c] = formula(rows[0][r][c], rows[1][r][c], columns[0][c], ..)` for all rows `r` and columns `c`.
#[inline(always)]
pub(crate) fn for_each_row<S: Simd, T: Element, O: ElementwiseKernel<6, 1>>(
    simd: S,
    formula: O,
    rows: [&[T]; 2],
    columns: [&[T]; 4],
    y: &mut [T],
) {
    simd.run(EachRow { formula, rows, columns, y });
}

struct ColumnSums<'a, T, O, const N: usize> {
    formula: O,
    rows: [&'a [T]; 2],
    columns: &'a [T],
    sums: [&'a mut [T]; N],
}

impl<T: Element, O: ElementwiseKernel<3, N>, const N: usize> Work for ColumnSums<'_, T, O, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let (lanes, width) = (T::Vector::<S>::LANES, self.columns.len());
        let mut column = 0;
        // Without lanes, several sums side by side would only be more code.
        while lanes > 1 && column + SIDES * lanes <= width {
            self.strip::<T::Vector<S>, SIDES>(column, lanes);
            column += SIDES * lanes;
        }
        while column < width {
            self.strip::<T::Vector<S>, 1>(column.min(width.saturating_sub(lanes)), lanes.min(width));
            column += lanes;
        }
    }
}

impl<T: Element, O: ElementwiseKernel<3, N>, const N: usize> ColumnSums<'_, T, O, N> {
    /// The sums of `R` registers of columns, of this length each.
    #[inline(always)]
    fn strip<V: Vector<T>, const R: usize>(&mut self, column: usize, length: usize) {
        let Self { formula, rows: [a, b], columns, sums: results } = self;
        // Neither is 0, but the compiler would keep the panic of `chunks`.
        let width = columns.len().max(1);
        let block = (BLOCK * width).max(1);
        let zero = V::broadcast(T::zero());
        let (mut totals, mut fixed) = ([[zero; N]; R], [zero; R]);
        for r in 0..R {
            fixed[r] = load(columns, column + r * V::LANES, length);
        }
        for (a, b) in a.chunks(block).zip(b.chunks(block)) {
            let mut sums = [[zero; N]; R];
            for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
                for r in 0..R {
                    let place = column + r * V::LANES;
                    sums[r] = formula.apply([load(a, place, length), load(b, place, length), fixed[r]], sums[r]);
                }
            }
            for r in 0..R {
                for n in 0..N {
                    totals[r][n] = totals[r][n] + sums[r][n];
                }
            }
        }
        for r in 0..R {
            for n in 0..N {
                store(totals[r][n], results[n], column + r * V::LANES, length);
            }
        }
    }
}

struct EachRow<'a, T, O> {
    formula: O,
    rows: [&'a [T]; 2],
    columns: [&'a [T]; 4],
    y: &'a mut [T],
}

impl<T: Element, O: ElementwiseKernel<6, 1>> Work for EachRow<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { formula, rows: [a, b], columns, y } = self;
        let (lanes, width) = (T::Vector::<S>::LANES, columns[0].len());
        let zero = T::Vector::<S>::broadcast(T::zero());
        if width == 0 {
            return;
        }
        let band = ((BAND / (width * size_of::<T>()).max(1)).max(1) * width).max(1);
        for ((a, b), y) in a.chunks(band).zip(b.chunks(band)).zip(y.chunks_mut(band)) {
            let mut column = 0;
            while column < width {
                let (place, length) = (column.min(width.saturating_sub(lanes)), lanes.min(width));
                let mut fixed = [zero; 4];
                for c in 0..4 {
                    fixed[c] = load(columns[c], place, length);
                }
                let [c0, c1, c2, c3] = fixed;
                for ((a, b), y) in a.chunks_exact(width).zip(b.chunks_exact(width)).zip(y.chunks_exact_mut(width)) {
                    let read = [load(a, place, length), load(b, place, length), c0, c1, c2, c3];
                    let [value] = formula.apply(read, [zero]);
                    store(value, y, place, length);
                }
                column += lanes;
            }
        }
    }
}

/// A register of a row. The row has these numbers, but an index would keep a panic on chips.
#[inline(always)]
fn load<V: Vector<T>, T: Element>(row: &[T], place: usize, length: usize) -> V {
    match row.get(place..place + length) {
        Some(numbers) => V::load(numbers),
        None => V::broadcast(T::zero()),
    }
}

/// Writes a register to a row, as [`load`] reads it.
#[inline(always)]
fn store<V: Vector<T>, T: Element>(register: V, row: &mut [T], place: usize, length: usize) {
    if let Some(row) = row.get_mut(place..place + length) {
        register.store(row);
    }
}

#[cfg(test)]
mod tests {
    use std::{prelude::v1::*, vec};

    use super::*;
    use crate::{
        Rng,
        kernel::{Level, Real, dispatch, set_level},
    };

    #[derive(Clone, Copy)]
    struct Formula;

    impl ElementwiseKernel<3, 2> for Formula {
        fn apply<V: Real>(&self, [a, b, c]: [V; 3], [x, y]: [V; 2]) -> [V; 2] {
            [x + a * c, y + b]
        }
    }

    impl ElementwiseKernel<6, 1> for Formula {
        fn apply<V: Real>(&self, [a, b, c0, c1, c2, c3]: [V; 6], _: [V; 1]) -> [V; 1] {
            [(a + c0) * c1 - (b + c2) * c3]
        }
    }

    struct Both<'a> {
        rows: [&'a [f32]; 2],
        columns: [&'a [f32]; 4],
        y: &'a mut [f32],
        sums: [&'a mut [f32]; 2],
    }

    impl Work for Both<'_> {
        type Output = ();

        fn run<S: Simd>(self, simd: S) {
            column_sums(simd, Formula, self.rows, self.columns[0], self.sums);
            for_each_row(simd, Formula, self.rows, self.columns, self.y);
        }
    }

    #[test]
    fn columns_of_any_number_are_those_of_plain_loops() {
        let mut rng = Rng::new(5);
        let widths: &[usize] = if cfg!(miri) { &[1, 9] } else { &[1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 70, 130] };
        for &level in Level::ALL {
            if set_level(level).is_err() {
                continue;
            }
            for &width in widths {
                for rows in [0, 1, 2, 129, 300] {
                    // Small integers are added without rounding.
                    let mut draw = |count| (0..count).map(|_| (rng.bits() % 9) as f32 - 4.0).collect::<Vec<_>>();
                    let (a, b, columns) = (draw(rows * width), draw(rows * width), [(); 4].map(|()| draw(width)));
                    let (mut y, mut s, mut t) = (vec![9.0; rows * width], vec![9.0; width], vec![9.0; width]);
                    let columns = columns.each_ref().map(Vec::as_slice);
                    dispatch(Both { rows: [&a, &b], columns, y: &mut y, sums: [&mut s, &mut t] });
                    for c in 0..width {
                        let each = || (0..rows).map(|row| row * width + c);
                        assert_eq!(
                            s[c],
                            each().map(|at| a[at] * columns[0][c]).sum::<f32>(),
                            "{level:?} {width} {rows}"
                        );
                        assert_eq!(t[c], each().map(|at| b[at]).sum::<f32>(), "{level:?} {width} {rows}");
                        for at in each() {
                            let [c0, c1, c2, c3] = columns.map(|column| column[c]);
                            assert_eq!(y[at], (a[at] + c0) * c1 - (b[at] + c2) * c3, "{level:?} {width} {rows}");
                        }
                    }
                }
            }
        }
    }
}
