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

use super::{Element, Real, Simd, Vector};
use crate::{Tensor, Zeroed};

/// `y[b][o] = bias[o] + Σᵢ x[b][i]·w[i][o]`.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn nn<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    y: &mut [[T; OUT]],
) {
    let rows = x.len().min(y.len());
    if OUT == 1 {
        // One number for each row: registers go along the row, not across.
        for (x, y) in x.iter().zip(y) {
            y[0] = bias[0] + dot(simd, x, w.as_flattened());
        }
        return;
    }
    blocks::<T::Vector<S>, T, _>(rows, OUT, &mut Forward { x: &x[..rows], w, bias, y: &mut y[..rows] });
}

/// `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn tn<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    _: S,
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    gradient: &mut [[T; OUT]; IN],
) {
    let steps = x.len().min(dz.len());
    let (x, dz) = (&x[..steps], &dz[..steps]);
    if OUT == 1 {
        // The gradient is one column, and as such one row of memory.
        let gradient = core::slice::from_mut(gradient);
        blocks::<T::Vector<S>, T, _>(1, IN, &mut Outer { left: dz, right: x, result: Column(gradient) });
    } else {
        blocks::<T::Vector<S>, T, _>(IN, OUT, &mut Outer { left: x, right: dz, result: gradient });
    }
}

/// `dx[b][i] = Σₒ dz[b][o]·w[i][o]`.
#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn nt<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    let rows = dz.len().min(dx.len());
    if rows < WORTH_PACKING {
        for (dx, dz) in dx.iter_mut().zip(dz) {
            for (dx, w) in dx.iter_mut().zip(w) {
                *dx = dot(simd, dz, w);
            }
        }
    } else if T::Vector::<S>::LANES < IN {
        packed::<T::Vector<S>, T, IN, OUT, 2>(&dz[..rows], w, &mut dx[..rows]);
    } else {
        packed::<T::Vector<S>, T, IN, OUT, 1>(&dz[..rows], w, &mut dx[..rows]);
    }
}

/// `sums[o] = Σ_b rows[b][o]`.
#[inline(always)]
pub fn sum_rows<S: Simd, T: Element, const N: usize>(_: S, rows: &[[T; N]], sums: &mut [T; N]) {
    let lanes = T::Vector::<S>::LANES;
    let mut column = 0;
    while column < N {
        let end = N.min(column + lanes);
        let mut sum = T::Vector::<S>::broadcast(T::zero());
        for row in rows {
            sum = sum + T::Vector::<S>::load(&row[column..end]);
        }
        sum.store(&mut sums[column..end]);
        column = end;
    }
}

/// From how many rows on a transposed copy of the weights pays for itself.
const WORTH_PACKING: usize = 4;

