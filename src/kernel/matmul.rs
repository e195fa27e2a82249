//! Products of matrices of fixed shape, for forward (`nn`) and backward (`tn`, `nt`): what their matrices are.
//! How they are multiplied, `tile` says.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{
    Element, ElementwiseKernel, Simd, Unchanged, Vector, Work, elementwise, elementwise_row,
    panel::Packing,
    plain,
    simd::MOST_LANES,
    tile::{Factors, Left, Right, Target, product, put, registers},
};

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
        // The gradient is one column, and as such one row of memory.
        simd.run(Outer { left: dz, from: 0, rows: 1, right: x, result: Column(core::slice::from_mut(gradient)) });
    } else {
        simd.run(Outer { left: x, from: 0, rows: IN, right: dz, result: Plain(gradient) });
    }
}

/// `write = then(gradient, write)`, number by number, with the gradient that [`tn`] gives, of which only some rows are
/// there at a time.
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
    } else if const { OUT == 1 } {
        let mut gradient = [[T::zero(); OUT]; IN];
        tn(simd, x, dz, &mut gradient);
        elementwise(simd, then, [gradient.as_flattened()], write.map(|matrix| matrix.as_flattened_mut()));
    } else if const { SCRATCH >= 64 * size_of::<[T; OUT]>() } {
        rows_then::<S, T, O, IN, OUT, W, 64>(simd, x, dz, then, write);
    } else if const { SCRATCH >= 16 * size_of::<[T; OUT]>() } {
        rows_then::<S, T, O, IN, OUT, W, 16>(simd, x, dz, then, write);
    } else {
        rows_then::<S, T, O, IN, OUT, W, 4>(simd, x, dz, then, write);
    }
}

/// The bytes of a gradient that are there at a time. Without `std`, memory is scarce.
const SCRATCH: usize = if cfg!(feature = "std") { 128 * 1024 } else { 256 };

/// [`tn_then`], `R` rows at a time.
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
) {
    let batch = x.len().min(dz.len());
    let mut gradient = [[T::zero(); OUT]; R];
    let mut from = 0;
    while from < IN {
        let rows = R.min(IN - from);
        let result = Plain(&mut gradient);
        simd.run(Outer { left: &x[..batch], from, rows, right: &dz[..batch], result });
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
            dots::<T::Vector<S>, T, O, IN>(x, w.as_flattened(), bias[0], then, y.as_flattened_mut());
        } else if x.len() < FEW {
            for row in 0..x.len() {
                sum_of_lines(simd, &x[row], w, bias, then, &mut y[row]);
            }
        } else {
            let mut result = Activated { bias, then, y };
            product::<T::Vector<S>, T, OUT>(x.len(), IN, &RowsOf(x), &Straight(w), &mut result);
        }
    }
}

/// Up to how many rows a copy of the weights costs more than it saves.
const FEW: usize = 4;

/// `y[o] = then(bias[o] + Σᵢ x[i]·w[i][o])`, in registers side by side, as few sums would wait for each other. What does
/// not have room in registers goes along [`whole_lines`].
#[inline(always)]
fn sum_of_lines<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [T; OUT],
) {
    let mut column = 0;
    if const { OUT >= 2 * WIDE * T::Vector::<S>::LANES } {
        column = OUT - OUT % (WIDE * T::Vector::<S>::LANES);
        whole_lines(simd, x, w, bias, then, &mut y[..column]);
    }
    while column < OUT {
        column = match (OUT - column).div_ceil(T::Vector::<S>::LANES) {
            WIDE.. => lines::<T::Vector<S>, T, O, IN, OUT, WIDE, 1>(x, w, bias, then, y, column),
            4.. => lines::<T::Vector<S>, T, O, IN, OUT, 4, 2>(x, w, bias, then, y, column),
            2.. => lines::<T::Vector<S>, T, O, IN, OUT, 2, 4>(x, w, bias, then, y, column),
            _ => lines::<T::Vector<S>, T, O, IN, OUT, 1, 8>(x, w, bias, then, y, column),
        };
    }
}

