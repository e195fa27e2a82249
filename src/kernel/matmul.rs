//! Products of matrices of fixed shape, for forward (`nn`) and backward (`tn`, `nt`).
//!
//! Each adds up a block of rows of its result at once, so that a row of the other matrix is read
//! once for the whole block and the inner loop runs along memory.

use super::{
    Element, Real, Simd,
    simd::{LANES, Lanes},
};

/// How many rows of the result share one pass.
const ROWS: usize = 4;

/// `y[b][o] = bias[o] + Σᵢ x[b][i]·w[i][o]`.
#[inline(always)]
pub fn nn<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    _: S,
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    y: &mut [[T; OUT]],
) {
    let rows = x.len().min(y.len());
    tiles(rows, |row, height| {
        for column in (0..OUT).step_by(LANES) {
            let start = load(bias, column);
            let mut sums = [start; ROWS];
            for (i, w) in w.iter().enumerate() {
                let w = load(w, column);
                for (sum, x) in sums.iter_mut().zip(&x[row..row + height]) {
                    *sum = Lanes::broadcast(x[i]).mul_add(w, *sum);
                }
            }
            for (y, sum) in y[row..row + height].iter_mut().zip(sums) {
                store(sum, y, column);
            }
        }
    });
}

/// `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
#[inline(always)]
pub fn tn<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    _: S,
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    gradient: &mut [[T; OUT]; IN],
) {
    tiles(IN, |row, height| {
        for column in (0..OUT).step_by(LANES) {
            let mut sums = [Lanes::broadcast(T::zero()); ROWS];
            for (x, dz) in x.iter().zip(dz) {
                let dz = load(dz, column);
                for (sum, &x) in sums.iter_mut().zip(&x[row..row + height]) {
                    *sum = Lanes::broadcast(x).mul_add(dz, *sum);
                }
            }
            for (gradient, sum) in gradient[row..row + height].iter_mut().zip(sums) {
                store(sum, gradient, column);
            }
        }
    });
}

/// `dx[b][i] = Σₒ dz[b][o]·w[i][o]`.
#[inline(always)]
pub fn nt<S: Simd, T: Element, const IN: usize, const OUT: usize>(
    _: S,
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    let rows = dz.len().min(dx.len());
    tiles(rows, |row, height| {
        for (i, w) in w.iter().enumerate() {
            let mut sums = [Lanes::broadcast(T::zero()); ROWS];
            for column in (0..OUT).step_by(LANES) {
                let w = load(w, column);
                for (sum, dz) in sums.iter_mut().zip(&dz[row..row + height]) {
                    *sum = load(dz, column).mul_add(w, *sum);
                }
            }
            for (dx, sum) in dx[row..row + height].iter_mut().zip(sums) {
                dx[i] = sum.sum();
            }
        }
    });
}

/// `sums[o] = Σ_b rows[b][o]`.
#[inline(always)]
pub fn sum_rows<S: Simd, T: Element, const N: usize>(_: S, rows: &[[T; N]], sums: &mut [T; N]) {
    *sums = [T::zero(); N];
    for row in rows {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}

/// Calls `tile(first, height)` for blocks of `ROWS`, then for what is left.
#[inline(always)]
fn tiles(rows: usize, mut tile: impl FnMut(usize, usize)) {
    let whole = rows - rows % ROWS;
    for row in (0..whole).step_by(ROWS) {
        tile(row, ROWS);
    }
    if whole < rows {
        tile(whole, rows - whole);
    }
}

/// A register of `from` beginning at `column`, zeros past its end.
#[inline(always)]
fn load<T: Element, const N: usize>(from: &[T; N], column: usize) -> Lanes<T> {
    let mut lanes = [T::zero(); LANES];
    let count = LANES.min(N - column);
    lanes[..count].copy_from_slice(&from[column..column + count]);
    Lanes(lanes)
}

#[inline(always)]
fn store<T: Element, const N: usize>(lanes: Lanes<T>, to: &mut [T; N], column: usize) {
    let count = LANES.min(N - column);
    to[column..column + count].copy_from_slice(&lanes.0[..count]);
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
        for level in [Level::Baseline, Level::Avx2] {
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
