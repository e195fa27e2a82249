//! Products of matrices of fixed shape: forward (`nn`) and backward (`tn`, `nt`). `tile` multiplies the operands.

mod few_rows;
mod narrow;
mod operands;

pub(super) use few_rows::combine_columns;
use few_rows::{combine_rows, dot_products};
use operands::{Activated, Column, Columns, Plain};
pub(super) use operands::{AsIs, Rows, Transposed, transpose};

use super::{
    element::Element,
    elementwise::elementwise,
    formula::{ElementwiseKernel, Unchanged},
    plain,
    simd::{Simd, Vector, Work},
    tile::{Destination, UNKNOWN, load_registers, product, store_registers},
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
        if const { narrow::registers::<T::Vector<S>, T>(I, J) > 0 } {
            narrow::outer::<T::Vector<S>, T, I, J>(
                self.left,
                self.from..self.from + self.rows,
                self.right,
                &mut self.result,
            );
            return;
        }
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

struct Sums<'a, T, const N: usize> {
    rows: &'a [[T; N]],
    sums: &'a mut [T; N],
}

impl<T: Element, const N: usize> Work for Sums<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, _: S) {
        let lanes = T::Vector::<S>::LANES;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::sum_rows(self.rows, self.sums);
            return;
        }
        let mut column = 0;
        while column + 4 * lanes <= N {
            column = self.columns::<T::Vector<S>, 4>(column);
        }
        while column < N {
            column = self.columns::<T::Vector<S>, 1>(column);
        }
    }
}

impl<T: Element, const N: usize> Sums<'_, T, N> {
    /// Sums `C` registers of columns from `column` on: several hide the latency of additions. Returns the column after
    /// them.
    #[inline(always)]
    fn columns<V: Vector<T>, const C: usize>(&mut self, column: usize) -> usize {
        let end = N.min(column + C * V::LANES);
        let mut sums = [V::broadcast(T::zero()); C];
        for row in self.rows {
            let row: [V; C] = load_registers(&row[column..end]);
            for c in 0..C {
                sums[c] = sums[c] + row[c];
            }
        }
        store_registers(sums, &mut self.sums[column..end]);
        end
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
