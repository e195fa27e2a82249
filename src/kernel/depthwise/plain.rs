//! Depthwise convolutions for registers of one lane: short code without panics, and the oracle of the others.

use super::{Backward, Forward, Gradient};
use crate::kernel::{
    conv::{Axis, Steps},
    element::Element,
    formula::ElementwiseKernel,
    plain::{chunk, of_width, width},
};

/// `sums + a·b`.
#[inline(always)]
fn add_products<T: Element, const R: usize>(mut sums: [T; R], a: &[T; R], b: &[T; R]) -> [T; R] {
    for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
        *sum = a.mul_add(*b, *sum);
    }
    sums
}

impl<
    P: Steps,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Forward<'_, P, T, O, H, W, C, OH, OW, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        for image in 0..self.x.len() {
            for oy in 0..OH {
                for ox in 0..OW {
                    of_width!(width::<T>(C, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16,
                        self.pixel(image, oy, ox));
                }
            }
        }
    }

    /// The outputs at one pixel, `R` at a time. The last ones overlap those before them, and are the same numbers.
    #[inline(always)]
    fn pixel<const R: usize>(&mut self, image: usize, oy: usize, ox: usize) {
        let (Some(x), Some(y)) = (self.x.get(image), self.y.get_mut(image)) else { return };
        let Some(y) = y.get_mut(oy).and_then(|line| line.get_mut(ox)) else { return };
        for block in 0..C.div_ceil(R) {
            let c = (block * R).min(C - R);
            let Some(mut sums) = chunk::<T, R>(self.bias, c).copied() else { return };
            for (ky, line) in self.kernel.iter().enumerate() {
                let Some(x) = x.get(Self::ROWS.position(oy, ky)) else { continue };
                for (kx, weights) in line.iter().enumerate() {
                    let Some(x) = x.get(Self::COLUMNS.position(ox, kx)) else { continue };
                    let (Some(x), Some(weights)) = (chunk(x, c), chunk(weights, c)) else { return };
                    sums = add_products(sums, x, weights);
                }
            }
            let Some(y) = y.get_mut(c..).and_then(|y| y.first_chunk_mut()) else { return };
            *y = sums.map(|sum| {
                let [end] = self.then.apply([], [sum]);
                end
            });
        }
    }
}

impl<
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Backward<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        for image in 0..self.dz.len() {
            for iy in 0..H {
                for ix in 0..W {
                    of_width!(width::<T>(C, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16,
                        self.pixel(image, iy, ix));
                }
            }
        }
    }

    /// The gradient of the inputs at one pixel, `R` at a time, as in [`Forward::pixel`].
    #[inline(always)]
    fn pixel<const R: usize>(&mut self, image: usize, iy: usize, ix: usize) {
        let (Some(dz), Some(dx)) = (self.dz.get(image), self.dx.get_mut(image)) else { return };
        let Some(dx) = dx.get_mut(iy).and_then(|line| line.get_mut(ix)) else { return };
        for block in 0..C.div_ceil(R) {
            let c = (block * R).min(C - R);
            let mut sums = [T::zero(); R];
            for (ky, line) in self.kernel.iter().enumerate().rev() {
                let Some(dz) = Self::ROWS.target_of(iy, ky).and_then(|oy| dz.get(oy)) else { continue };
                for (kx, weights) in line.iter().enumerate().rev() {
                    let Some(dz) = Self::COLUMNS.target_of(ix, kx).and_then(|ox| dz.get(ox)) else { continue };
                    let (Some(dz), Some(weights)) = (chunk(dz, c), chunk(weights, c)) else { return };
                    sums = add_products(sums, dz, weights);
                }
            }
            let Some(dx) = dx.get_mut(c..).and_then(|dx| dx.first_chunk_mut()) else { return };
            *dx = sums;
        }
    }
}

impl<
    P: Steps,
    T: Element,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Gradient<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        let products = Products { x: self.x, dz: self.dz, rows: Self::ROWS, columns: Self::COLUMNS };
        for (ky, line) in self.gradient.iter_mut().enumerate() {
            for (kx, gradient) in line.iter_mut().enumerate() {
                products.sum(ky, kx, gradient);
            }
        }
    }
}

/// The images whose products are the gradient.
pub(super) struct Products<'a, T, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize> {
    pub x: &'a [[[[T; C]; W]; H]],
    pub dz: &'a [[[[T; C]; OW]; OH]],
    pub rows: Axis,
    pub columns: Axis,
}

impl<T: Element, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize>
    Products<'_, T, H, W, C, OH, OW>
{
    /// Computes the gradient of the weights of one tap.
    #[inline(always)]
    pub fn sum(&self, ky: usize, kx: usize, gradient: &mut [T; C]) {
        of_width!(width::<T>(C, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, self.blocks(ky, kx, gradient));
    }

    /// [`sum`](Self::sum), `R` numbers at a time, as in [`Forward::pixel`].
    #[inline(always)]
    fn blocks<const R: usize>(&self, ky: usize, kx: usize, gradient: &mut [T; C]) {
        for block in 0..C.div_ceil(R) {
            let c = (block * R).min(C - R);
            let mut sums = [T::zero(); R];
            for (x, dz) in self.x.iter().zip(self.dz) {
                for (oy, dz) in dz.iter().enumerate() {
                    let Some(x) = x.get(self.rows.position(oy, ky)) else { continue };
                    for (ox, dz) in dz.iter().enumerate() {
                        let Some(x) = x.get(self.columns.position(ox, kx)) else { continue };
                        let (Some(x), Some(dz)) = (chunk(x, c), chunk(dz, c)) else { return };
                        sums = add_products(sums, x, dz);
                    }
                }
            }
            let Some(gradient) = gradient.get_mut(c..).and_then(|row| row.first_chunk_mut()) else { return };
            *gradient = sums;
        }
    }
}
