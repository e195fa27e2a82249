//! Matrices whose shape is a run-time value.
//!
//! The public functions take their shapes from types, so that they fit or do not compile. The code behind them is
//! compiled once, in this crate, for all shapes: a program does not compile a matrix product for each of its layers.

use core::slice;

/// Rows of numbers, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    stride: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    #[inline(always)]
    pub(super) fn new<const N: usize>(rows: &'a [[T; N]]) -> Self {
        Self { values: rows.as_flattened(), stride: N }
    }

    /// Without its first rows and columns.
    #[inline(always)]
    pub(super) fn skip(self, rows: usize, columns: usize) -> Self {
        let count = rows * self.stride + columns;
        Self { values: &self.values[count.min(self.values.len())..], ..self }
    }

    /// From each row from `row` on, the values from `column` on and those of the next row before it.
    #[inline(always)]
    pub(super) fn rows_from(self, row: usize, column: usize) -> slice::Chunks<'a, T> {
        self.skip(row, column).values.chunks(self.stride)
    }

    /// The values from this place on, across the ends of rows.
    #[inline(always)]
    pub(super) fn from(self, row: usize, column: usize) -> &'a [T] {
        &self.values[row * self.stride + column..]
    }
}

/// A matrix as an operand of a product.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, T> {
    /// The matrix itself.
    Plain(Matrix<'a, T>),
    /// Its transpose.
    Transposed(Matrix<'a, T>),
}

/// `result[r][c] = start[c] + Σ left[r][step]·right[step][c]`.
#[derive(Debug)]
pub struct Product<'a, T> {
    pub(super) rows: usize,
    pub(super) steps: usize,
    pub(super) columns: usize,
    pub(super) left: Operand<'a, T>,
    pub(super) right: Operand<'a, T>,
    /// A row; if there is none, zeros.
    pub(super) start: Option<&'a [T]>,
    /// Row by row.
    pub(super) result: &'a mut [T],
}