/// `Σ a[n]·b[n]`.
#[inline(always)]
fn dot<S: Simd, T: Element>(_: S, a: &[T], b: &[T]) -> T {
    let lanes = T::Vector::<S>::LANES;
    let length = a.len().min(b.len());
    let mut sum = T::Vector::<S>::broadcast(T::zero());
    let mut start = 0;
    while start + lanes <= length {
        let (a, b) = (&a[start..start + lanes], &b[start..start + lanes]);
        sum = T::Vector::<S>::load(a).mul_add(T::Vector::<S>::load(b), sum);
        start += lanes;
    }
    if start < length {
        let (a, b) = (&a[start..length], &b[start..length]);
        sum = T::Vector::<S>::load(a).mul_add(T::Vector::<S>::load(b), sum);
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
    let registers = columns.div_ceil(V::LANES);
    if rows == 1 {
        // Few sums would wait for each other: the block is as wide as it can be.
        match registers {
            1 => strips::<V, T, P, 1>(rows, columns, product),
            2 | 3 => strips::<V, T, P, 2>(rows, columns, product),
            4..8 => strips::<V, T, P, 4>(rows, columns, product),
            _ => strips::<V, T, P, 8>(rows, columns, product),
        }
    } else if registers == 1 {
        strips::<V, T, P, 1>(rows, columns, product);
    } else {
        strips::<V, T, P, 2>(rows, columns, product);
    }
}

/// Strips of `C` registers.
#[inline(always)]
fn strips<V: Vector<T>, T: Element, P: Blocks<T>, const C: usize>(rows: usize, columns: usize, product: &mut P) {
    let width = C * V::LANES;
    let mut column = 0;
    while column < columns {
        strip::<V, T, P, C>(rows, columns, column.min(columns.saturating_sub(width)), product);
        column += width;
    }
}

/// One strip, from the top, in blocks as high as there are registers or rows for.
#[inline(always)]
fn strip<V: Vector<T>, T: Element, P: Blocks<T>, const C: usize>(
    rows: usize,
    columns: usize,
    column: usize,
    product: &mut P,
) {
    match rows.min(V::ROWS) {
        0 => {}
        1 => rows_of::<V, T, P, 1, C>(rows, columns, column, product),
        2 | 3 => rows_of::<V, T, P, 2, C>(rows, columns, column, product),
        4 | 5 => rows_of::<V, T, P, 4, C>(rows, columns, column, product),
        6 | 7 => rows_of::<V, T, P, 6, C>(rows, columns, column, product),
        _ => rows_of::<V, T, P, 8, C>(rows, columns, column, product),
    }
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

/// `sums[r][c] += Σ left(step)[r]·right(step)[c]`, in registers.
#[inline(always)]
fn tile<'a, V: Vector<T>, T: Element, const R: usize, const C: usize, const FULL: bool>(
    steps: usize,
    left: impl Fn(usize) -> [T; R],
    right: impl Fn(usize) -> &'a [T],
    mut sums: [[V; C]; R],
) -> [[V; C]; R] {
    for step in 0..steps {
        let (left, right) = (left(step), registers::<V, T, C, FULL>(right(step)));
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

struct Forward<'a, T, const IN: usize, const OUT: usize> {
    x: &'a [[T; IN]],
    w: &'a [[T; OUT]; IN],
    bias: &'a [T; OUT],
    y: &'a mut [[T; OUT]],
}

impl<T: Element, const IN: usize, const OUT: usize> Blocks<T> for Forward<'_, T, IN, OUT> {
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let (rows, w) = (rows_from::<T, IN, R>(self.x, row), self.w);
        let start = registers::<V, T, C, FULL>(&self.bias[column..]);
        let sums = tile::<V, T, R, C, FULL>(IN, |step| column_of(&rows, step), |step| &w[step][column..], [start; R]);
        for r in 0..R {
            put::<V, T, C, FULL>(sums[r], &mut self.y[row + r][column..]);
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

impl<T: Element, G: Rows<T>, const I: usize, const J: usize> Blocks<T> for Outer<'_, T, G, I, J> {
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let (left, right) = (self.left, &self.right[..self.left.len()]);
        let zero = [[V::broadcast(T::zero()); C]; R];
        let factors = |step: usize| {
            let mut factors = [T::zero(); R];
            factors.copy_from_slice(&left[step][row..row + R]);
            factors
        };
        let sums = tile::<V, T, R, C, FULL>(left.len(), factors, |step| &right[step][column..], zero);
        for r in 0..R {
            put::<V, T, C, FULL>(sums[r], &mut self.result.row(row + r)[column..]);
        }
    }
}

/// `nt` by strips: the weights of some inputs are copied so that those inputs lie side by side.
#[inline(always)]
fn packed<V: Vector<T>, T: Element, const IN: usize, const OUT: usize, const C: usize>(
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    let width = C * V::LANES;
    let mut panel = <[[V::Array; C]; OUT]>::zeroed();
    let mut column = 0;
    while column < IN {
        let start = column.min(IN.saturating_sub(width));
        for (place, w) in w[start..IN.min(start + width)].iter().enumerate() {
            for (row, &w) in panel.iter_mut().zip(w) {
                V::Array::flat_mut(row)[place] = w;
            }
        }
        let mut product = Backward { dz, panel: &panel, dx };
        strip::<V, T, _, C>(dz.len(), IN, start, &mut product);
        column += width;
    }
}

struct Backward<'a, A, T, const IN: usize, const OUT: usize, const C: usize> {
    dz: &'a [[T; OUT]],
    /// The weights from one strip of inputs: `panel[o]` to output `o`.
    panel: &'a [[A; C]; OUT],
    dx: &'a mut [[T; IN]],
}

impl<T, A, const IN: usize, const OUT: usize, const WIDTH: usize> Blocks<T> for Backward<'_, A, T, IN, OUT, WIDTH>
where
    T: Element,
    A: Tensor<Element = T>,
{
    #[inline(always)]
    fn block<V: Vector<T>, const R: usize, const C: usize, const FULL: bool>(&mut self, row: usize, column: usize) {
        let (rows, panel) = (rows_from::<T, OUT, R>(self.dz, row), self.panel);
        let zero = [[V::broadcast(T::zero()); C]; R];
        // The panel is padded to whole registers.
        let sums = tile::<V, T, R, C, true>(OUT, |step| column_of(&rows, step), |step| A::flat(&panel[step]), zero);
        for r in 0..R {
            put::<V, T, C, FULL>(sums[r], &mut self.dx[row + r][column..]);
        }
    }
}

/// `R` rows from `row` on.
#[inline(always)]
fn rows_from<T, const N: usize, const R: usize>(rows: &[[T; N]], row: usize) -> [&[T; N]; R] {
    let rows = &rows[row..row + R];
    core::array::from_fn(|r| &rows[r])
}

/// Number `step` of each row.
#[inline(always)]
fn column_of<T: Element, const N: usize, const R: usize>(rows: &[&[T; N]; R], step: usize) -> [T; R] {
    let mut column = [T::zero(); R];
    for r in 0..R {
        column[r] = rows[r][step];
    }
    column
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
            nn(simd, self.x, self.w, &[0.5; O], &mut y);
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
