//! Products that are added to a matrix, with sums whose order does not depend on the number of rows: a sequence step by
//! step has the same bits as all of its steps at once.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use super::{
    element::Element,
    formula::Unchanged,
    matmul::{AsIs, Rows, Transposed, UNPACKED_ROWS, combine_columns},
    plain,
    simd::{Simd, Vector, Work},
    tile::{Destination, UNKNOWN, load_registers, product},
};

/// `y[b][o] = start[b][o] + Σᵢ x[b][i]·w[i][o]`, summed in order. If `start` has fewer rows than `x`, its last one is
/// repeated: a single row is a bias.
#[inline(always)]
pub fn nn_from<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    start: &[[T; OUT]],
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    y: &mut [[T; OUT]],
) {
    let rows = x.len().min(y.len());
    simd.run(Forward { start, x: &x[..rows], w, y: &mut y[..rows] });
}

/// `dx[b][i] = start[b][i] + Σₒ dz[b][o]·w[i][o]`, summed in order. If `start` has fewer rows than `dz`, its last one is
/// repeated.
#[inline(always)]
pub fn nt_from<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    simd: S,
    start: &[[T; IN]],
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    let rows = dz.len().min(dx.len());
    simd.run(Backward { start, dz: &dz[..rows], w, dx: &mut dx[..rows] });
}

struct Forward<'a, T, const IN: usize, const OUT: usize> {
    start: &'a [[T; OUT]],
    x: &'a [[T; IN]],
    w: &'a [[T; OUT]; IN],
    y: &'a mut [[T; OUT]],
}

impl<T: Element, const IN: usize, const OUT: usize> Work for Forward<'_, T, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { start, x, w, y } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::nn_from(start, x, w, y);
        } else if x.len() < UNPACKED_ROWS {
            for ((x, y), start) in x.iter().zip(y).zip(plain::repeated(start)) {
                combine_in_order::<T::Vector<S>, T, IN, OUT>(x, w, start, y);
            }
        } else if !start.is_empty() {
            let mut result = Continued { start, y };
            product::<T::Vector<S>, T, OUT, UNKNOWN>(x.len(), IN, &Rows(x), &AsIs(w), &mut result);
        }
    }
}

/// `y[o] = start[o] + Σᵢ x[i]·w[i][o]`, each as one sum.
#[inline(always)]
fn combine_in_order<V: Vector<T>, T: Element, const IN: usize, const OUT: usize>(
    x: &[T; IN],
    w: &[[T; OUT]; IN],
    start: &[T; OUT],
    y: &mut [T; OUT],
) {
    let mut column = 0;
    while column < OUT {
        column = match (OUT - column).div_ceil(V::LANES) {
            8.. => combine_columns::<V, T, Unchanged, IN, OUT, 8, 1>(x, w, start, &Unchanged, y, column),
            4.. => combine_columns::<V, T, Unchanged, IN, OUT, 4, 1>(x, w, start, &Unchanged, y, column),
            2.. => combine_columns::<V, T, Unchanged, IN, OUT, 2, 1>(x, w, start, &Unchanged, y, column),
            _ => combine_columns::<V, T, Unchanged, IN, OUT, 1, 1>(x, w, start, &Unchanged, y, column),
        };
    }
}

struct Backward<'a, T, const IN: usize, const OUT: usize> {
    start: &'a [[T; IN]],
    dz: &'a [[T; OUT]],
    w: &'a [[T; OUT]; IN],
    dx: &'a mut [[T; IN]],
}

impl<T: Element, const IN: usize, const OUT: usize> Work for Backward<'_, T, IN, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { start, dz, w, dx } = self;
        if const { T::Vector::<S>::LANES == 1 } {
            plain::nt_from(start, dz, w, dx);
        } else if !start.is_empty() {
            let mut result = Continued { start, y: dx };
            product::<T::Vector<S>, T, IN, UNKNOWN>(dz.len(), OUT, &Rows(dz), &Transposed(w), &mut result);
        }
    }
}

/// A product that is added to `start`, whose last row is repeated.
struct Continued<'a, T, const N: usize> {
    start: &'a [[T; N]],
    y: &'a mut [[T; N]],
}

impl<T: Element, const N: usize> Destination<T> for Continued<'_, T, N> {
    #[inline(always)]
    fn starts<V: Vector<T>, const C: usize, const R: usize>(&self, row: usize, column: usize) -> [[V; C]; R] {
        let mut starts = [[V::broadcast(T::zero()); C]; R];
        let last = self.start.len() - 1;
        for r in 0..R {
            starts[r] = load_registers(&self.start[last.min(row + r)][column..]);
        }
        starts
    }

    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [T] {
        &mut self.y[row]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Rng,
        kernel::{Level, dispatch, plain::tests::OneLane, set_level},
    };

    struct Both<'a, const B: usize, const I: usize, const O: usize> {
        start: &'a [[f64; O]],
        back: &'a [[f64; I]],
        x: &'a [[f64; I]; B],
        w: &'a [[f64; O]; I],
        dz: &'a [[f64; O]; B],
    }

    impl<const B: usize, const I: usize, const O: usize> Work for Both<'_, B, I, O> {
        type Output = ([[f64; O]; B], [[f64; I]; B]);

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let (mut y, mut dx) = ([[9.0; O]; B], [[9.0; I]; B]);
            nn_from(simd, self.start, self.x, self.w, &mut y);
            nt_from(simd, self.back, self.dz, self.w, &mut dx);
            (y, dx)
        }
    }

    fn agrees<const B: usize, const I: usize, const O: usize>(starts: usize) {
        let mut rng = Rng::new(3);
        let start: [[f64; O]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let back: [[f64; I]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let x: [[f64; I]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let w: [[f64; O]; I] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let dz: [[f64; O]; B] = core::array::from_fn(|_| core::array::from_fn(|_| rng.normal()));
        let (start, back) = (&start[..starts], &back[..starts]);
        let close = |(y, dx): ([[f64; O]; B], [[f64; I]; B])| {
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{B}x{I}x{O}: {a} {b}");
            for b in 0..B {
                let from = b.min(starts - 1);
                (0..O).for_each(|o| close(y[b][o], start[from][o] + (0..I).map(|i| x[b][i] * w[i][o]).sum::<f64>()));
                (0..I).for_each(|i| close(dx[b][i], back[from][i] + (0..O).map(|o| dz[b][o] * w[i][o]).sum::<f64>()));
            }
        };
        close(Both { start, back, x: &x, w: &w, dz: &dz }.run(OneLane));
        for &level in Level::ALL {
            if set_level(level).is_err() {
                continue;
            }
            let all = dispatch(Both { start, back, x: &x, w: &w, dz: &dz });
            close(all);
            // One row alone has the same bits as among others.
            for b in 0..B {
                let (start, back) = (&start[b.min(starts - 1)..][..1], &back[b.min(starts - 1)..][..1]);
                let one = dispatch(Both::<1, I, O> { start, back, x: &[x[b]], w: &w, dz: &[dz[b]] });
                assert_eq!(one, ([all.0[b]], [all.1[b]]), "{level:?}");
            }
        }
    }

    #[test]
    fn products_continue_sums_in_order() {
        agrees::<1, 1, 1>(1);
        agrees::<3, 7, 17>(3);
        agrees::<9, 10, 1>(9);
        agrees::<6, 3, 33>(1);
        if cfg!(not(miri)) {
            agrees::<13, 33, 8>(13);
            agrees::<5, 1, 70>(1);
        }
    }
}
