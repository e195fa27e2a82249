//! Products and elementwise kernels for registers of one lane: fast and small code without panics.
//!
//! Several sums side by side share their loads. Each sum adds its terms in order, so the number of sums does not affect
//! the result.

use core::array;

use super::{
    element::Element,
    formula::{ElementwiseKernel, Summand},
};

/// Whether each multiplication of `T` is a function call, in which case several sums side by side gain nothing.
const fn calls<T>() -> bool {
    let doubles = cfg!(any(target_arch = "arm", target_arch = "riscv32")) && size_of::<T>() > size_of::<f32>();
    cfg!(floats = "software") || doubles
}

/// The number of sums, out of `count`, to compute side by side: at most `most`, chosen so that blocks overlap little.
pub(super) const fn width<T>(count: usize, most: usize) -> usize {
    let most = if calls::<T>() { 1 } else { most };
    if count == 0 { 0 } else { count.div_ceil(count.div_ceil(most)) }
}

/// Calls a function with the width as a const argument; the other arms are not compiled.
macro_rules! of_width {
    ($width:expr, $($each:literal)*, $function:ident $arguments:tt) => {
        match const { $width } {
            $($each => $function::<$each, _, _, _>$arguments,)*
            _ => {}
        }
    };
    ($width:expr, $($each:literal)*, $object:tt.$method:ident $arguments:tt) => {
        match const { $width } {
            $($each => $object.$method::<$each>$arguments,)*
            _ => Default::default(),
        }
    };
}
pub(super) use of_width;

/// `y[b][o] = then(bias[o] + Σᵢ x[b][i]·w[i][o])`.
#[inline(always)]
pub(super) fn nn<T: Element, O: ElementwiseKernel<0, 1>, const IN: usize, const OUT: usize>(
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    bias: &[T; OUT],
    then: &O,
    y: &mut [[T; OUT]],
) {
    let then = |sum| {
        let [end] = then.apply([], [sum]);
        end
    };
    for (x, y) in x.iter().zip(y) {
        if const { OUT == 1 } {
            // A single column is contiguous in memory.
            let (Some(w), Some(bias)) = (w.as_flattened().first_chunk::<IN>(), bias.first()) else { return };
            let [sum] = dots(x, array::from_ref(w), [*bias]);
            *y = [then(sum); OUT];
        } else {
            combine(x.iter(), w, bias, then, y);
        }
    }
}

/// `gradient[i][o] = Σ_b x[b][i]·dz[b][o]`.
#[inline(always)]
pub(super) fn tn<T: Element, const IN: usize, const OUT: usize>(
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    gradient: &mut [[T; OUT]; IN],
) {
    if const { OUT == 1 } {
        // A single column is contiguous in memory.
        let Some(gradient) = gradient.as_flattened_mut().first_chunk_mut() else { return };
        combine(dz.as_flattened().iter(), x, &[T::zero(); IN], |sum| sum, gradient);
        return;
    }
    for i in 0..IN {
        combine(x.iter().map(|x| &x[i]), dz, &[T::zero(); OUT], |sum| sum, &mut gradient[i]);
    }
}

/// `write = then(gradient, write)` for each number, with the gradient of [`tn`], computed row by row.
#[inline(always)]
pub(super) fn tn_then<T: Element, O: ElementwiseKernel<1, W>, const IN: usize, const OUT: usize, const W: usize>(
    x: &[[T; IN]],
    dz: &[[T; OUT]],
    then: &O,
    mut write: [&mut [[T; OUT]; IN]; W],
) {
    for i in 0..IN {
        let mut gradient = [T::zero(); OUT];
        combine(x.iter().map(|x| &x[i]), dz, &[T::zero(); OUT], |sum| sum, &mut gradient);
        elementwise(then, [&gradient], write.each_mut().map(|matrix| matrix[i].as_mut_slice()));
    }
}

/// `dx[b][i] = Σₒ dz[b][o]·w[i][o]`.
#[inline(always)]
pub(super) fn nt<T: Element, const IN: usize, const OUT: usize>(
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    for (dz, dx) in dz.iter().zip(dx) {
        of_width!(width::<T>(IN, 4), 1 2 3 4, dot_blocks(dz, (w, None), dx));
    }
}

