//! Matrices as the operands and the results of a product.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use crate::kernel::{
    element::Element,
    formula::ElementwiseKernel,
    panel::Packing,
    simd::{MOST_LANES, Vector},
    tile::{Destination, LeftOperand, LeftRows, RightOperand, WhilePacking, load_registers},
};

/// The rows of a matrix as the left operand.
pub(in crate::kernel) struct Rows<'a, T, const N: usize>(pub &'a [[T; N]]);

impl<T: Element, const N: usize> LeftOperand<T> for Rows<'_, T, N> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl LeftRows<T, R> {
        let rows = &self.0[row..row + R];
        let mut across = [&rows[0][steps.clone()]; R];
        for r in 0..R {
            across[r] = &rows[r][steps.clone()];
        }
        RowSlices(across)
    }
}

/// Slices of `R` rows.
struct RowSlices<'a, T, const R: usize>([&'a [T]; R]);

impl<T: Element, const R: usize> LeftRows<T, R> for RowSlices<'_, T, R> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        for r in 0..R {
            factors[r] = self.0[r][step];
        }
        factors
    }
}

/// The columns of a matrix, starting at one of them, as the rows of the left operand.
pub(super) struct Columns<'a, T, const N: usize>(pub &'a [[T; N]], pub usize);

impl<T: Element, const N: usize> LeftOperand<T> for Columns<'_, T, N> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl LeftRows<T, R> {
        ColumnSlice { rows: &self.0[steps], column: self.1 + row }
    }
}

/// The numbers of each row from `column` on.
struct ColumnSlice<'a, T, const N: usize> {
    rows: &'a [[T; N]],
    column: usize,
}

impl<T: Element, const N: usize, const R: usize> LeftRows<T, R> for ColumnSlice<'_, T, N> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        factors.copy_from_slice(&self.rows[step][self.column..self.column + R]);
        factors
    }
}

/// A matrix as the right operand.
pub(in crate::kernel) struct AsIs<'a, T, const N: usize>(pub &'a [[T; N]]);

impl<T: Element, const N: usize> RightOperand<T> for AsIs<'_, T, N> {
    const LEAVES_REGISTERS: bool = true;

    #[inline(always)]
    fn pack<V: Vector<T>, const C: usize>(
        &self,
        column: usize,
        steps: Range<usize>,
        panel: &mut Packing<'_, V, C>,
        next: &mut impl WhilePacking<V, C>,
    ) {
        for (step, row) in self.0[steps].iter().enumerate() {
            let group = load_registers(&row[column..]);
            panel.push(group);
            next.step(step, group);
        }
    }
}

/// The transpose of a matrix as the right operand.
pub(in crate::kernel) struct Transposed<'a, T, const N: usize>(pub &'a [[T; N]]);

impl<T: Element, const N: usize> RightOperand<T> for Transposed<'_, T, N> {
    const LEAVES_REGISTERS: bool = false;

    #[inline(always)]
    fn pack<V: Vector<T>, const C: usize>(
        &self,
        column: usize,
        steps: Range<usize>,
        panel: &mut Packing<'_, V, C>,
        next: &mut impl WhilePacking<V, C>,
    ) {
        let mut step = steps.start;
        while step < steps.end {
            let mut squares = [[V::broadcast(T::zero()); MOST_LANES]; C];
            for c in 0..C {
                for lane in 0..V::LANES {
                    if let Some(row) = self.0.get(column + c * V::LANES + lane) {
                        squares[c][lane] = V::load(&row[step..]);
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
                next.step(step - steps.start + lane, group);
            }
            step += V::LANES;
        }
    }
}

/// Transposes a square matrix of registers.
#[inline(always)]
pub(in crate::kernel) fn transpose<V: Vector<T>, T: Element>(mut square: [V; MOST_LANES]) -> [V; MOST_LANES] {
    // Interleaving both halves rotates the bits of (row, lane) by one; after log2(LANES) rotations, row and lane are
    // exchanged.
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

/// The outputs of a layer: bias, product and activation.
pub(super) struct Activated<'a, T, O, const OUT: usize> {
    pub bias: &'a [T; OUT],
    pub then: &'a O,
    pub y: &'a mut [[T; OUT]],
}

impl<T: Element, O: ElementwiseKernel<0, 1>, const OUT: usize> Destination<T> for Activated<'_, T, O, OUT> {
    #[inline(always)]
    fn start<V: Vector<T>, const C: usize>(&self, column: usize) -> [V; C] {
        load_registers(&self.bias[column..])
    }

    #[inline(always)]
    fn end<V: Vector<T>>(&self, sum: V) -> V {
        let [end] = self.then.apply([], [sum]);
        end
    }

    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.y[row]
    }
}

/// A product without bias or activation.
pub(super) struct Plain<'a, T, const N: usize>(pub &'a mut [[T; N]]);

impl<T: Element, const N: usize> Destination<T> for Plain<'_, T, N> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.0[row]
    }
}

/// [`Plain`] for a matrix of one column, as one row.
pub(super) struct Column<'a, T, const I: usize, const J: usize>(pub &'a mut [[[T; J]; I]]);

impl<T: Element, const I: usize, const J: usize> Destination<T> for Column<'_, T, I, J> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        self.0[row].as_flattened_mut()
    }
}
