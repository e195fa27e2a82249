//! Sums over the columns of rows, and the formulas of normalization.

use core::slice;

use crate::{
    Tensor,
    activation::Fusible,
    kernel::{self, Element, ElementwiseKernel, Product, Real, Simd, elementwise, map_each},
};

/// The numbers of a tensor.
#[inline(always)]
pub(super) fn flat<X: Tensor>(tensor: &X) -> &[X::Element] {
    X::flat(slice::from_ref(tensor))
}

/// The numbers of a tensor, with write access.
#[inline(always)]
pub(super) fn flat_mut<X: Tensor>(tensor: &mut X) -> &mut [X::Element] {
    X::flat_mut(slice::from_mut(tensor))
}

/// `tensor[c] = formula(read[c], tensor[c])`
#[inline(always)]
pub(super) fn change<S: Simd, C: Tensor, O: ElementwiseKernel<R, 1>, const R: usize>(
    simd: S,
    formula: O,
    read: [&C; R],
    mut tensor: C,
) -> C {
    elementwise(simd, &formula, read.map(flat), [flat_mut(&mut tensor)]);
    tensor
}

/// `Σ formula(rows[0][r][c], rows[1][r][c], columns[c])` over all rows `r`, for each column `c` and each number of the
/// formula, which adds to its last numbers.
#[inline(always)]
pub(super) fn column_sums<S: Simd, C: Tensor, O: ElementwiseKernel<3, N>, const N: usize>(
    simd: S,
    formula: O,
    rows: [&[C::Element]; 2],
    columns: &C,
) -> [C; N] {
    let mut sums = [C::zeroed_on_stack(); N];
    kernel::column_sums(simd, formula, rows, flat(columns), map_each(&mut sums, flat_mut));
    sums
}

/// `y[r][c] = formula(rows[0][r][c], rows[1][r][c], columns[0][c], ..)` for all rows `r` and columns `c`.
#[inline(always)]
pub(super) fn for_each_row<S: Simd, C: Tensor, O: ElementwiseKernel<6, 1>>(
    simd: S,
    formula: O,
    rows: [&[C::Element]; 2],
    columns: [&C; 4],
    y: &mut [C::Element],
) {
    kernel::for_each_row(simd, formula, rows, columns.map(flat), y);
}

/// The mean and the variance of each column of `rows`.
#[inline(always)]
pub(super) fn moments<S: Simd, C: Tensor>(simd: S, rows: &[C::Element]) -> [C; 2] {
    let share = share(rows, C::LEN);
    let [sum] = column_sums(simd, AddFirst, [rows, rows], &C::zeroed_on_stack());
    let mean = change(simd, Times(share), [], sum);
    let [squares] = column_sums(simd, AddSquare, [rows, rows], &mean);
    [mean, change(simd, Times(share), [], squares)]
}

/// The gradient with respect to `x` of its normalization by [`moments`], from that with respect to the outputs, the sums of
/// the gradients with respect to shift and scale, and the `share` of each row in the moments.
#[inline(always)]
pub(super) fn moments_backward<S: Simd, C: Tensor>(
    simd: S,
    [dy, x]: [&[C::Element]; 2],
    [mean, inverse, scale]: [&C; 3],
    sums: &[C; 2],
    share: f64,
    dx: &mut [C::Element],
) {
    let factor = change(simd, Product, [scale], *inverse);
    let a = change(simd, Product, [&factor], change(simd, Times(share), [], sums[0]));
    let b = change(simd, Product, [inverse], sums[1]);
    let b = change(simd, Product, [&factor], change(simd, Times(share), [], b));
    for_each_row(simd, NormalizeGradient, [dy, x], [mean, &factor, &a, &b], dx);
}

/// 1 over the number of rows.
#[inline(always)]
pub(super) fn share<T: Element>(rows: &[T], columns: usize) -> f64 {
    1.0 / (rows.len() / columns.max(1)).max(1) as f64
}

