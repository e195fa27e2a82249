//! Convolutions for registers of one lane: short code without panics, and the oracle of the others.

use super::{
    Backward, Forward, Gradient,
    axis::{Axis, Steps},
};
use crate::kernel::{
    element::Element,
    formula::ElementwiseKernel,
    plain::{chunk, dots, of_width, width},
};

impl<
    P: Steps,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
    const KH: usize,
    const KW: usize,
> Forward<'_, P, T, O, H, W, C, OH, OW, F, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        for image in 0..self.x.len() {
            for oy in 0..OH {
                for ox in 0..OW {
                    of_width!(width::<T>(F, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16,
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
        for block in 0..F.div_ceil(R) {
            let f = (block * R).min(F - R);
            let Some(mut sums) = chunk::<T, R>(self.bias, f).copied() else { return };
            for (ky, line) in self.kernel.iter().enumerate() {
                let Some(x) = x.get(Self::ROWS.position(oy, ky)) else { continue };
                for (kx, tap) in line.iter().enumerate() {
                    let Some(x) = x.get(Self::COLUMNS.position(ox, kx)) else { continue };
                    for (x, weights) in x.iter().zip(tap) {
                        let Some(weights) = chunk::<T, R>(weights, f) else { return };
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum = x.mul_add(*weight, *sum);
                        }
                    }
                }
            }
            let Some(y) = y.get_mut(f..).and_then(|y| y.first_chunk_mut()) else { return };
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
    const F: usize,
    const KH: usize,
    const KW: usize,
> Backward<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        for image in 0..self.dz.len() {
            for iy in 0..H {
                for ix in 0..W {
                    of_width!(width::<T>(C, 4), 1 2 3 4, self.pixel(image, iy, ix));
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
                for (kx, tap) in line.iter().enumerate().rev() {
                    let Some(dz) = Self::COLUMNS.target_of(ix, kx).and_then(|ox| dz.get(ox)) else { continue };
                    let Some(weights) = chunk::<[T; F], R>(tap, c) else { return };
                    sums = dots(dz, weights, sums);
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
    const F: usize,
    const KH: usize,
    const KW: usize,
> Gradient<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    #[inline(always)]
    pub(super) fn plain(&mut self) {
        let products = Products { x: self.x, dz: self.dz, rows: Self::ROWS, columns: Self::COLUMNS };
        for (ky, line) in self.gradient.iter_mut().enumerate() {
            for (kx, tap) in line.iter_mut().enumerate() {
                for (c, gradient) in tap.iter_mut().enumerate() {
                    products.sum(ky, kx, c, gradient);
                }
            }
        }
    }
}

/// The images whose products are the gradient.
pub(super) struct Products<
    'a,
    T,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const F: usize,
> {
    pub x: &'a [[[[T; C]; W]; H]],
    pub dz: &'a [[[[T; F]; OW]; OH]],
    pub rows: Axis,
    pub columns: Axis,
}

impl<T: Element, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const F: usize>
    Products<'_, T, H, W, C, OH, OW, F>
{
    /// Computes the gradient of the weights of one tap and channel.
    #[inline(always)]
    pub fn sum(&self, ky: usize, kx: usize, c: usize, gradient: &mut [T; F]) {
        of_width!(width::<T>(F, 16), 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, self.blocks(ky, kx, c, gradient));
    }

    /// [`sum`](Self::sum), `R` numbers at a time, as in [`Forward::pixel`].
    #[inline(always)]
    fn blocks<const R: usize>(&self, ky: usize, kx: usize, c: usize, gradient: &mut [T; F]) {
        for block in 0..F.div_ceil(R) {
            let f = (block * R).min(F - R);
            let mut sums = [T::zero(); R];
            for (x, dz) in self.x.iter().zip(self.dz) {
                for (oy, dz) in dz.iter().enumerate() {
                    let Some(x) = x.get(self.rows.position(oy, ky)) else { continue };
                    for (ox, dz) in dz.iter().enumerate() {
                        let Some(x) = x.get(self.columns.position(ox, kx)) else { continue };
                        let (Some(x), Some(dz)) = (x.get(c), chunk::<T, R>(dz, f)) else { return };
                        for (sum, dz) in sums.iter_mut().zip(dz) {
                            *sum = x.mul_add(*dz, *sum);
                        }
                    }
                }
            }
            let Some(gradient) = gradient.get_mut(f..).and_then(|row| row.first_chunk_mut()) else { return };
            *gradient = sums;
        }
    }
}
