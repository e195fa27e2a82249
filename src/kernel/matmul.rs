//! Products of matrices of fixed shape: forward (`nn`) and backward (`tn`, `nt`). This file defines the operands;
//! `tile` multiplies them.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{
    element::Element,
    elementwise::{elementwise, elementwise_row},
    formula::{ElementwiseKernel, Unchanged},
    panel::Packing,
    plain,
    simd::{MOST_LANES, Simd, Vector, Work},
    tile::{Destination, LeftOperand, LeftRows, RightOperand, UNKNOWN, load_registers, product, store_registers},
};
use crate::zeroed::{fits_stack, large};

/// `y[b][o] = then(bias[o] + Σᵢ x[b][i]·w[i][o])`.
#[inline(always)]
pub fn nn<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [[T; OUT]],
) {
    let rows = x.len().min(y.len());
    simd.run(Forward { x: &x[..rows], w, bias, then, y: &mut y[..rows] });
}

/// `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
#[inline(always)]
pub fn tn<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    gradient: &mut [[T; OUT]; IN],
) {
    let rows = x.len().min(dz.len());
    let (x, dz) = (&x[..rows], &dz[..rows]);
    if const { T::Vector::<S>::LANES == 1 } {
        simd.run(Gradient { x, dz, gradient });
    } else if const { OUT == 1 } {
        // A gradient of one column is contiguous, so it is computed as one row.
        simd.run(Outer::<_, _, _, _, 1> {
            left: dz,
            from: 0,
            rows: 1,
            right: x,
            result: Column(core::slice::from_mut(gradient)),
        });
    } else {
        simd.run(Outer::<_, _, _, _, IN> { left: x, from: 0, rows: IN, right: dz, result: Plain(gradient) });
    }
}

/// `write = then(gradient, write)`, number by number, with the gradient of [`tn`]. Only some rows of the gradient are
/// in memory at a time.
#[inline(always)]
pub fn tn_then<S: Simd, T: Element, O: ElementwiseKernel<1, W>, const IN: usize, const OUT: usize, const W: usize>(
    simd: S,
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    then: &O,
    write: [&mut [[T; OUT]; IN]; W],
) {
    if const { T::Vector::<S>::LANES == 1 } {
        simd.run(GradientThen { x, dz, then: *then, write });
    } else if const { OUT == 1 && COLUMN >= size_of::<[T; IN]>() } {
        let mut gradient = [[T::zero(); OUT]; IN];
        tn(simd, x, dz, &mut gradient);
        elementwise(simd, then, [gradient.as_flattened()], write.map(|matrix| matrix.as_flattened_mut()));
    } else if const { SCRATCH >= 64 * size_of::<[T; OUT]>() } {
        rows_then::<S, T, O, IN, OUT, W, 64>(simd, x, dz, then, write, &mut [[T::zero(); OUT]; 64]);
    } else if const { SCRATCH >= 16 * size_of::<[T; OUT]>() } {
        rows_then::<S, T, O, IN, OUT, W, 16>(simd, x, dz, then, write, &mut [[T::zero(); OUT]; 16]);
    } else if const { fits_stack(4 * size_of::<[T; OUT]>()) } {
        rows_then::<S, T, O, IN, OUT, W, 4>(simd, x, dz, then, write, &mut [[T::zero(); OUT]; 4]);
    } else {
        rows_then::<S, T, O, IN, OUT, W, 4>(simd, x, dz, then, write, &mut large());
    }
}

/// The maximum number of bytes of a gradient in memory at a time. Without `std`, memory is scarce.
const SCRATCH: usize = if cfg!(feature = "std") { COLUMN } else { 256 };

/// The same for a gradient of one column.
const COLUMN: usize = 128 * 1024;

/// [`tn_then`], `R` rows at a time, in `gradient`.
#[inline(always)]
fn rows_then<
    S: Simd,
    T: Element,
    O: ElementwiseKernel<1, W>,
    const IN: usize,
    const OUT: usize,
    const W: usize,
    const R: usize,
>(
    simd: S,
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    then: &O,
    mut write: [&mut [[T; OUT]; IN]; W],
    gradient: &mut [[T; OUT]; R],
) {
    let batch = x.len().min(dz.len());
    let mut from = 0;
    while from < IN {
        let rows = R.min(IN - from);
        let result = Plain(&mut *gradient);
        simd.run(Outer::<_, _, _, _, UNKNOWN> { left: &x[..batch], from, rows, right: &dz[..batch], result });
        let parts = write.each_mut().map(|matrix| matrix[from..from + rows].as_flattened_mut());
        elementwise(simd, then, [gradient[..rows].as_flattened()], parts);
        from += rows;
    }
}

