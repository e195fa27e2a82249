//! How a product of matrices is computed, whatever its matrices are.
//!
//! A block of the result stays in registers, its sums, while step by step a column of the left matrix meets a row
//! of the right one ([`tile`]). The right matrix is copied into a [`Panel`] first, a strip of columns at a time and as
//! deep as the first-level cache holds, where all rows of the left one find it (Goto and van de Geijn, "Anatomy of
//! high-performance matrix multiplication", 2008). How high and wide a block is follows from the shape when compiling.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{
    Element, Vector,
    panel::{Packing, Panel},
};

/// The left matrix of a product.
pub(super) trait Left<T> {
    /// `R` rows from `row` on, of these steps.
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl Factors<T, R>;
}

/// Some rows of the left matrix.
pub(super) trait Factors<T, const R: usize> {
    /// What they hold at `step`.
    fn at(&self, step: usize) -> [T; R];
}

/// The right matrix of a product.
pub(super) trait Right<T: Element> {
    /// Adds these steps of the columns from `column` on to the panel, padded with zeros.
    fn pack<V: Vector<T>, const C: usize>(&self, column: usize, steps: Range<usize>, panel: &mut Packing<'_, V, C>);
}

/// The result of a product.
pub(super) trait Target<T: Element> {
    /// The row to write to.
    fn row(&mut self, row: usize) -> &mut [T];

    /// What the sums of the columns from `column` on start from.
    #[inline(always)]
    fn start<V: Vector<T>, const C: usize>(&self, _column: usize) -> [V; C] {
        [V::broadcast(T::zero()); C]
    }

    /// What becomes of a sum in the end.
    #[inline(always)]
    fn end<V: Vector<T>>(&self, sum: V) -> V {
        sum
    }
}

/// `result = left·right`, of `rows` rows and `COLUMNS` columns, each number the sum of `steps` products.
#[inline(always)]
pub(super) fn product<V: Vector<T>, T: Element, const COLUMNS: usize>(
    rows: usize,
    steps: usize,
    left: &impl Left<T>,
    right: &impl Right<T>,
    result: &mut impl Target<T>,
) {
    // What is in a `const` block and does not hold is not even compiled.
    if const { V::Half::LANES < V::LANES && COLUMNS <= V::Half::LANES } {
        // More than half of each register would be empty.
        strips::<V::Half, T, 1>(rows, steps, 0..COLUMNS, left, right, result);
        return;
    }
    let wide = COLUMNS - COLUMNS % (2 * V::LANES);
    if const { matches!(COLUMNS % (2 * V::LANES), rest if rest == 0 || rest > V::LANES) } {
        strips::<V, T, 2>(rows, steps, 0..COLUMNS, left, right, result);
    } else if const { COLUMNS > V::LANES } {
        strips::<V, T, 2>(rows, steps, 0..wide, left, right, result);
        strips::<V, T, 1>(rows, steps, wide..COLUMNS, left, right, result);
    } else {
        strips::<V, T, 1>(rows, steps, 0..COLUMNS, left, right, result);
    }
}

/// These columns, strip by strip of `C` registers. The last strip overlaps the one before it, and writes the same
/// numbers there again.
#[inline(always)]
fn strips<V: Vector<T>, T: Element, const C: usize>(
    rows: usize,
    steps: usize,
    columns: Range<usize>,
    left: &impl Left<T>,
    right: &impl Right<T>,
    result: &mut impl Target<T>,
) {
    let mut panel = Panel::new();
    let depths = steps.div_ceil(Panel::capacity::<V, C>()).max(1);
    let depth = steps.div_ceil(depths);
    let width = C * V::LANES;
    for strip in 0..columns.len().div_ceil(width) {
        let column = (columns.start + strip * width).min(columns.end.saturating_sub(width));
        for part in 0..depths {
            let steps = part * depth..steps.min((part + 1) * depth);
            let mut packing = panel.clear::<V, C>();
            right.pack(column, steps.clone(), &mut packing);
            let last = part + 1 == depths;
            Area { column, steps, last, right: packing.finish(), left, result }.all(rows);
        }
    }
}

/// A strip of the result, and what of both matrices goes into it now.
struct Area<'a, V, L, G, const C: usize> {
    column: usize,
    steps: Range<usize>,
    /// Whether no steps come after these.
    last: bool,
    left: &'a L,
    right: &'a [[V; C]],
    result: &'a mut G,
}

