//! Matrix products of odd shapes against plain loops, at each instruction set.

mod common;

use common::at_every_level;
use shiplap::{
    Rng, Tensor,
    kernel::{Element, Simd, Unchanged, Work, dispatch, nn, nt, sum_rows, tn},
};

/// The initial value of results, which must remain beyond the requested rows.
const UNTOUCHED: f64 = 99.0;

type Matrix<T, const N: usize> = Vec<[T; N]>;

struct Products<'a, T, const I: usize, const O: usize> {
    x: &'a [[T; I]],
    w: &'a [[T; O]; I],
    bias: &'a [T; O],
    dz: &'a [[T; O]],
}

impl<T: Element, const I: usize, const O: usize> Work for Products<'_, T, I, O> {
    type Output = (Matrix<T, O>, [[T; O]; I], Matrix<T, I>, [T; O]);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let old = T::from_f64(UNTOUCHED);
        let rows = self.x.len() + 1;
        let (mut y, mut gradient) = (vec![[old; O]; rows], [[old; O]; I]);
        let (mut dx, mut sums) = (vec![[old; I]; rows], [old; O]);
        nn(simd, self.x, self.w, self.bias, &Unchanged, &mut y);
        tn(simd, self.x, self.dz, &mut gradient);
        nt(simd, self.dz, self.w, &mut dx);
        sum_rows(simd, self.dz, &mut sums);
        (y, gradient, dx, sums)
    }
}

/// Small whole numbers: sums of their products are exact in any order.
fn whole<T: Element, const N: usize>(rng: &mut Rng) -> [T; N] {
    std::array::from_fn(|_| T::from_f64((rng.bits() % 9) as f64 - 4.0))
}

fn sum<T: Element>(terms: impl Iterator<Item = T>) -> T {
    terms.fold(T::zero(), |sum, term| sum + term)
}

fn agrees<T: Element + Tensor<Element = T>, const I: usize, const O: usize>() {
    let mut rng = Rng::new(3);
    for rows in (0..10).chain([17, 33]) {
        let x: Matrix<T, I> = (0..rows).map(|_| whole(&mut rng)).collect();
        let dz: Matrix<T, O> = (0..rows).map(|_| whole(&mut rng)).collect();
        let w: [[T; O]; I] = std::array::from_fn(|_| whole(&mut rng));
        let bias: [T; O] = whole(&mut rng);

        let old = T::from_f64(UNTOUCHED);
        let mut y: Matrix<T, O> =
            x.iter().map(|x| std::array::from_fn(|o| bias[o] + sum((0..I).map(|i| x[i] * w[i][o])))).collect();
        y.push([old; O]);
        let gradient = std::array::from_fn(|i| std::array::from_fn(|o| sum((0..rows).map(|b| x[b][i] * dz[b][o]))));
        let mut dx: Matrix<T, I> =
            dz.iter().map(|dz| std::array::from_fn(|i| sum((0..O).map(|o| dz[o] * w[i][o])))).collect();
        dx.push([old; I]);
        let sums = std::array::from_fn(|o| sum(dz.iter().map(|dz| dz[o])));

        let ours = dispatch(Products { x: &x, w: &w, bias: &bias, dz: &dz });
        assert_eq!(ours, (y, gradient, dx, sums), "{rows} rows, {I} to {O}");
    }
}

macro_rules! shapes {
    ($($scalar:ident: $($inputs:literal to $outputs:literal),*;)*) => {
        $($(agrees::<$scalar, $inputs, $outputs>();)*)*
    };
}

#[test]
fn products_of_any_shape_agree_with_plain_loops() {
    at_every_level(|_| {
        shapes! {
            f32: 1 to 1, 1 to 17, 3 to 33, 7 to 3, 17 to 7, 17 to 17, 33 to 1, 33 to 33;
            f64: 1 to 7, 7 to 17, 17 to 1, 33 to 3;
        }
    });
}