/// The rows, then the last row without end.
#[inline(always)]
pub(super) fn repeated<X>(rows: &[X]) -> impl Iterator<Item = &X> {
    rows.iter().chain(rows.last().into_iter().cycle())
}

/// `y[b][o] = start[b][o] + Σᵢ x[b][i]·w[i][o]`, where the last row of `start` is repeated.
#[inline(always)]
pub(super) fn nn_from<T: Element, const IN: usize, const OUT: usize>(
    start: &[[T; OUT]],
    x: &[[T; IN]],
    w: &[[T; OUT]; IN],
    y: &mut [[T; OUT]],
) {
    for ((x, y), start) in x.iter().zip(y).zip(repeated(start)) {
        combine(x.iter(), w, start, |sum| sum, y);
    }
}

/// `dx[b][i] = start[b][i] + Σₒ dz[b][o]·w[i][o]`, where the last row of `start` is repeated.
#[inline(always)]
pub(super) fn nt_from<T: Element, const IN: usize, const OUT: usize>(
    start: &[[T; IN]],
    dz: &[[T; OUT]],
    w: &[[T; OUT]; IN],
    dx: &mut [[T; IN]],
) {
    for ((dz, dx), start) in dz.iter().zip(dx).zip(repeated(start)) {
        of_width!(width::<T>(IN, 4), 1 2 3 4, dot_blocks(dz, (w, Some(start)), dx));
    }
}

/// `sums[o] = Σ_b rows[b][o]`.
#[inline(always)]
pub(super) fn sum_rows<T: Element, const N: usize>(rows: &[[T; N]], sums: &mut [T; N]) {
    *sums = [T::zero(); N];
    for row in rows {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += *value;
        }
    }
}

/// `sums[n] = then(start[n] + Σ factors[step]·rows[step][n])`.
#[inline(always)]
fn combine<'a, T: Element, const N: usize>(
    factors: impl Iterator<Item = &'a T> + Clone,
    rows: &[[T; N]],
    start: &[T; N],
    then: impl Fn(T) -> T,
    sums: &mut [T; N],
) {
    // Sixteen sums leave room for the factors in the registers of a Cortex-M4F.
    let input = (factors, rows, start);
    of_width!(width::<T>(N, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, combine_blocks(input, then, sums));
}

/// [`combine`] in blocks of `C` sums. The last block overlaps the previous one, and writes the same numbers there
/// again.
#[inline(always)]
fn combine_blocks<'a, const C: usize, T: Element, const N: usize, F: Iterator<Item = &'a T> + Clone>(
    (factors, rows, start): (F, &[[T; N]], &[T; N]),
    then: impl Fn(T) -> T,
    sums: &mut [T; N],
) {
    for block in 0..N.div_ceil(C) {
        let column = (block * C).min(N - C);
        let Some(mut block) = chunk::<T, C>(start, column).copied() else { return };
        for (factor, row) in factors.clone().zip(rows) {
            let Some(row) = chunk::<T, C>(row, column) else { return };
            for (sum, value) in block.iter_mut().zip(row) {
                *sum = factor.mul_add(*value, *sum);
            }
        }
        let Some(sums) = sums.get_mut(column..).and_then(|sums| sums.first_chunk_mut()) else { return };
        *sums = block.map(&then);
    }
}

/// `sums[r] = start[r] + Σₙ x[n]·rows[r][n]`, in blocks as in [`combine_blocks`]. The start is 0 if there is none.
#[inline(always)]
fn dot_blocks<const R: usize, T: Element, const N: usize, const ROWS: usize>(
    x: &[T; N],
    (rows, start): (&[[T; N]; ROWS], Option<&[T; ROWS]>),
    sums: &mut [T; ROWS],
) {
    for block in 0..ROWS.div_ceil(R) {
        let row = (block * R).min(ROWS - R);
        let Some(rows) = chunk::<[T; N], R>(rows, row) else { return };
        let Some(sums) = sums.get_mut(row..).and_then(|sums| sums.first_chunk_mut()) else { return };
        let start = match start {
            None => [T::zero(); R],
            Some(start) => match chunk::<T, R>(start, row) {
                Some(start) => *start,
                None => return,
            },
        };
        *sums = dots(x, rows, start);
    }
}

/// `start[r] + Σₙ x[n]·rows[r][n]`.
#[inline(always)]
pub(super) fn dots<T: Element, const N: usize, const R: usize>(
    x: &[T; N],
    rows: &[[T; N]; R],
    start: [T; R],
) -> [T; R] {
    let mut sums = start;
    for n in 0..N {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = x[n].mul_add(row[n], *sum);
        }
    }
    sums
}

