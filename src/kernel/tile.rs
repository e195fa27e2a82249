//! Matrix products of any operands.
//!
//! A tile of the result stays in registers as sums. Step by step, a column of the left operand is multiplied by a row
//! of the right one ([`multiply_tile`]). The right operand is first packed into a [`Panel`], one block of columns at a
//! time and with as many steps as fit into the first-level cache, so that all rows of the left operand read it from
//! there (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008). The height and width of
//! tiles follow from the shapes at compile time.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{marker::PhantomData, ops::Range};

use super::{
    element::Element,
    panel::{Packing, Panel},
    simd::Vector,
};

/// The left operand of a product.
pub(super) trait LeftOperand<T> {
    /// The `R` rows from `row` on, for these steps.
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl LeftRows<T, R>;
}

/// Some rows of the left operand.
pub(super) trait LeftRows<T, const R: usize> {
    /// The values of the rows at `step`.
    fn at(&self, step: usize) -> [T; R];
}

/// The right operand of a product.
pub(super) trait RightOperand<T: Element> {
    /// Whether packing leaves enough registers for the sums of a tile.
    const LEAVES_REGISTERS: bool;

    /// Appends these steps of the columns from `column` on to the panel, padded with zeros, and passes each on.
    fn pack<V: Vector<T>, const C: usize>(
        &self,
        column: usize,
        steps: Range<usize>,
        panel: &mut Packing<'_, V, C>,
        next: &mut impl WhilePacking<V, C>,
    );
}

/// The use of the right operand while it is packed. (A closure would not be compiled for the instruction set.)
pub(super) trait WhilePacking<V, const C: usize> {
    /// Called with each step of a part, counted from 0.
    fn step(&mut self, step: usize, right: [V; C]);
}

/// No use.
pub(super) struct OnlyPack;

impl<V, const C: usize> WhilePacking<V, C> for OnlyPack {
    #[inline(always)]
    fn step(&mut self, _: usize, _: [V; C]) {}
}

/// A tile that is computed while its right operand is packed.
struct Tile<L, V, T, const R: usize, const C: usize> {
    left: L,
    sums: [[V; C]; R],
    element: PhantomData<T>,
}

impl<L, V, T, const R: usize, const C: usize> WhilePacking<V, C> for Tile<L, V, T, R, C>
where
    L: LeftRows<T, R>,
    V: Vector<T>,
    T: Element,
{
    #[inline(always)]
    fn step(&mut self, step: usize, right: [V; C]) {
        self.sums = add_products(self.left.at(step), right, self.sums);
    }
}

/// The result of a product.
pub(super) trait Destination<T: Element> {
    /// The row to write to.
    fn row(&mut self, row: usize) -> &mut [T];

    /// The initial values of the sums of the columns from `column` on.
    #[inline(always)]
    fn start<V: Vector<T>, const C: usize>(&self, _column: usize) -> [V; C] {
        [V::broadcast(T::zero()); C]
    }

    /// The initial values of the sums of `R` rows from `row` on.
    #[inline(always)]
    fn starts<V: Vector<T>, const C: usize, const R: usize>(&self, _row: usize, column: usize) -> [[V; C]; R] {
        [self.start(column); R]
    }

    /// The function that is applied to the final sums.
    #[inline(always)]
    fn end<V: Vector<T>>(&self, sum: V) -> V {
        sum
    }
}

/// The height of tiles that are one register wide. With `V::ROWS` rows, each step would wait for the latency of its
/// sums.
const TALL: usize = 12;

/// Stands for a number of rows that is not known at compile time.
pub(super) const UNKNOWN: usize = 0;

/// `result = left·right`, with `rows` rows and `COLUMNS` columns, where each number is the sum of `steps` products.
/// `ROWS` is the number of rows or [`UNKNOWN`].
#[inline(always)]
pub(super) fn product<V: Vector<T>, T: Element, const COLUMNS: usize, const ROWS: usize>(
    rows: usize,
    steps: usize,
    left: &impl LeftOperand<T>,
    right: &impl RightOperand<T>,
    result: &mut impl Destination<T>,
) {
    // A branch whose `const` condition is false is not compiled.
    if const { V::Half::LANES < V::LANES && COLUMNS <= V::Half::LANES } {
        // More than half of each full-length register would be empty.
        column_blocks::<V::Half, T, 1, ROWS>(rows, steps, 0..COLUMNS, left, right, result);
        return;
    }
    let wide = COLUMNS - COLUMNS % (2 * V::LANES);
    if const { COLUMNS.is_multiple_of(2 * V::LANES) || COLUMNS % (2 * V::LANES) > V::LANES } {
        column_blocks::<V, T, 2, ROWS>(rows, steps, 0..COLUMNS, left, right, result);
    } else if const { COLUMNS > V::LANES } {
        column_blocks::<V, T, 2, ROWS>(rows, steps, 0..wide, left, right, result);
        column_blocks::<V, T, 1, ROWS>(rows, steps, wide..COLUMNS, left, right, result);
    } else {
        column_blocks::<V, T, 1, ROWS>(rows, steps, 0..COLUMNS, left, right, result);
    }
}

