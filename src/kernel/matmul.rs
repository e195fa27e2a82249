//! Products of matrices of fixed shape, for forward (`nn`) and backward (`tn`, `nt`).
//!
//! All three are one [`tile`]: a block of the result stays in registers while, step by step, a column of
//! factors meets a row of the other matrix. How high and wide the block is follows from the shape
//! when compiling. What does not divide is not done apart: the last block overlaps the one before it,
//! and writes the same numbers there again.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use super::{Element, Simd, Sweep, Vector, Work, simd::MOST_LANES, sweep_row};
use crate::{Tensor, Zeroed};

/// `y[b][o] = then(bias[o] + Σᵢ x[b][i]·w[i][o])`.
#[inline(always)]
pub fn nn<S: Simd, T: Element, O: Sweep<0, 1>, const IN: usize, const OUT: usize>(
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
    if OUT == 1 {
        // The gradient is one column, and as such one row of memory.
        let gradient = core::slice::from_mut(gradient);
        simd.run(Outer { left: dz, right: x, result: Column(gradient) });
    } else {
        simd.run(Outer { left: x, right: dz, result: gradient });
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

/// From how many rows on a transposed copy of the weights pays for itself.
const WORTH_PACKING: usize = 4;

/// `Σ a[n]·b[n]`.
#[inline(always)]
fn dot<V: Vector<T>, T: Element>(a: &[T], b: &[T]) -> T {
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
        let (a, b) = (&a[start..length], &b[start..length]);
        sum = V::load(a).mul_add(V::load(b), sum);
    }
    sum.sum()
}

/// A product of which any block can be computed by itself.
trait Blocks<T: Element> {
    /// Computes rows `row` to `row + R`, and columns from `column` on that fill `C` registers. Unless
    /// `FULL`, there are not that many, and the rest is masked.
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize);
}

/// All blocks of a product, strip by strip: a strip of the right matrix stays in the cache.
#[inline(always)]
fn blocks<V: Vector<T>, T: Element, P: Blocks<T>>(rows: usize, columns: usize, product: &mut P) {
    if V::Half::LANES < V::LANES && columns <= V::Half::LANES {
        // More than half of each register would be empty.
        strip::<V::Half, T, P, 1>(rows, columns, 0, product);
        return;
    }
    // Of a single row, few sums would wait for each other: the block is as wide as it can be.
    let widest = if rows == 1 { 8 } else { 2 };
    let mut column = 0;
    while column < columns {
        match (columns - column).div_ceil(V::LANES).min(widest) {
            8 => column = strip::<V, T, P, 8>(rows, columns, column, product),
            4..8 => column = strip::<V, T, P, 4>(rows, columns, column, product),
            2 | 3 => column = strip::<V, T, P, 2>(rows, columns, column, product),
            _ => column = strip::<V, T, P, 1>(rows, columns, column, product),
        }
    }
}

/// The strip of `C` registers from `column` on, or the last there is; gives where the next one begins.
#[inline(always)]
fn strip<V: Vector<T>, T: Element, P: Blocks<T>, const C: usize>(
    rows: usize,
    columns: usize,
    column: usize,
    product: &mut P,
) -> usize {
    let width = C * V::LANES;
    let start = column.min(columns.saturating_sub(width));
    match height(rows, V::ROWS) {
        0 => {}
        1 => rows_of::<V, T, P, 1, C>(rows, columns, start, product),
        2 => rows_of::<V, T, P, 2, C>(rows, columns, start, product),
        4 => rows_of::<V, T, P, 4, C>(rows, columns, start, product),
        5 => rows_of::<V, T, P, 5, C>(rows, columns, start, product),
        6 => rows_of::<V, T, P, 6, C>(rows, columns, start, product),
        _ => rows_of::<V, T, P, 8, C>(rows, columns, start, product),
    }
    column + width
}

/// Of the heights that there are, the one whose blocks cover `rows` at the least cost: a block costs its height, and
/// 1 more to read the right matrix.
#[inline(always)]
const fn height(rows: usize, highest: usize) -> usize {
    let (heights, mut best, mut least) = ([8, 6, 5, 4, 2, 1], 0, usize::MAX);
    let mut index = 0;
    while index < heights.len() {
        let height = heights[index];
        let cost = rows.div_ceil(height) * (height + 1);
        if height <= rows && height <= highest && cost < least {
            (best, least) = (height, cost);
        }
        index += 1;
    }
    best
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
fn rows_of<V: Vector<T>, T: Element, P: Blocks<T>, const R: usize, const C: usize>(
    rows: usize,
    columns: usize,
    column: usize,
    product: &mut P,
) {
    let mut row = 0;
    while row < rows {
        if columns < C * V::LANES {
            product.block::<V, R, C, false>(row.min(rows - R), column);
        } else {
            product.block::<V, R, C, true>(row.min(rows - R), column);
        }
        row += R;
    }
}

/// What the rows of a [`tile`] are multiplied with, step by step.
trait Factors<T, const R: usize> {
    fn at(&self, step: usize) -> [T; R];
}

/// Number `step` of each of these rows.
struct Across<'a, T, const N: usize, const R: usize>([&'a [T; N]; R]);