/// As many registers of sums as keep the processor busy.
const WIDE: usize = 8;

/// Of [`sum_of_lines`] as many columns as `y` has: sums in memory, and a few lines at a time from end to end. So the weights,
/// which are far more, are read in the order in which they lie there, as fast as memory gives them.
#[inline(always)]
fn whole_lines<S: Simd, T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    simd: S,
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [T],
) {
    y.copy_from_slice(&bias[..y.len()]);
    let mut step = 0;
    while step + AT_A_TIME <= IN {
        add_lines::<T::Vector<S>, T, OUT, AT_A_TIME>(&x[step..], &w[step..], y);
        step += AT_A_TIME;
    }
    while step < IN {
        add_lines::<T::Vector<S>, T, OUT, 1>(&x[step..], &w[step..], y);
        step += 1;
    }
    elementwise_row(simd, then, [], [y]);
}

/// The lines that [`whole_lines`] adds at a time: so many streams a processor fetches ahead.
const AT_A_TIME: usize = 4;

/// `y[o] += Σᵢ x[i]·w[i][o]` of `R` lines.
#[inline(always)]
fn add_lines<V: Vector<T>, T: Element, const OUT: usize, const R: usize>(x: &[T], w: &[[T; OUT]], y: &mut [T]) {
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

/// `C` registers of [`sum_of_lines`] from `column` on, each as `CHAINS` sums; gives the column after them.
#[inline(always)]
fn lines<
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
    sums[0] = registers(&bias[column..]);
    let mut step = 0;
    while step < IN {
        for chain in 0..CHAINS {
            if step + chain < IN {
                let left = V::broadcast(x[step + chain]);
                let right: [V; C] = registers(&w[step + chain][column..]);
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
    put(sums[0], &mut y[column..]);
    next
}

/// `y[b] = then(start + Σᵢ x[b][i]·w[i])`: registers go along the rows, and what they hold for as many rows as a
/// register has lanes is added up in one.
#[inline(always)]
fn dots<V: Vector<T>, T: Element, O: ElementwiseKernel<0, 1>, const N: usize>(
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
                sums[r] = products::<V, T>(&rows[r], w);
            }
        }
        let columns = turn(sums);
        let mut sum = V::broadcast(start);
        for lane in 0..V::LANES {
            sum = sum + columns[lane];
        }
        let [end] = then.apply([], [sum]);
        end.store(&mut y[row..row + rows.len()]);
        row += rows.len();
    }
    if row < x.len() {
        let [end] = then.apply([], [V::broadcast(start + products::<V, T>(&x[row], w).sum())]);
        end.store(&mut y[row..row + 1]);
    }
}

/// The lanes of a sum of products of as many numbers as there are in both.
#[inline(always)]
fn products<V: Vector<T>, T: Element>(a: &[T], b: &[T]) -> V {
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

/// `result[i][j] = Σ left[step][from + i]·right[step][j]`, for so many rows `i`.
struct Outer<'a, T, G, const I: usize, const J: usize> {
    left: &'a [[T; I]],
    from: usize,
    rows: usize,
    right: &'a [[T; J]],
    result: G,
}

impl<T: Element, G: Target<T>, const I: usize, const J: usize> Work for Outer<'_, T, G, I, J> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let (left, right) = (ColumnsOf(self.left, self.from), Straight(self.right));
        product::<T::Vector<S>, T, J>(self.rows, self.left.len(), &left, &right, &mut self.result);
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
        } else if dz.len() < FEW {
            for row in 0..dz.len() {
                dots::<T::Vector<S>, T, Unchanged, OUT>(w, &dz[row], T::zero(), &Unchanged, &mut dx[row]);
            }
        } else {
            product::<T::Vector<S>, T, IN>(dz.len(), OUT, &RowsOf(dz), &Transposed(w), &mut Plain(dx));
        }
    }
}

