//! Matrix products and pooling layers of odd shapes against plain loops, at each instruction set.

mod common;

use common::at_every_level;
use shiplap::{
    Rng, Tensor, Zeroed,
    kernel::{Element, Simd, Unchanged, Work, dispatch, nn, nt, sum_rows, tn},
    layer::Predictions,
    layers::image::{Average, Max, Pool2d, Reduce},
    prelude::*,
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
            f32: 1 to 1, 1 to 17, 3 to 33, 7 to 3, 17 to 7, 17 to 17, 33 to 1, 33 to 33, 40 to 11, 70 to 6;
            f64: 1 to 7, 7 to 17, 17 to 1, 33 to 3, 35 to 12;
        }
    });
}

/// The output of a layer for one input, and the gradient of the input.
struct Passes<'a, L: Layer>(&'a L::Input, &'a L::Output);

impl<L: Layer> Work for Passes<'_, L> {
    type Output = (Box<L::Output>, Box<L::Input>);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        use std::slice::{from_mut, from_ref};
        let (layer, mut tape) = (L::zeroed_box(), L::Tape::<1>::zeroed_box());
        let (mut y, mut dy, mut dx) = (L::Output::zeroed_box(), Box::new(*self.1), L::Input::zeroed_box());
        let x = from_ref(self.0);
        layer.forward_batch::<S, Predictions, 1>(simd, x, from_mut(&mut y));
        layer.record_batch::<S, Predictions, 1>(simd, None, x, &mut tape, from_mut(&mut y));
        let (y_row, dy, dx_row) = (from_ref(&*y), from_mut(&mut *dy), from_mut(&mut *dx));
        layer.backward_batch::<S, Predictions, 1>(simd, x, &mut tape, y_row, dy, Some(dx_row));
        (y, dx)
    }
}

fn random<X: Tensor>(rng: &mut Rng) -> Box<X> {
    let mut random = X::zeroed_box();
    X::flat_mut(std::slice::from_mut(&mut *random))
        .iter_mut()
        .for_each(|value| *value = X::Element::from_f64(rng.normal()));
    random
}

/// An image of 7×6 pixels, and windows of 3×2 pixels with stride 2: after a pixel of padding, and without.
type Small<T, const C: usize> = Image<7, 6, C, T>;
type Same2<R, T, const C: usize> = Pool2d<R, Small<T, C>, 3, Same<2>, 2, Image<4, 3, C, T>>;
type Valid2<R, T, const C: usize> = Pool2d<R, Small<T, C>, 3, Valid<2>, 2, Image<3, 3, C, T>>;

fn pools_agree<T, R, L, const C: usize, const OH: usize, const PADDING: usize>()
where
    T: Element + Tensor<Element = T>,
    R: Reduce,
    L: Layer<Element = T, Input = Small<T, C>, Output = Image<OH, 3, C, T>>,
{
    let mut rng = Rng::new(5);
    let (x, dy) = (random::<L::Input>(&mut rng), random::<L::Output>(&mut rng));
    let (mut y, mut dx) = (L::Output::zeroed_box(), L::Input::zeroed_box());
    for (i, j, c) in (0..OH).flat_map(|i| (0..3).flat_map(move |j| (0..C).map(move |c| (i, j, c)))) {
        let rows = (2 * i..2 * i + 3).filter(|row| (PADDING..PADDING + 7).contains(row)).map(|row| row - PADDING);
        let pixels: Vec<_> = rows.flat_map(|row| [(row, 2 * j), (row, 2 * j + 1)]).collect();
        let values = pixels.iter().map(|&(row, column)| x[row][column][c]);
        if R::NAME == Max::NAME {
            y[i][j][c] =
                values.fold(T::from_f64(f64::NEG_INFINITY), |top, value| if value > top { value } else { top });
            let (row, column) = pixels.into_iter().find(|&(row, column)| x[row][column][c] == y[i][j][c]).unwrap();
            dx[row][column][c] += dy[i][j][c];
        } else {
            let count = T::from_f64(pixels.len() as f64);
            y[i][j][c] = sum(values) / count;
            pixels.into_iter().for_each(|(row, column)| dx[row][column][c] += dy[i][j][c] / count);
        }
    }
    assert_eq!(dispatch(Passes::<L>(&x, &dy)), (y, dx), "{}, {C} channels", R::NAME);
}

