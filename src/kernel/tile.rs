//! Matrix products by packed panels and register tiles.
//!
//! A tile of the result stays in registers while, step by step, a column of the left operand is multiplied by a row of the
//! right one. The right operand is first copied into a [`Panel`], a block of columns at a time and as deep as fits in the
//! first-level cache (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).
//!
//! Each number of the result takes its terms from the first to the last, so the shape of a tile changes no bit.
//! Loads may run past the end of a row, into the next one: those lanes are not stored.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{hint, ops::Range};

use super::{
    element::Element,
    matrix::{Matrix, Operand, Product},
    panel::{Packing, Panel},
    simd::{MOST_LANES, Simd, Vector, Work},
};

impl<T: Element> Work for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.left {
            Operand::Plain(matrix) => multiply(simd, self, Rows(matrix)),
            Operand::Transposed(matrix) => multiply(simd, self, Columns(matrix)),
        }
    }
}

#[inline(always)]
fn multiply<S: Simd, T: Element>(simd: S, mut product: Product<'_, T>, left: impl Left<T>) {
    let columns = product.columns;
    // Two registers wide, unless the second would be empty.
    let width = 2 * T::Vector::<S>::LANES;
    let rest = columns % width;
    let wide = if rest > width / 2 { columns } else { columns - rest };
    column_blocks::<S, T, 2>(simd, &mut product, left, 0..wide);
    column_blocks::<S, T, 1>(simd, &mut product, left, wide..columns);
}

/// Computes some columns of the result, `C` registers at a time. The last block overlaps the one before it, and writes the
/// same numbers there again.
#[inline(always)]
fn column_blocks<S: Simd, T: Element, const C: usize>(
    simd: S,
    product: &mut Product<'_, T>,
    left: impl Left<T>,
    columns: Range<usize>,
) {
    if columns.is_empty() {
        return;
    }
    let mut panel = Panel::new();
    let parts = product.steps.div_ceil(Panel::capacity::<T::Vector<S>, C>()).max(1);
    let depth = product.steps.div_ceil(parts);
    let width = C * T::Vector::<S>::LANES;
    for block in 0..columns.len().div_ceil(width) {
        let column = (columns.start + block * width).min(columns.end.saturating_sub(width));
        for part in 0..parts {
            let steps = part * depth..product.steps.min((part + 1) * depth);
            let mut packing = panel.clear::<T::Vector<S>, C>();
            match product.right {
                Operand::Plain(matrix) => pack_rows(matrix, column, steps.clone(), &mut packing),
                Operand::Transposed(matrix) => {
                    pack_columns(matrix, column..product.columns, steps.clone(), &mut packing);
                }
            }
            simd.run(RowBlocks { left, step: steps.start, panel: packing.finish(), column, product });
        }
    }
}

/// Copies rows of the right operand, from `column` on, into the panel.
#[inline(always)]
fn pack_rows<V: Vector<T>, T: Element, const C: usize>(
    matrix: Matrix<'_, T>,
    column: usize,
    steps: Range<usize>,
    panel: &mut Packing<'_, V, C>,
) {
    for row in matrix.rows_from(steps.start, column).take(steps.len()) {
        panel.push(load_registers(row));
    }
}

/// Like [`pack_rows`], of the transpose of `matrix`.
#[inline(always)]
fn pack_columns<V: Vector<T>, T: Element, const C: usize>(
    matrix: Matrix<'_, T>,
    columns: Range<usize>,
    steps: Range<usize>,
    panel: &mut Packing<'_, V, C>,
) {
    let mut step = steps.start;
    while step < steps.end {
        let mut squares = [[V::broadcast(T::zero()); MOST_LANES]; C];
        for c in 0..C {
            // Past the last column, any numbers will do.
            let column = |lane: usize| (columns.start + c * V::LANES + lane).min(columns.end - 1);
            if step + V::LANES <= steps.end {
                for lane in 0..V::LANES {
                    squares[c][lane] = V::load(&matrix.from(column(lane), step)[..V::LANES]);
                }
            } else {
                for lane in 0..V::LANES {
                    squares[c][lane] = V::load(matrix.from(column(lane), step));
                }
            }
            squares[c] = transpose(squares[c]);
        }
        for lane in 0..V::LANES.min(steps.end - step) {
            let mut group = [V::broadcast(T::zero()); C];
            for c in 0..C {
                group[c] = squares[c][lane];
            }
            panel.push(group);
        }
        step += V::LANES;
    }
}

/// Transposes a square of as many registers as one has lanes.
#[inline(always)]
pub(super) fn transpose<V: Vector<T>, T: Element>(mut square: [V; MOST_LANES]) -> [V; MOST_LANES] {
    // Each interleaving of one half with the other moves one bit of an element's row number into its lane number.
    let mut stages = V::LANES;
    while stages > 1 {
        let rows = square;
        for r in 0..V::LANES / 2 {
            (square[2 * r], square[2 * r + 1]) = rows[r].interleave(rows[r + V::LANES / 2]);
        }
        stages /= 2;
    }
    square
}

/// The left operand of a product.
trait Left<T>: Copy {
    /// `R` rows from `row` on, for `steps` steps from `step` on.
    fn rows<const R: usize>(&self, row: usize, step: usize, steps: usize) -> impl Factors<T, R>;
}

/// Some rows of the left operand.
trait Factors<T, const R: usize> {
    /// Their numbers at the next step, which is the `step`th.
    fn next(&mut self, step: usize) -> [T; R];
}