/// `dx[b][i] = Σₒ dz[b][o]·w[i][o]`.
#[inline(always)]
pub fn nt<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    let rows = dz.len().min(dx.len());
    simd.run(Backward { dz: &dz[..rows], w, dx: &mut dx[..rows] });
}

/// `sums[o] = Σ_b rows[b][o]`.
#[inline(always)]
pub fn sum_rows<S: Simd, T: Element, const N: usize>(simd: S, rows: &[[T; N]], sums: &mut [T; N]) {
    simd.run(Sums { rows, sums });
}

struct Forward<'a, T, O, const IN: usize, const OUT: usize> {
    x: &'a [[T; IN]],
    w: &'a [[T; OUT]; IN],
    bias: &'a [T; OUT],
    then: &'a O,
    y: &'a mut [[T; OUT]],
}

impl<T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize> Work for Forward<'_, T, O, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { x, w, bias, then, y } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::nn(x, w, bias, then, y);
        } else if const { OUT == 1 } {
            dot_products::<T::Vector<S>, T, O, IN>(x, w.as_flattened(), bias[0], then, y.as_flattened_mut());
        } else if x.len() < UNPACKED_ROWS {
            for row in 0..x.len() {
                combine_rows(simd, &x[row], w, bias, then, &mut y[row]);
            }
        } else {
            let mut result = Activated { bias, then, y };
            product::<T::Vector<S>, T, OUT, UNKNOWN>(x.len(), IN, &Rows(x), &AsIs(w), &mut result);
        }
    }
}

/// The smallest number of rows for which packing the weights saves time.
pub(super) const UNPACKED_ROWS: usize = 4;

/// `y[o] = then(bias[o] + Σᵢ x[i]·w[i][o])`, with several independent sums to hide the latency of a multiply-add.
/// Columns that do not fit in the registers are computed by [`combine_rows_in_memory`].
#[inline(always)]
fn combine_rows<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
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
pub(super) fn combine_columns<
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
fn dot_products<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const N: usize>(
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
        let [end] = then.apply([], [V::broadcast(start + products_of_rows::<V, T>(&x[row], w).sum())]);
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

struct Gradient<'a, T, const IN: usize, const OUT: usize> {
    x: &'a [[T; IN]],
    dz: &'a [[T; OUT]],
    gradient: &'a mut [[T; OUT]; IN],
}

impl<T: Element, const IN: usize, const OUT: usize> Work for Gradient<'_, T, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        plain::tn(self.x, self.dz, self.gradient);
    }
}

struct GradientThen<'a, T, O, const IN: usize, const OUT: usize, const W: usize> {
    x: &'a [[T; IN]],
    dz: &'a [[T; OUT]],
    then: O,
    write: [&'a mut [[T; OUT]; IN]; W],
}

impl<T: Element, O: ElementwiseKernel<1, W>, const IN: usize, const OUT: usize, const W: usize> Work
    for GradientThen<'_, T, O, IN, OUT, W>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        plain::tn_then(self.x, self.dz, &self.then, self.write);
    }
}

/// `result[i][j] = Σ left[step][from + i]·right[step][j]`, for `rows` rows `i`. `ROWS` is their number or [`UNKNOWN`].
struct Outer<'a, T, G, const I: usize, const J: usize, const ROWS: usize> {
    left: &'a [[T; I]],
    from: usize,
    rows: usize,
    right: &'a [[T; J]],
    result: G,
}

impl<T: Element, G: Destination<T>, const I: usize, const J: usize, const ROWS: usize> Work
    for Outer<'_, T, G, I, J, ROWS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let (left, right) = (Columns(self.left, self.from), AsIs(self.right));
        product::<T::Vector<S>, T, J, ROWS>(self.rows, self.left.len(), &left, &right, &mut self.result);
    }
}

struct Backward<'a, T, const IN: usize, const OUT: usize> {
    dz: &'a [[T; OUT]],
    w: &'a [[T; OUT]; IN],
    dx: &'a mut [[T; IN]],
}

impl<T: Element, const IN: usize, const OUT: usize> Work for Backward<'_, T, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { dz, w, dx } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::nt(dz, w, dx);
        } else if dz.len() < UNPACKED_ROWS {
            for row in 0..dz.len() {
                dot_products::<T::Vector<S>, T, Unchanged, OUT>(w, &dz[row], T::zero(), &Unchanged, &mut dx[row]);
            }
        } else {
            product::<T::Vector<S>, T, IN, UNKNOWN>(dz.len(), OUT, &Rows(dz), &Transposed(w), &mut Plain(dx));
        }
    }
}

/// The rows of a matrix as the left operand.
pub(super) struct Rows<'a, T, const N: usize>(pub &'a [[T; N]]);

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
struct Columns<'a, T, const N: usize>(&'a [[T; N]], usize);

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
pub(super) struct AsIs<'a, T, const N: usize>(pub &'a [[T; N]]);