/// The `C` items from `first` on, which the caller knows to exist.
#[inline(always)]
pub(super) fn chunk<T, const C: usize>(items: &[T], first: usize) -> Option<&[T; C]> {
    items.get(first..)?.first_chunk()
}

/// `write = op(read, write)`, item by item, up to the length of the shortest slice.
#[inline(always)]
pub(super) fn elementwise<T: Element, O: ElementwiseKernel<R, W>, const R: usize, const W: usize>(
    op: &O,
    read: [&[T]; R],
    mut write: [&mut [T]; W],
) {
    let written = write.each_ref().map(|slice| slice.len()).into_iter().fold(usize::MAX, usize::min);
    for index in 0..written.min(shortest(&read)) {
        // SAFETY: `index` is within the shortest slice. (With several slices the compiler does not see this, and would
        // check again.)
        unsafe {
            let old = array::from_fn(|w| *write[w].get_unchecked(index));
            let new = op.apply(array::from_fn(|r| *read[r].get_unchecked(index)), old);
            write.iter_mut().zip(new).for_each(|(slice, new)| *slice.get_unchecked_mut(index) = new);
        }
    }
}

/// `Σ op(read)` over all items, up to the length of the shortest slice.
#[inline(always)]
pub(super) fn sum_of<T: Element, O: Summand<R>, const R: usize>(op: &O, read: [&[T]; R]) -> T {
    let mut sum = T::zero();
    for index in 0..shortest(&read) {
        // SAFETY: `index` is within the shortest slice.
        sum += op.apply(array::from_fn(|r| unsafe { *read[r].get_unchecked(index) }));
    }
    sum
}

/// The largest value; −∞ for an empty slice.
#[inline(always)]
pub(super) fn largest<T: Element>(values: &[T]) -> T {
    values.iter().fold(T::from_f64(f64::NEG_INFINITY), |top, value| value.max(top))
}

/// The length of the shortest slice.
#[inline(always)]
pub(super) fn shortest<T, const R: usize>(slices: &[&[T]; R]) -> usize {
    let mut length = usize::MAX;
    for slice in slices {
        length = length.min(slice.len());
    }
    length
}

#[cfg(test)]
pub(super) mod tests {
    use std::{prelude::v1::*, vec};

    use super::*;
    use crate::{
        Rng,
        kernel::{
            Level, Real, Simd, Unchanged, Work, elementwise, lanes::Lanes, largest, nn, nt, sum_of, sum_rows, tn,
            tn_then,
        },
    };

    /// The instruction set of a processor without SIMD registers.
    #[derive(Clone, Copy)]
    pub struct OneLane;

    impl Simd for OneLane {
        type F32 = Lanes<f32, 1>;
        type F64 = Lanes<f64, 1>;
        const LEVEL: Level = Level::Baseline;

        fn run<W: Work>(self, work: W) -> W::Output {
            work.run(self)
        }
    }

