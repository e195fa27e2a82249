//! The forward pass for registers of several lanes. Rows of weights are read in place.

use core::marker::PhantomData;

use super::{
    Forward,
    axis::Steps,
    block::{Size, Sizes},
    pass::{Pass, Start, Weights, strip},
};
use crate::kernel::{
    element::Element,
    formula::ElementwiseKernel,
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
    const F: usize,
    const KH: usize,
    const KW: usize,
> Forward<'_, P, T, O, H, W, C, OH, OW, F, KH, KW>
{
    #[inline(always)]
    pub(super) fn images<V: Vector<T>>(&mut self, _: impl Simd) {
        match const { Self::sizes::<V>()[0].registers } {
            1 => self.strips::<V, 1>(),
            2 => self.strips::<V, 2>(),
            3 => self.strips::<V, 3>(),
            _ => self.strips::<V, 4>(),
        }
    }

    const fn sizes<V: Vector<T>>() -> [Size; 2] {
        Size::pair::<V, T>(Self::ROWS.interior_length(), Self::COLUMNS.interior_length(), F)
    }

    /// [`images`](Self::images) in strips of `N` registers.
    #[inline(always)]
    fn strips<V: Vector<T>, const N: usize>(&mut self) {
        let pass = Pass::<_, _, _, _, N, false> {
            rows: Self::ROWS,
            columns: Self::COLUMNS,
            channels: [C, F],
            distances: [OW * F, F],
            first: 0,
            strips: 0..F.div_ceil(N * V::LANES),
            weights: &InPlace(self.kernel.as_flattened().as_flattened()),
            steps: None,
            start: Start::Bias(self.bias),
            then: self.then,
            register: PhantomData::<[V; N]>,
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
    const F: usize,
    const KH: usize,
    const KW: usize,
> Sizes<V> for Forward<'_, P, T, O, H, W, C, OH, OW, F, KH, KW>
{
    const DOWN: usize = Self::sizes::<V>()[0].pixels;
    const ACROSS: usize = Self::sizes::<V>()[1].pixels;
}

/// Rows of numbers in memory.
pub(in crate::kernel) struct InPlace<'a, T, const F: usize>(pub &'a [[T; F]]);

impl<V: Vector<T>, T: Element, const N: usize, const F: usize> Weights<V, N> for InPlace<'_, T, F> {
    #[inline(always)]
    unsafe fn row(&self, _: [usize; 2], row: usize, _: usize, column: usize) -> [V; N] {
        debug_assert!(row < self.0.len());
        // SAFETY: the caller guarantees that the row exists and contains the strip.
        unsafe { strip(&*self.0.as_ptr().add(row), column) }
    }
}
