//! Products of matrices for forward (`nn`) and backward (`tn`, `nt`), with shapes from types.

use super::{
    element::Element,
    elementwise::elementwise,
    formula::{ElementwiseKernel, Unchanged},
    matrix::{Matrix, Operand, Product},
    narrow, plain,
    simd::{Simd, Vector, Work},
    vector,
};

/// Up to how many rows copying the weights costs more than it saves.
const FEW: usize = 4;

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
    simd.run(Gradient { x: &x[..rows], dz: &dz[..rows], gradient });
}

/// Some rows of the gradient, from `first` on.
#[inline(always)]
fn gradient_rows<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    first: usize,
    gradient: &mut [[T; OUT]],
) {
    T::Vector::<S>::multiply(Product {
        rows: gradient.len(),
        steps: x.len().min(dz.len()),
        columns: OUT,
        left: Operand::Transposed(Matrix::new(x).skip(0, first)),
        right: Operand::Plain(Matrix::new(dz)),
        start: None,
        result: gradient.as_flattened_mut(),
    });
}

/// `write = then(gradient, write)`, number by number, with the gradient that [`tn`] computes, of which only some rows are
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

/// The bytes of a gradient that are in memory at a time. Without `std`, memory is scarce.
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
    let mut gradient = [[T::zero(); OUT]; R];
    let mut first = 0;
    while first < IN {
        let rows = R.min(IN - first);
        gradient_rows::<S, T, IN, OUT>(x, dz, first, &mut gradient[..rows]);
        let parts = write.each_mut().map(|matrix| matrix[first..first + rows].as_flattened_mut());
        elementwise(simd, then, [gradient[..rows].as_flattened()], parts);
        first += rows;
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
            vector::dot_rows::<T::Vector<S>, T, O, IN>(x, w.as_flattened(), bias[0], then, y.as_flattened_mut());
        } else if x.len() < FEW {
            for (x, y) in x.iter().zip(y) {
                vector::combine_rows(simd, x, w, bias, then, y);
            }
        } else if const { OUT <= <T::Vector<S> as Vector<T>>::Half::LANES } {
            narrow::nn::<<T::Vector<S> as Vector<T>>::Half, T, O, IN, OUT>(x, w, bias, then, y);
        } else if const { OUT <= T::Vector::<S>::LANES } {
            narrow::nn::<T::Vector<S>, T, O, IN, OUT>(x, w, bias, then, y);
        } else {
            T::Vector::<S>::multiply(Product {
                rows: x.len(),
                steps: IN,
                columns: OUT,
                left: Operand::Plain(Matrix::new(x)),
                right: Operand::Plain(Matrix::new(w)),
                start: Some(bias),
                result: y.as_flattened_mut(),
            });
            if !O::UNCHANGED {
                elementwise(simd, then, [], [y.as_flattened_mut()]);
            }
        }
    }
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
        let Self { x, dz, gradient } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::tn(x, dz, gradient);
        } else if const { OUT == 1 } {
            if let Some(gradient) = gradient.as_flattened_mut().first_chunk_mut::<IN>() {
                vector::weighted_sum::<T::Vector<S>, T, IN>(dz.as_flattened(), x, gradient);
            }
        } else if const { OUT <= <T::Vector<S> as Vector<T>>::Half::LANES } {
            narrow::tn::<<T::Vector<S> as Vector<T>>::Half, T, IN, OUT>(x, dz, gradient);
        } else if const { OUT <= T::Vector::<S>::LANES } {
            narrow::tn::<T::Vector<S>, T, IN, OUT>(x, dz, gradient);
        } else {
            gradient_rows::<S, T, IN, OUT>(x, dz, 0, gradient);
        }
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
            for (dz, dx) in dz.iter().zip(dx) {
                vector::dot_rows::<T::Vector<S>, T, Unchanged, OUT>(w, dz, T::zero(), &Unchanged, dx);
            }
        } else if const { OUT == 1 } {
            if let Some(w) = w.as_flattened().first_chunk::<IN>() {
                vector::outer_product::<T::Vector<S>, T, IN>(dz.as_flattened(), w, dx);
            }
        } else {
            T::Vector::<S>::multiply(Product {
                rows: dz.len(),
                steps: OUT,
                columns: IN,
                left: Operand::Plain(Matrix::new(dz)),
                right: Operand::Transposed(Matrix::new(w)),
                start: None,
                result: dx.as_flattened_mut(),
            });
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
        if const { T::Vector::<S>::LANES == 1 } {
            plain::sum_rows(self.rows, self.sums);
        } else {
            vector::sum_rows::<T::Vector<S>, T, N>(self.rows, self.sums);
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