/// Computes these columns, in blocks of `C` registers. The last block overlaps the previous one, and writes the same
/// numbers again.
#[inline(always)]
fn column_blocks<V: Vector<T>, T: Element, const C: usize, const ROWS: usize>(
    rows: usize,
    steps: usize,
    columns: Range<usize>,
    left: &impl LeftOperand<T>,
    right: &impl RightOperand<T>,
    result: &mut impl Destination<T>,
) {
    let mut panel = Panel::new();
    let depths = steps.div_ceil(Panel::capacity::<V, C>()).max(1);
    let depth = steps.div_ceil(depths);
    let width = C * V::LANES;
    for block in 0..columns.len().div_ceil(width) {
        let column = (columns.start + block * width).min(columns.end.saturating_sub(width));
        for part in 0..depths {
            let steps = part * depth..steps.min((part + 1) * depth);
            let last = part + 1 == depths;
            ColumnBlock { column, steps, last, left, result }.all::<V, T, _, C, ROWS>(rows, right, panel.clear());
        }
    }
}

/// A block of columns of the result, and the steps of both operands that are added to it.
struct ColumnBlock<'a, L, D> {
    column: usize,
    steps: Range<usize>,
    /// Whether these are the last steps.
    last: bool,
    left: &'a L,
    result: &'a mut D,
}

/// The height of the last tile, for the rows that do not fill a tile of `V::ROWS`. One to three rows alone would wait
/// for the latency of their sums, so the last tile includes them if there are enough registers.
const fn last_height<V: Vector<T>, T: Element, const C: usize>(rows: usize) -> usize {
    let rows = if C * V::ROWS < V::SUMS { rows % TALL } else { rows };
    let rest = rows % V::ROWS;
    if V::ROWS == 8 && rows > 8 && rest >= 1 && rest <= 3 { 8 + rest } else { rest }
}