impl<'a, T, const N: usize, const R: usize> Across<'a, T, N, R> {
    /// `R` rows from `row` on.
    #[inline(always)]
    fn new(rows: &'a [[T; N]], row: usize) -> Self {
        let rows = &rows[row..row + R];
        let mut across = [&rows[0]; R];
        for r in 0..R {
            across[r] = &rows[r];
        }
        Self(across)
    }
}

impl<T: Element, const N: usize, const R: usize> Factors<T, R> for Across<'_, T, N, R> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        for r in 0..R {
            factors[r] = self.0[r][step];
        }
        factors
    }
}

/// The numbers from `column` on of row `step`.
struct Down<'a, T, const N: usize> {
    rows: &'a [[T; N]],
    column: usize,
}

impl<T: Element, const N: usize, const R: usize> Factors<T, R> for Down<'_, T, N> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let row = &self.rows[step][self.column..self.column + R];
        let mut factors = [T::zero(); R];
        factors.copy_from_slice(row);
        factors
    }
}

/// What the columns of a [`tile`] are multiplied with, step by step.
trait Lines<T> {
    fn line(&self, step: usize) -> &[T];
}

impl<T: Element, const N: usize> Lines<T> for Down<'_, T, N> {
    #[inline(always)]
    fn line(&self, step: usize) -> &[T] {
        &self.rows[step][self.column..]
    }
}

/// A strip of weights, copied so that those to one output lie side by side.
struct Panel<'a, A, const C: usize, const OUT: usize>(&'a [[A; C]; OUT]);

impl<T, A: Tensor<Element = T>, const C: usize, const OUT: usize> Lines<T> for Panel<'_, A, C, OUT> {
    #[inline(always)]
    fn line(&self, step: usize) -> &[T] {
        A::flat(&self.0[step])
    }
}

/// `sums[r][c] += Σ left(step)[r]·right(step)[c]`, in registers.
#[inline(always)]
fn tile<V: Vector<T>, T: Element, const R: usize, const C: usize, const FULL: bool>(
    steps: usize,
    left: &impl Factors<T, R>,
    right: &impl Lines<T>,
    mut sums: [[V; C]; R],
) -> [[V; C]; R] {
    for step in 0..steps {
        let (left, right) = (left.at(step), registers::<V, T, C, FULL>(right.line(step)));
        for r in 0..R {
            let left = V::broadcast(left[r]);
            for c in 0..C {
                sums[r][c] = left.mul_add(right[c], sums[r][c]);
            }
        }
    }
    sums
}

/// The first `C` registers of `from`.
#[inline(always)]
fn registers<V: Vector<T>, T: Element, const C: usize, const FULL: bool>(from: &[T]) -> [V; C] {
    let mut registers = [V::broadcast(T::zero()); C];
    for c in 0..C {
        registers[c] = V::load(if FULL { &from[c * V::LANES..][..V::LANES] } else { past(from, c * V::LANES) });
    }
    registers
}

#[inline(always)]
fn put<V: Vector<T>, T: Element, const C: usize, const FULL: bool>(registers: [V; C], to: &mut [T]) {
    for c in 0..C {
        registers[c].store(if FULL {
            &mut to[c * V::LANES..][..V::LANES]
        } else {
            let start = to.len().min(c * V::LANES);
            &mut to[start..]
        });
    }
}

/// What of `from` lies past `start`; nothing if it ends before.
#[inline(always)]
fn past<T>(from: &[T], start: usize) -> &[T] {
    &from[from.len().min(start)..]
}

struct Forward<'a, T, O, const IN: usize, const OUT: usize> {
    x: &'a [[T; IN]],
    w: &'a [[T; OUT]; IN],
    bias: &'a [T; OUT],
    then: &'a O,
    y: &'a mut [[T; OUT]],
}

impl<T: Element, O: Sweep<0, 1>, const IN: usize, const OUT: usize> Work for Forward<'_, T, O, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if OUT == 1 {
            // One number for each row: registers go along the row, not across.
            for row in 0..self.x.len() {
                self.y[row][0] = self.bias[0] + dot::<T::Vector<S>, T>(&self.x[row], self.w.as_flattened());
            }
            sweep_row(simd, self.then, [], [self.y.as_flattened_mut()]);
        } else {
            blocks::<T::Vector<S>, T, _>(self.x.len(), OUT, &mut self);
        }
    }
}

impl<T: Element, O: Sweep<0, 1>, const IN: usize, const OUT: usize> Blocks<T> for Forward<'_, T, O, IN, OUT> {
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let start = registers::<V, T, C, FULL>(&self.bias[column..]);
        let (left, right) = (Across::new(self.x, row), Down { rows: self.w, column });
        let sums = tile::<V, T, R, C, FULL>(IN, &left, &right, [start; R]);
        for r in 0..R {
            let mut line = sums[r];
            for c in 0..C {
                [line[c]] = self.then.apply([], [line[c]]);
            }
            put::<V, T, C, FULL>(line, &mut self.y[row + r][column..]);
        }
    }
}