/// The rows of a matrix as the left one of a product.
struct RowsOf<'a, T, const N: usize>(&'a [[T; N]]);

impl<T: Element, const N: usize> Left<T> for RowsOf<'_, T, N> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl Factors<T, R> {
        let rows = &self.0[row..row + R];
        let mut across = [&rows[0][steps.clone()]; R];
        for r in 0..R {
            across[r] = &rows[r][steps.clone()];
        }
        Across(across)
    }
}

/// Numbers side by side in each of `R` rows.
struct Across<'a, T, const R: usize>([&'a [T]; R]);

impl<T: Element, const R: usize> Factors<T, R> for Across<'_, T, R> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        for r in 0..R {
            factors[r] = self.0[r][step];
        }
        factors
    }
}

/// The columns of a matrix, from one on, as the rows of the left one of a product.
struct ColumnsOf<'a, T, const N: usize>(&'a [[T; N]], usize);

impl<T: Element, const N: usize> Left<T> for ColumnsOf<'_, T, N> {
    #[inline(always)]
    fn rows<const R: usize>(&self, row: usize, steps: Range<usize>) -> impl Factors<T, R> {
        Down { rows: &self.0[steps], column: self.1 + row }
    }
}

/// Numbers from `column` on in one row after another.
struct Down<'a, T, const N: usize> {
    rows: &'a [[T; N]],
    column: usize,
}

impl<T: Element, const N: usize, const R: usize> Factors<T, R> for Down<'_, T, N> {
    #[inline(always)]
    fn at(&self, step: usize) -> [T; R] {
        let mut factors = [T::zero(); R];
        factors.copy_from_slice(&self.rows[step][self.column..self.column + R]);
        factors
    }
}

/// A matrix as the right one of a product.
struct Straight<'a, T, const N: usize>(&'a [[T; N]]);

impl<T: Element, const N: usize> Right<T> for Straight<'_, T, N> {
    #[inline(always)]
    fn pack<V: Vector<T>, const C: usize>(&self, column: usize, steps: Range<usize>, panel: &mut Packing<'_, V, C>) {
        for row in &self.0[steps] {
            panel.push(registers(&row[column..]));
        }
    }
}

/// A matrix whose rows are the columns of the right one of a product.
struct Transposed<'a, T, const N: usize>(&'a [[T; N]]);

impl<T: Element, const N: usize> Right<T> for Transposed<'_, T, N> {
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
                squares[c] = turn(squares[c]);
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

/// Transposes the square that as many registers are as one has lanes.
#[inline(always)]
fn turn<V: Vector<T>, T: Element>(mut square: [V; MOST_LANES]) -> [V; MOST_LANES] {
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

/// Outputs: a bias, a product, and what comes after.
struct Activated<'a, T, O, const OUT: usize> {
    bias: &'a [T; OUT],
    then: &'a O,
    y: &'a mut [[T; OUT]],
}

impl<T: Element, O: ElementwiseKernel<0, 1>, const OUT: usize> Target<T> for Activated<'_, T, O, OUT> {
    #[inline(always)]
    fn start<V: Vector<T>, const C: usize>(&self, column: usize) -> [V; C] {
        registers(&self.bias[column..])
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

/// A product and nothing else.
struct Plain<'a, T, const N: usize>(&'a mut [[T; N]]);

impl<T: Element, const N: usize> Target<T> for Plain<'_, T, N> {
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.0[row]
    }
}

/// [`Plain`] for a matrix of one column, as one row.
struct Column<'a, T, const I: usize, const J: usize>(&'a mut [[[T; J]; I]]);

impl<T: Element, const I: usize, const J: usize> Target<T> for Column<'_, T, I, J> {
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
        agrees::<10, 11, 33>();
        agrees::<19, 9, 16>();
        agrees::<0, 3, 2>();
    }
}