impl<L, D> ColumnBlock<'_, L, D> {
    /// Packs the right operand, and computes all rows: in tiles high enough to keep the processor busy, and the rest in
    /// lower ones. The first tile is computed while its operand is packed, which hides the time for reading it.
    ///
    /// If the number of rows is known, one tile of another height is compiled; otherwise, tiles of 4, 2 and 1 row are.
    #[inline(always)]
    fn all<V, T: Element, O, const C: usize, const ROWS: usize>(
        &mut self,
        rows: usize,
        right: &O,
        mut packing: Packing<'_, V, C>,
    ) where
        V: Vector<T>,
        O: RightOperand<T>,
        L: LeftOperand<T>,
        D: Destination<T>,
    {
        debug_assert!(ROWS == UNKNOWN || ROWS == rows);
        let last = const { if ROWS == UNKNOWN { 0 } else { last_height::<V, T, C>(ROWS) } };
        let mut row = 0;
        if const { O::LEAVES_REGISTERS && C * V::ROWS >= V::SUMS } && rows >= last + V::ROWS {
            match const { V::ROWS } {
                8 => self.packed_tile::<V, T, C, 8>(right, &mut packing),
                6 => self.packed_tile::<V, T, C, 6>(right, &mut packing),
                _ => self.packed_tile::<V, T, C, 4>(right, &mut packing),
            }
            row = V::ROWS;
        } else {
            right.pack(self.column, self.steps.clone(), &mut packing, &mut OnlyPack);
        }
        let right = packing.finish();
        if const { C * V::ROWS < V::SUMS } {
            row = self.tiles::<V, T, C, TALL>(right, row, rows);
        }
        row = match const { V::ROWS } {
            8 => self.tiles::<V, T, C, 8>(right, row, rows - last),
            6 => self.tiles::<V, T, C, 6>(right, row, rows - last),
            _ => self.tiles::<V, T, C, 4>(right, row, rows - last),
        };
        if const { ROWS == UNKNOWN } {
            if const { V::ROWS > 4 } {
                row = self.tiles::<V, T, C, 4>(right, row, rows);
            }
            row = self.tiles::<V, T, C, 2>(right, row, rows);
            self.tiles::<V, T, C, 1>(right, row, rows);
            return;
        }
        match const { last_height::<V, T, C>(ROWS) } {
            1 => self.tile::<V, T, C, 1>(right, row),
            2 => self.tile::<V, T, C, 2>(right, row),
            3 => self.tile::<V, T, C, 3>(right, row),
            4 => self.tile::<V, T, C, 4>(right, row),
            5 => self.tile::<V, T, C, 5>(right, row),
            6 => self.tile::<V, T, C, 6>(right, row),
            7 => self.tile::<V, T, C, 7>(right, row),
            9 => self.tile::<V, T, C, 9>(right, row),
            10 => self.tile::<V, T, C, 10>(right, row),
            11 => self.tile::<V, T, C, 11>(right, row),
            rest => assert!(rest == 0, "no tile has this height"),
        }
    }

    /// Computes as many tiles of `R` rows as fit from `row` on. Returns the row after them.
    #[inline(always)]
    fn tiles<V, T: Element, const C: usize, const R: usize>(
        &mut self,
        right: &[[V; C]],
        mut row: usize,
        rows: usize,
    ) -> usize
    where
        V: Vector<T>,
        L: LeftOperand<T>,
        D: Destination<T>,
    {
        while row + R <= rows {
            self.tile::<V, T, C, R>(right, row);
            row += R;
        }
        row
    }

    /// Computes the `R` rows from `row` on.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn tile<V, T: Element, const C: usize, const R: usize>(&mut self, right: &[[V; C]], row: usize)
    where
        V: Vector<T>,
        L: LeftOperand<T>,
        D: Destination<T>,
    {
        let mut sums = self.sums::<V, T, C, R>(row);
        let left = self.left.rows::<R>(row, self.steps.clone());
        for step in 0..right.len() {
            sums = add_products(left.at(step), right[step], sums);
        }
        self.finish(row, sums);
    }

    /// Computes the first `R` rows while the right operand is packed.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn packed_tile<V, T: Element, const C: usize, const R: usize>(
        &mut self,
        right: &impl RightOperand<T>,
        packing: &mut Packing<'_, V, C>,
    ) where
        V: Vector<T>,
        L: LeftOperand<T>,
        D: Destination<T>,
    {
        let left = self.left.rows::<R>(0, self.steps.clone());
        let mut tile = Tile { left, sums: self.sums::<V, T, C, R>(0), element: PhantomData };
        right.pack(self.column, self.steps.clone(), packing, &mut tile);
        self.finish(0, tile.sums);
    }

    /// The sums of the `R` rows from `row` on before these steps.
    #[inline(always)]
    fn sums<V, T: Element, const C: usize, const R: usize>(&mut self, row: usize) -> [[V; C]; R]
    where
        V: Vector<T>,
        D: Destination<T>,
    {
        if self.steps.start == 0 {
            return self.result.starts(row, self.column);
        }
        let mut sums = [[V::broadcast(T::zero()); C]; R];
        for r in 0..R {
            sums[r] = load_registers(&self.result.row(row + r)[self.column..]);
        }
        sums
    }

    /// Writes the sums of the `R` rows from `row` on.
    #[inline(always)]
    fn finish<V, T: Element, const C: usize, const R: usize>(&mut self, row: usize, sums: [[V; C]; R])
    where
        V: Vector<T>,
        D: Destination<T>,
    {
        for r in 0..R {
            let mut line = sums[r];
            if self.last {
                for c in 0..C {
                    line[c] = self.result.end(line[c]);
                }
            }
            store_registers(line, &mut self.result.row(row + r)[self.column..]);
        }
    }
}

/// `sums[r][c] += left[r]·right[c]`, in registers.
#[inline(always)]
fn add_products<V: Vector<T>, T: Element, const R: usize, const C: usize>(
    left: [T; R],
    right: [V; C],
    mut sums: [[V; C]; R],
) -> [[V; C]; R] {
    for r in 0..R {
        let left = V::broadcast(left[r]);
        for c in 0..C {
            sums[r][c] = left.mul_add(right[c], sums[r][c]);
        }
    }
    sums
}

/// The first `C` registers of `from`, padded with zeros.
#[inline(always)]
pub(super) fn load_registers<V: Vector<T>, T: Element, const C: usize>(from: &[T]) -> [V; C] {
    let mut registers = [V::broadcast(T::zero()); C];
    for c in 0..C {
        registers[c] = V::load(&from[from.len().min(c * V::LANES)..]);
    }
    registers
}

/// Writes the registers to `to`, up to its length.
#[inline(always)]
pub(super) fn store_registers<V: Vector<T>, T: Element, const C: usize>(registers: [V; C], to: &mut [T]) {
    for c in 0..C {
        let start = to.len().min(c * V::LANES);
        registers[c].store(&mut to[start..]);
    }
}