/// `Σ a`
#[derive(Clone, Copy)]
pub(super) struct AddFirst;

impl ElementwiseKernel<3, 1> for AddFirst {
    #[inline(always)]
    fn apply<V: Real>(&self, [a, _, _]: [V; 3], [sum]: [V; 1]) -> [V; 1] {
        [sum + a]
    }
}

/// `Σ (a − mean)²`
#[derive(Clone, Copy)]
pub(super) struct AddSquare;

impl ElementwiseKernel<3, 1> for AddSquare {
    #[inline(always)]
    fn apply<V: Real>(&self, [a, _, mean]: [V; 3], [sum]: [V; 1]) -> [V; 1] {
        let distance = a - mean;
        [sum + distance * distance]
    }
}

/// `Σ dy` and `Σ dy·(x − mean)`: the gradients with respect to the shift and, over the deviation, to the scale.
#[derive(Clone, Copy)]
pub(super) struct AddGradients;

impl ElementwiseKernel<3, 2> for AddGradients {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x, mean]: [V; 3], [shift, scale]: [V; 2]) -> [V; 2] {
        [shift + dy, scale + dy * (x - mean)]
    }
}

#[derive(Clone, Copy)]
pub(super) struct Times(pub f64);

impl ElementwiseKernel<0, 1> for Times {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [a]: [V; 1]) -> [V; 1] {
        [a * V::splat(self.0)]
    }
}

/// `1/√(variance + ε)`. An infinite variance, a sign of divergence, gives NaN.
#[derive(Clone, Copy)]
pub(super) struct InverseDeviation(pub f64);

impl ElementwiseKernel<0, 1> for InverseDeviation {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [variance]: [V; 1]) -> [V; 1] {
        [V::splat(1.0) / (variance + V::splat(self.0)).sqrt() + variance * V::splat(0.0)]
    }
}

/// `y = then((x − mean)·factor + shift)`
#[derive(Clone, Copy)]
pub(super) struct Normalize<O>(pub O);

impl<O: ElementwiseKernel<0, 1>> ElementwiseKernel<6, 1> for Normalize<O> {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, _, mean, factor, shift, _]: [V; 6], _: [V; 1]) -> [V; 1] {
        self.0.apply([], [(x - mean) * factor + shift])
    }
}

/// The rows of `x`, normalized.
pub(super) struct Normalized<'a, S, I, C> {
    pub simd: S,
    pub x: &'a [I],
    pub mean: C,
    pub factor: C,
    pub shift: C,
}

impl<S: Simd, I: Tensor, C: Tensor<Element = I::Element>> Fusible<I> for Normalized<'_, S, I, C> {
    #[inline(always)]
    fn compute<O: ElementwiseKernel<0, 1>>(self, then: &O, y: &mut [I]) {
        let Self { simd, x, mean, factor, shift } = self;
        for_each_row(simd, Normalize(*then), [I::flat(x); 2], [&mean, &factor, &shift, &shift], I::flat_mut(y));
    }
}

/// `dx = dy·factor − a − (x − mean)·b`: `a` and `b` come from the dependence of mean and variance on `x`.
#[derive(Clone, Copy)]
pub(super) struct NormalizeGradient;

impl ElementwiseKernel<6, 1> for NormalizeGradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x, mean, factor, a, b]: [V; 6], _: [V; 1]) -> [V; 1] {
        [dy * factor - a - (x - mean) * b]
    }
}

/// Moves the running value toward that of the batch by this share of their distance.
#[derive(Clone, Copy)]
pub(super) struct Toward(pub f64);

impl ElementwiseKernel<1, 1> for Toward {
    #[inline(always)]
    fn apply<V: Real>(&self, [batch]: [V; 1], [running]: [V; 1]) -> [V; 1] {
        [running + (batch - running) * V::splat(self.0)]
    }
}