impl<V, L, G, const C: usize> Area<'_, V, L, G, C> {
    /// All rows, by blocks as high as keeps the processor busy, and what is left by one of another height.
    #[inline(always)]
    fn all<T: Element>(&mut self, rows: usize)
    where
        V: Vector<T>,
        L: Left<T>,
        G: Target<T>,
    {
        let mut row = 0;
        if const { C * V::ROWS < V::SUMS } {
            row = self.blocks::<T, 12>(row, rows);
        }
        // One to three rows alone would wait for their sums: where there are registers for it, the last block takes them in.
        let takes_in = const { V::ROWS == 8 } && rows - row > 8 && matches!((rows - row) % 8, 1..=3);
        row = match const { V::ROWS } {
            8 => self.blocks::<T, 8>(row, if takes_in { rows - 8 } else { rows }),
            6 => self.blocks::<T, 6>(row, rows),
            _ => self.blocks::<T, 4>(row, rows),
        };
        match rows - row {
            1 => self.block::<T, 1>(row),
            2 => self.block::<T, 2>(row),
            3 => self.block::<T, 3>(row),
            left if const { V::ROWS > 4 } => match left {
                4 => self.block::<T, 4>(row),
                5 => self.block::<T, 5>(row),
                left if const { V::ROWS > 6 } => match left {
                    6 => self.block::<T, 6>(row),
                    7 => self.block::<T, 7>(row),
                    9 => self.block::<T, 9>(row),
                    10 => self.block::<T, 10>(row),
                    11 => self.block::<T, 11>(row),
                    _ => {}
                },
                _ => {}
            },
            _ => {}
        }
    }

    /// As many blocks of `R` rows as there are from `row` on; gives the row after them.
    #[inline(always)]
    fn blocks<T: Element, const R: usize>(&mut self, mut row: usize, rows: usize) -> usize
    where
        V: Vector<T>,
        L: Left<T>,
        G: Target<T>,
    {
        while row + R <= rows {
            self.block::<T, R>(row);
            row += R;
        }
        row
    }

    /// `R` rows from `row` on.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn block<T: Element, const R: usize>(&mut self, row: usize)
    where
        V: Vector<T>,
        L: Left<T>,
        G: Target<T>,
    {
        let mut sums = [[V::broadcast(T::zero()); C]; R];
        if self.steps.start == 0 {
            sums = [self.result.start(self.column); R];
        } else {
            for r in 0..R {
                sums[r] = registers(&self.result.row(row + r)[self.column..]);
            }
        }
        sums = tile(&self.left.rows::<R>(row, self.steps.clone()), self.right, sums);
        for r in 0..R {
            let mut line = sums[r];
            if self.last {
                for c in 0..C {
                    line[c] = self.result.end(line[c]);
                }
            }
            put(line, &mut self.result.row(row + r)[self.column..]);
        }
    }
}

/// `sums[r][c] += Σ left(step)[r]·right(step)[c]`, in registers.
#[inline(always)]
fn tile<V: Vector<T>, T: Element, const R: usize, const C: usize>(
    left: &impl Factors<T, R>,
    right: &[[V; C]],
    mut sums: [[V; C]; R],
) -> [[V; C]; R] {
    for step in 0..right.len() {
        let (left, right) = (left.at(step), right[step]);
        for r in 0..R {
            let left = V::broadcast(left[r]);
            for c in 0..C {
                sums[r][c] = left.mul_add(right[c], sums[r][c]);
            }
        }
    }
    sums
}

/// The first `C` registers of `from`; zeros where it ends.
#[inline(always)]
pub(super) fn registers<V: Vector<T>, T: Element, const C: usize>(from: &[T]) -> [V; C] {
    let mut registers = [V::broadcast(T::zero()); C];
    for c in 0..C {
        registers[c] = V::load(&from[from.len().min(c * V::LANES)..]);
    }
    registers
}

/// Writes the registers to `to`, as far as it reaches.
#[inline(always)]
pub(super) fn put<V: Vector<T>, T: Element, const C: usize>(registers: [V; C], to: &mut [T]) {
    for c in 0..C {
        let start = to.len().min(c * V::LANES);
        registers[c].store(&mut to[start..]);
    }
}
