//! Depthwise convolutions for registers of several lanes: the passes of `conv`, with a number of the source for each
//! lane.

use core::marker::PhantomData;

use super::{Backward, Forward, Gradient};
use crate::kernel::{
    conv::{Group, Grouped, InPlace, Pass, Phase, Sizes, Start, Steps, Sums, Weights, depthwise_pixels, strip},
    element::Element,
    formula::{ElementwiseKernel, Unchanged},
    simd::{Simd, Vector},
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
    const KH: usize,
    const KW: usize,
> Forward<'_, P, T, O, H, W, C, OH, OW, KH, KW>
{
    #[inline(always)]
    pub(super) fn images<V: Vector<T>>(&mut self, _: impl Simd) {
        let pass = Pass::<_, _, _, _, 1, true> {
            rows: Self::ROWS,
            columns: Self::COLUMNS,
            channels: [C, C],
            distances: [OW * C, C],
            first: 0,
            strips: 0..C.div_ceil(V::LANES),
            weights: &InPlace(self.kernel.as_flattened()),
            steps: None,
            start: Start::Bias(self.bias),
            then: self.then,
            register: PhantomData::<[V; 1]>,
        };
        for (x, y) in self.x.iter().zip(&mut *self.y) {
            pass.run::<Self>(x.as_flattened().as_flattened(), y.as_flattened_mut().as_flattened_mut());
        }
    }
}

impl<
    P: Steps,
    T: Element,
    O: ElementwiseKernel<0, 1>,
    V: Vector<T>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Sizes<V> for Forward<'_, P, T, O, H, W, C, OH, OW, KH, KW>
{
    const DOWN: usize = depthwise_pixels::<V, T>(Self::ROWS.interior_length());
    const ACROSS: usize = depthwise_pixels::<V, T>(Self::COLUMNS.interior_length());
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
    pub(super) fn images<V: Vector<T>>(&mut self, _: impl Simd) {
        for image in 0..self.dz.len() {
            for row in 0..H.min(P::STRIDE[0]) {
                for column in 0..W.min(P::STRIDE[1]) {
                    self.phase::<V>(image, [Self::ROWS.phase(row), Self::COLUMNS.phase(column)]);
                }
            }
        }
    }

    /// Computes the pixels of a phase.
    #[inline(always)]
    fn phase<V: Vector<T>>(&mut self, image: usize, phases: [Phase; 2]) {
        let [rows, columns] = phases;
        let pass = Pass::<_, _, _, _, 1, true> {
            rows: rows.axis,
            columns: columns.axis,
            channels: [C, C],
            distances: [P::STRIDE[0] * W * C, P::STRIDE[1] * C],
            first: (rows.first * W + columns.first) * C,
            strips: 0..C.div_ceil(V::LANES),
            weights: &Reversed { kernel: self.kernel, phases },
            steps: None,
            start: Start::Zero,
            then: &Unchanged,
            register: PhantomData::<[V; 1]>,
        };
        let (dz, dx) = (&self.dz[image], &mut self.dx[image]);
        pass.run::<Self>(dz.as_flattened().as_flattened(), dx.as_flattened_mut().as_flattened_mut());
    }
}

impl<
    P: Steps,
    T: Element,
    V: Vector<T>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Sizes<V> for Backward<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    const DOWN: usize = depthwise_pixels::<V, T>(Self::ROWS.interior_lengths());
    const ACROSS: usize = depthwise_pixels::<V, T>(Self::COLUMNS.interior_lengths());
}

/// The weights in the order of the taps of a phase.
struct Reversed<'a, T, const C: usize, const KH: usize, const KW: usize> {
    kernel: &'a [[[T; C]; KW]; KH],
    phases: [Phase; 2],
}

impl<V: Vector<T>, T: Element, const N: usize, const C: usize, const KH: usize, const KW: usize> Weights<V, N>
    for Reversed<'_, T, C, KH, KW>
{
    #[inline(always)]
    unsafe fn row(&self, [ky, kx]: [usize; 2], _: usize, _: usize, column: usize) -> [V; N] {
        let [rows, columns] = self.phases;
        let row = rows.tap(ky) * KW + columns.tap(kx);
        debug_assert!(row < KH * KW);
        // SAFETY: the caller guarantees that the tap exists and that its row contains the strip.
        unsafe { strip(&*self.kernel.as_flattened().as_ptr().add(row), column) }
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
    pub(super) fn images<V: Vector<T>>(&mut self, _: impl Simd) {
        let gradient = self.gradient.as_flattened_mut();
        gradient.as_flattened_mut().fill(T::zero());
        let (rows, columns) = (Self::ROWS, Self::COLUMNS);
        for (x, dz) in self.x.iter().zip(self.dz) {
            let (x, dz) = (x.as_flattened().as_flattened(), dz.as_flattened());
            Sums::<_, C, true> { rows, columns, channels: C, x, dz, gradient }.add::<Self, V>();
        }
    }
}

impl<
    P: Steps,
    T: Element,
    V: Vector<T>,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
> Grouped<V> for Gradient<'_, P, T, H, W, C, OH, OW, KH, KW>
{
    const GROUP: Group = Group::best::<V, T>([KH, KW], 1, C);
}