impl<T: Element, const N: usize> RightOperand<T> for AsIs<'_, T, N> {
    #[inline(always)]
    fn pack<V: Vector<T>, const C: usize>(&self, column: usize, steps: Range<usize>, panel: &mut Packing<'_, V, C>) {
        for row in &self.0[steps] {
            panel.push(load_registers(&row[column..]));
        }
    }
}

/// The transpose of a matrix as the right operand.
pub(super) struct Transposed<'a, T, const N: usize>(pub &'a [[T; N]]);

impl<T: Element, const N: usize> RightOperand<T> for Transposed<'_, T, N> {
    #[inline(always)]
    fn pack<V: Vector<T>, const C: usize>(&self, column: usize, steps: Range<usize>, panel: &mut Packing<'_, V, C>) {
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
            }
            step += V::LANES;
        }
    }
}

/// Transposes a square matrix of registers.
#[inline(always)]
fn transpose<V: Vector<T>, T: Element>(mut square: [V; MOST_LANES]) -> [V; MOST_LANES] {
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
struct Activated<'a, T, O, const OUT: usize> {
    bias: &'a [T; OUT],
    then: &'a O,
    y: &'a mut [[T; OUT]],
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
struct Plain<'a, T, const N: usize>(&'a mut [[T; N]]);

impl<T: Element, const N: usize> Destination<T> for Plain<'_, T, N> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.0[row]
    }
}

/// [`Plain`] for a matrix of one column, as one row.
struct Column<'a, T, const I: usize, const J: usize>(&'a mut [[[T; J]; I]]);

impl<T: Element, const I: usize, const J: usize> Destination<T> for Column<'_, T, I, J> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        self.0[row].as_flattened_mut()
    }
}

struct Sums<'a, T, const N: usize> {
    rows: &'a [[T; N]],
    sums: &'a mut [T; N],
}

impl<T: Element, const N: usize> Work for Sums<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let lanes = T::Vector::<S>::LANES;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::sum_rows(self.rows, self.sums);
            return;
        }
        let mut column = 0;
        while column < N {
            let end = N.min(column + lanes);
            let mut sum = T::Vector::<S>::broadcast(T::zero());
            for row in self.rows {
                sum = sum + T::Vector::<S>::load(&row[column..end]);
            }
            sum.store(&mut self.sums[column..end]);
            column = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Rng,
        kernel::{Level, Work, dispatch, set_level},
    };

    struct Products<'a, const B: usize, const I: usize, const O: usize> {
        x: &'a [[f64; I]; B],
        w: &'a [[f64; O]; I],
        dz: &'a [[f64; O]; B],
    }

    impl<const B: usize, const I: usize, const O: usize> Work for Products<'_, B, I, O> {
        type Output = ([[f64; O]; B], [[f64; O]; I], [[f64; I]; B], [f64; O]);

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let (mut y, mut gradient, mut dx, mut sums) = ([[0.0; O]; B], [[9.0; O]; I], [[9.0; I]; B], [9.0; O]);
            nn(simd, self.x, self.w, &[0.5; O], &Unchanged, &mut y);
            tn(simd, self.x, self.dz, &mut gradient);
            nt(simd, self.dz, self.w, &mut dx);
            sum_rows(simd, self.dz, &mut sums);
            (y, gradient, dx, sums)
        }
    }

    fn agrees<const B: usize, const I: usize, const O: usize>() {
        let mut rng = Rng::new(3);
        let x: [[f64; I]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let w: [[f64; O]; I] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let dz: [[f64; O]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        for &level in Level::ALL {
            if set_level(level).is_err() {
                continue;
            }
            let (y, gradient, dx, sums) = dispatch(Products { x: &x, w: &w, dz: &dz });
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{level:?} {B}x{I}x{O}: {a} {b}");
            for b in 0..B {
                (0..O).for_each(|o| close(y[b][o], 0.5 + (0..I).map(|i| x[b][i] * w[i][o]).sum::<f64>()));
                (0..I).for_each(|i| close(dx[b][i], (0..O).map(|o| dz[b][o] * w[i][o]).sum()));
            }
            for o in 0..O {
                (0..I).for_each(|i| close(gradient[i][o], (0..B).map(|b| x[b][i] * dz[b][o]).sum()));
                close(sums[o], (0..B).map(|b| dz[b][o]).sum());
            }
        }
    }

    #[test]
    fn agree_with_plain_loops() {
        agrees::<1, 1, 1>();
        agrees::<3, 7, 17>();
        agrees::<4, 10, 1>();
        agrees::<17, 3, 33>();
        agrees::<0, 3, 2>();
        // These take Miri minutes.
        if cfg!(not(miri)) {
            agrees::<5, 33, 8>();
            agrees::<10, 11, 33>();
            agrees::<19, 9, 16>();
        }
    }
}