    fn agrees<const I: usize, const O: usize>() {
        let mut rng = Rng::new(3);
        for rows in [0, 1, 2, 5] {
            let mut draw = || rng.normal() as f32;
            let x: Vec<[f32; I]> = (0..rows).map(|_| array::from_fn(|_| draw())).collect();
            let dz: Vec<[f32; O]> = (0..rows).map(|_| array::from_fn(|_| draw())).collect();
            let w: [[f32; O]; I] = array::from_fn(|_| array::from_fn(|_| draw()));
            let bias: [f32; O] = array::from_fn(|_| draw());
            let (mut y, mut dx) = (vec![[9.0; O]; rows + 1], vec![[9.0; I]; rows + 1]);
            let (mut gradient, mut sums) = ([[9.0; O]; I], [9.0; O]);
            nn(OneLane, &x, &w, &bias, &Unchanged, &mut y);
            tn(OneLane, &x, &dz, &mut gradient);
            nt(OneLane, &dz, &w, &mut dx);
            sum_rows(OneLane, &dz, &mut sums);

            // Equal bit for bit, since each sum adds its terms in order.
            let sum = |start: f32, terms: &mut dyn Iterator<Item = (f32, f32)>| {
                terms.fold(start, |sum, (a, b)| Real::mul_add(a, b, sum))
            };
            for b in 0..rows {
                assert_eq!(y[b], array::from_fn(|o| sum(bias[o], &mut (0..I).map(|i| (x[b][i], w[i][o])))));
                assert_eq!(dx[b], array::from_fn(|i| sum(0.0, &mut (0..O).map(|o| (dz[b][o], w[i][o])))));
            }
            assert_eq!((y[rows], dx[rows]), ([9.0; O], [9.0; I]));
            for i in 0..I {
                let line = array::from_fn(|o| sum(0.0, &mut (0..rows).map(|b| (x[b][i], dz[b][o]))));
                assert_eq!(gradient[i], line);
            }
            let (mut risen, mut fallen) = ([[1.0; O]; I], [[1.0; O]; I]);
            tn_then(OneLane, &x, &dz, &Rise, [&mut risen, &mut fallen]);
            assert_eq!(risen, gradient.map(|row| row.map(|step| 1.0 + step)));
            assert_eq!(fallen, gradient.map(|row| row.map(|step| 1.0 - step)));
            assert_eq!(sums, array::from_fn(|o| dz.iter().map(|dz| dz[o]).fold(0.0, |sum, term| sum + term)));
        }
    }

    #[test]
    fn products_agree_with_plain_loops() {
        agrees::<1, 1>();
        agrees::<1, 3>();
        agrees::<3, 1>();
        agrees::<5, 7>();
        agrees::<4, 16>();
        agrees::<9, 33>();
        // These take Miri minutes.
        if cfg!(not(miri)) {
            agrees::<17, 17>();
            agrees::<33, 40>();
        }
    }

    #[test]
    fn widths_use_the_fewest_blocks() {
        for count in 0..200 {
            let width = width::<f32>(count, 16);
            assert!(width <= 16 && (count == 0) == (width == 0));
            assert!(count == 0 || count.div_ceil(width) == count.div_ceil(16) && width <= count, "{count} {width}");
        }
    }

    #[derive(Clone, Copy)]
    struct Rise;

    impl ElementwiseKernel<1, 2> for Rise {
        fn apply<V: Real>(&self, [step]: [V; 1], [a, b]: [V; 2]) -> [V; 2] {
            [a + step, b - step]
        }
    }

    impl Summand<2> for Rise {
        fn apply<V: Real>(&self, [a, b]: [V; 2]) -> V {
            a * b
        }
    }

    #[test]
    fn kernels_stop_at_the_shortest_slice() {
        let (mut a, mut b) = ([1.0; 5], [10.0; 4]);
        elementwise(OneLane, &Rise, [&[0.5, 1.5, 2.5]], [&mut a, &mut b]);
        assert_eq!((a, b), ([1.5, 2.5, 3.5, 1.0, 1.0], [9.5, 8.5, 7.5, 10.0]));
        assert_eq!(sum_of(OneLane, &Rise, [&a, &b]), 1.5 * 9.5 + 2.5 * 8.5 + 3.5 * 7.5 + 10.0);
        assert_eq!(sum_of::<_, f32, _, 2>(OneLane, &Rise, [&[], &[]]), 0.0);
        assert_eq!(largest(OneLane, &[-3.0, -1.0, -2.0]), -1.0);
        assert_eq!(largest::<_, f64>(OneLane, &[]), f64::NEG_INFINITY);
        assert_eq!(largest(OneLane, &[f32::NAN, 1.0, f32::NAN]), 1.0);
    }
}