/// The matrix itself.
#[derive(Clone, Copy)]
struct Rows<'a, T>(Matrix<'a, T>);

impl<T: Element> Left<T> for Rows<'_, T> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, step: usize, steps: usize) -> impl Factors<T, R> {
        let mut rows = [&[][..]; R];
        for r in 0..R {
            rows[r] = self.0.from(row + r, step);
        }
        // A pointer for each row: otherwise, each step computes one from another.
        rows = hint::black_box(rows);
        for r in 0..R {
            rows[r] = &rows[r][..steps];
        }
        rows
    }
}

impl<T: Element, const R: usize> Factors<T, R> for [&[T]; R] {
    #[inline(always)]
    fn next(&mut self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        for r in 0..R {
            factors[r] = self[r][step];
        }
        factors
    }
}

/// The transpose of the matrix.
#[derive(Clone, Copy)]
struct Columns<'a, T>(Matrix<'a, T>);

impl<T: Element> Left<T> for Columns<'_, T> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, step: usize, _: usize) -> impl Factors<T, R> {
        self.0.rows_from(step, row)
    }
}

impl<T: Element, const R: usize> Factors<T, R> for core::slice::Chunks<'_, T> {
    #[inline(always)]
    fn next(&mut self, _: usize) -> [T; R] {
        // A way out of the loop that keeps the sums would cost registers.
        let row = Iterator::next(self).unwrap_or_default();
        let mut factors = [T::zero(); R];
        factors.copy_from_slice(&row[..R]);
        factors
    }
}

/// A block of columns of the result, and the steps that are in the panel.
struct RowBlocks<'a, 'b, V, T, L, const C: usize> {
    left: L,
    /// The first step in the panel.
    step: usize,
    panel: &'a [[V; C]],
    column: usize,
    product: &'a mut Product<'b, T>,
}

impl<V: Vector<T>, T: Element, L: Left<T>, const C: usize> Work for RowBlocks<'_, '_, V, T, L, C> {
    type Output = ();

    /// All rows, by tiles as high as keeps the processor busy, and what remains by lower ones.
    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let rows = self.product.rows;
        let mut row = 0;
        if const { C * V::ROWS < V::SUMS } {
            row = self.tiles::<12>(row, rows);
        }
        if const { V::ROWS == 8 } {
            // One to three rows alone would wait for their sums: there are registers for a tile that includes them.
            let rest = rows % 8;
            let higher = rows > 8 && matches!(rest, 1..=3);
            row = self.tiles::<8>(row, if higher { rows - 8 - rest } else { rows });
            row = match rows - row {
                9 => self.tile::<9>(row),
                10 => self.tile::<10>(row),
                11 => self.tile::<11>(row),
                _ => row,
            };
        } else if const { V::ROWS == 6 } {
            row = self.tiles::<6>(row, rows);
        }
        row = self.tiles::<4>(row, rows);
        row = self.tiles::<2>(row, rows);
        self.tiles::<1>(row, rows);
    }
}

impl<V: Vector<T>, T: Element, L: Left<T>, const C: usize> RowBlocks<'_, '_, V, T, L, C> {
    /// As many tiles of `R` rows as fit between `row` and `end`; returns the row after them.
    #[inline(always)]
    fn tiles<const R: usize>(&mut self, mut row: usize, end: usize) -> usize {
        while row + R <= end {
            row = self.tile::<R>(row);
        }
        row
    }

    /// `R` rows from `row` on; returns the row after them.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn tile<const R: usize>(&mut self, row: usize) -> usize {
        let Product { columns, start, ref mut result, .. } = *self.product;
        let mut sums = [[V::broadcast(T::zero()); C]; R];
        if self.step == 0 {
            if let Some(start) = start {
                sums = [load_registers(&start[self.column..]); R];
            }
        } else {
            for r in 0..R {
                sums[r] = load_registers(&result[(row + r) * columns + self.column..]);
            }
        }
        let mut left = self.left.rows::<R>(row, self.step, self.panel.len());
        for (step, right) in self.panel.iter().enumerate() {
            let left = left.next(step);
            for r in 0..R {
                let left = V::broadcast(left[r]);
                for c in 0..C {
                    sums[r][c] = left.mul_add(right[c], sums[r][c]);
                }
            }
        }
        let mut rows = result[row * columns..].chunks_mut(columns);
        for r in 0..R {
            let Some(row) = rows.next() else { break };
            store_registers(sums[r], &mut row[self.column..]);
        }
        row + R
    }
}

/// The first `C` registers of `from`; zeros where it ends.
#[inline(always)]
pub(super) fn load_registers<V: Vector<T>, T: Element, const C: usize>(from: &[T]) -> [V; C] {
    let mut registers = [V::broadcast(T::zero()); C];
    if let Some(whole) = from.get(..C * V::LANES) {
        for c in 0..C {
            registers[c] = V::load(&whole[c * V::LANES..]);
        }
    } else {
        for c in 0..C {
            registers[c] = V::load(&from[from.len().min(c * V::LANES)..]);
        }
    }
    registers
}

/// Writes the registers to `to`, as far as it reaches.
#[inline(always)]
pub(super) fn store_registers<V: Vector<T>, T: Element, const C: usize>(registers: [V; C], to: &mut [T]) {
    if let Some(whole) = to.get_mut(..C * V::LANES) {
        for c in 0..C {
            registers[c].store(&mut whole[c * V::LANES..]);
        }
    } else {
        for c in 0..C {
            let start = to.len().min(c * V::LANES);
            registers[c].store(&mut to[start..]);
        }
    }
}