fn every_pool_agrees<T: Element + Tensor<Element = T>, const C: usize>() {
    pools_agree::<T, Max, Same2<Max, T, C>, C, 4, 1>();
    pools_agree::<T, Max, Valid2<Max, T, C>, C, 3, 0>();
    pools_agree::<T, Average, Same2<Average, T, C>, C, 4, 1>();
    pools_agree::<T, Average, Valid2<Average, T, C>, C, 3, 0>();

    let mut rng = Rng::new(6);
    let (x, dy) = (random::<Small<T, C>>(&mut rng), random::<[T; C]>(&mut rng));
    let share = T::from_f64(1.0 / 42.0);
    let y = std::array::from_fn(|c| sum(x.as_flattened().iter().map(|pixel| pixel[c])) * share);
    let dx = [[dy.map(|dy| dy * share); 6]; 7];
    let passes = dispatch(Passes::<GlobalAveragePool<Small<T, C>>>(&x, &dy));
    assert_eq!(passes, (Box::new(y), Box::new(dx)), "{C} channels");

    // Small integers, so that there are several largest pixels.
    let x = x.map(|row| row.map(|pixel| pixel.map(|value| T::from_f64((2.0 * value.to_f64()).round()))));
    let y = std::array::from_fn(|c| x.as_flattened().iter().map(|pixel| pixel[c]).reduce(Real::max).unwrap());
    let mut dx = Small::<T, C>::zeroed();
    for c in 0..C {
        let first = x.as_flattened().iter().position(|pixel| pixel[c] == y[c]).unwrap();
        dx.as_flattened_mut()[first][c] = dy[c];
    }
    let passes = dispatch(Passes::<GlobalMaxPool<Small<T, C>>>(&x, &dy));
    assert_eq!(passes, (Box::new(y), Box::new(dx)), "{C} channels");
}

#[test]
fn pools_of_any_number_of_channels_agree_with_plain_loops() {
    at_every_level(|_| {
        every_pool_agrees::<f32, 1>();
        every_pool_agrees::<f32, 3>();
        every_pool_agrees::<f32, 8>();
        every_pool_agrees::<f32, 21>();
        every_pool_agrees::<f32, 70>();
        every_pool_agrees::<f64, 5>();
    });
}

#[test]
fn a_maximum_shows_nan_and_a_mean_of_large_numbers_is_finite() {
    fn checked<const C: usize>() {
        let (mut x, dy) = (Box::new([[[1.0f32; C]; 6]; 7]), [[[0.0; C]; 3]; 3]);
        for pixel in [[2, 0], [0, 3], [6, 5]] {
            x[pixel[0]][pixel[1]] = [f32::NAN; C];
        }
        let (y, _) = dispatch(Passes::<Valid2<Max, f32, C>>(&x, &dy));
        let is_nan = y.map(|row| row.map(|pixel| pixel.map(f32::is_nan)));
        assert_eq!(
            is_nan,
            [[true, true, false], [true, false, false], [false, false, true]].map(|row| row.map(|nan| [nan; C]))
        );
        let (y, _) = dispatch(Passes::<GlobalMaxPool<Small<f32, C>>>(&x, &[0.0; C]));
        assert!(y.iter().all(|largest| largest.is_nan()), "{y:?}");

        for large in [3e38f32, -3.2e38] {
            let is_mean = |mean: f32| (mean / large - 1.0).abs() < 1e-6;
            let x = [[[large; C]; 6]; 7];
            let (y, _) = dispatch(Passes::<Valid2<Average, f32, C>>(&x, &dy));
            assert!(y.as_flattened().as_flattened().iter().all(|&mean| is_mean(mean)), "{y:?}");
            let (y, _) = dispatch(Passes::<GlobalAveragePool<Small<f32, C>>>(&x, &[0.0; C]));
            assert!(y.iter().all(|&mean| is_mean(mean)), "{y:?}");
        }
    }
    at_every_level(|_| {
        checked::<3>();
        checked::<16>();
    });
}