/// `result[i][j] = Σ left[step][i]·right[step][j]`.
struct Outer<'a, T, G, const I: usize, const J: usize> {
    left: &'a [[T; I]],
    right: &'a [[T; J]],
    result: G,
}

/// Rows to write to.
trait Rows<T> {
    fn row(&mut self, row: usize) -> &mut [T];
}

impl<T, const I: usize, const J: usize> Rows<T> for &mut [[T; J]; I] {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self[row]
    }
}

/// A matrix of one column, as one row.
struct Column<'a, T, const I: usize, const J: usize>(&'a mut [[[T; J]; I]]);

impl<T, const I: usize, const J: usize> Rows<T> for Column<'_, T, I, J> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        self.0[row].as_flattened_mut()
    }
}

impl<T: Element, G: Rows<T>, const I: usize, const J: usize> Work for Outer<'_, T, G, I, J> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        blocks::<T::Vector<S>, T, _>(I, J, &mut self);
    }
}

impl<T: Element, G: Rows<T>, const I: usize, const J: usize> Blocks<T> for Outer<'_, T, G, I, J> {
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let steps = self.left.len();
        let (left, right) = (Down { rows: self.left, column: row }, Down { rows: &self.right[..steps], column });
        let zero = [[V::broadcast(T::zero()); C]; R];
        let sums = tile::<V, T, R, C, FULL>(steps, &left, &right, zero);
        for r in 0..R {
            put::<V, T, C, FULL>(sums[r], &mut self.result.row(row + r)[column..]);
        }
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
        if self.dz.len() < WORTH_PACKING {
            for row in 0..self.dz.len() {
                for input in 0..IN {
                    self.dx[row][input] = dot::<T::Vector<S>, T>(&self.dz[row], &self.w[input]);
                }
            }
        } else if T::Vector::<S>::LANES < IN {
            self.packed::<T::Vector<S>, 2>();
        } else {
            self.packed::<T::Vector<S>, 1>();
        }
    }
}

impl<T: Element, const IN: usize, const OUT: usize> Backward<'_, T, IN, OUT> {
    /// By strips, whose weights are copied so that those to one output lie side by side.
    #[inline(always)]
    fn packed<V: Vector<T>, const C: usize>(self) {
        let width = C * V::LANES;
        let mut panel = <[[V::Array; C]; OUT]>::zeroed();
        let mut column = 0;
        while column < IN {
            let start = column.min(IN.saturating_sub(width));
            for c in 0..C {
                let inputs = &self.w[IN.min(start + c * V::LANES)..IN.min(start + (c + 1) * V::LANES)];
                let mut output = 0;
                while output < OUT {
                    let square = transpose::<V, T, OUT>(inputs, output);
                    for (place, outputs) in (output..OUT.min(output + V::LANES)).enumerate() {
                        square[place].store(&mut V::Array::flat_mut(&mut panel[outputs])[c * V::LANES..][..V::LANES]);
                    }
                    output += V::LANES;
                }
            }
            let mut strip_of = PackedBackward { dz: self.dz, panel: Panel(&panel), dx: self.dx };
            strip::<V, T, _, C>(self.dz.len(), IN, start, &mut strip_of);
            column += width;
        }
    }
}

/// The numbers from `column` on of as many rows as a register has lanes, as columns. What there is not is 0.
#[inline(always)]
fn transpose<V: Vector<T>, T: Element, const N: usize>(rows: &[[T; N]], column: usize) -> [V; MOST_LANES] {
    let mut square = [V::broadcast(T::zero()); MOST_LANES];
    for r in 0..V::LANES {
        if r < rows.len() {
            square[r] = V::load(&rows[r][column..]);
        }
    }
    // Each riffle of one half with the other brings the place in the row one bit closer to the row's number.
    let mut stages = V::LANES;
    while stages > 1 {
        let rows = square;
        for r in 0..V::LANES / 2 {
            (square[2 * r], square[2 * r + 1]) = rows[r].riffle(rows[r + V::LANES / 2]);
        }
        stages /= 2;
    }
    square
}

/// [`Backward`] for one strip.
struct PackedBackward<'a, A, T, const IN: usize, const OUT: usize, const C: usize> {
    dz: &'a [[T; OUT]],
    panel: Panel<'a, A, C, OUT>,
    dx: &'a mut [[T; IN]],
}

impl<T, A, const IN: usize, const OUT: usize, const W: usize> Blocks<T> for PackedBackward<'_, A, T, IN, OUT, W>
where
    T: Element,
    A: Tensor<Element = T>,
{
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let zero = [[V::broadcast(T::zero()); C]; R];
        // The panel is padded to whole registers.
        let sums = tile::<V, T, R, C, true>(OUT, &Across::new(self.dz, row), &self.panel, zero);
        for r in 0..R {
            put::<V, T, C, FULL>(sums[r], &mut self.dx[row + r][column..]);
        }
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
        kernel::{Level, Unchanged, Work, dispatch, set_level},
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
        for level in Level::ALL {
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
        agrees::<5, 33, 8>();
        agrees::<17, 3, 33>();
        agrees::<0, 3, 2>();
    }
}
