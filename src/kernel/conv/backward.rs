//! The backward pass to the input for registers of several lanes: a convolution of `dz` with the kernel, transposed and
//! from its last tap to its first. With a stride, each phase of pixels is a convolution with some of the taps.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{marker::PhantomData, ops::Range};

use super::{
    Backward,
    axis::{Phase, Steps},
    block::{Size, Sizes},
    pass::{Pass, Start, Strip, Weights},
};
use crate::kernel::{
    element::Element,
    formula::Unchanged,
    matmul::Transposed,
    panel::{Packing, Panel},
    simd::Vector,
    tile::{OnlyPack, RightOperand},
};

/// The number of bytes of images for which the weights are packed once: a part of a second-level cache.
const GROUP: usize = 128 * 1024;

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
    pub(super) fn images<V: Vector<T>>(&mut self) {
        match const { Self::sizes::<V>()[0].registers } {
            1 => self.groups::<V, 1>(),
            2 => self.groups::<V, 2>(),
            3 => self.groups::<V, 3>(),
            _ => self.groups::<V, 4>(),
        }
    }

    const fn sizes<V: Vector<T>>() -> [Size; 2] {
        Size::pair::<V, T>(Self::ROWS.interior_lengths(), Self::COLUMNS.interior_lengths(), C)
    }

    /// [`images`](Self::images) in strips of `N` registers, a group of images at a time.
    #[inline(always)]
    fn groups<V: Vector<T>, const N: usize>(&mut self) {
        let most = (GROUP / ((H * W * C + OH * OW * F).max(1) * size_of::<T>())).max(1);
        let mut start = 0;
        while start < self.dz.len() {
            let end = self.dz.len().min(start + most);
            for row in 0..H.min(P::STRIDE[0]) {
                for column in 0..W.min(P::STRIDE[1]) {
                    self.phase::<V, N>(start..end, Self::ROWS.phase(row), Self::COLUMNS.phase(column));
                }
            }
            start = end;
        }
    }

    /// Computes the pixels of a phase, with as many of the weights at a time as fit into a panel.
    #[inline(always)]
    fn phase<V: Vector<T>, const N: usize>(&mut self, images: Range<usize>, rows: Phase, columns: Phase) {
        let strips = C.div_ceil(N * V::LANES);
        let steps = rows.axis.taps * columns.axis.taps * F;
        let capacity = Panel::capacity::<V, 1>() / N;
        let depth = steps.min(capacity).max(1);
        let together = (capacity / depth).min(strips);
        let mut panel = Panel::new();
        let mut strip = 0;
        while strip < strips {
            let strips = strip..strips.min(strip + together);
            let mut step = 0;
            loop {
                let part = step..steps.min(step + depth);
                let mut packing = panel.clear::<V, 1>();
                for strip in strips.clone() {
                    for register in 0..N {
                        let column = Strip::new(strip, N * V::LANES, C).column + register * V::LANES;
                        self.pack(rows, columns, column, part.clone(), &mut packing);
                    }
                }
                let weights = Packed { panel: packing.finish(), strip, step, steps: part.len() };
                let pass = Pass::<_, _, _, _, N, false> {
                    rows: rows.axis,
                    columns: columns.axis,
                    channels: [F, C],
                    distances: [P::STRIDE[0] * W * C, P::STRIDE[1] * C],
                    first: (rows.first * W + columns.first) * C,
                    strips: strips.clone(),
                    weights: &weights,
                    steps: Some(part.clone()),
                    start: if step == 0 { Start::Zero } else { Start::Target },
                    then: &Unchanged,
                    register: PhantomData::<[V; N]>,
                };
                for image in images.clone() {
                    let (dz, dx) = (&self.dz[image], &mut self.dx[image]);
                    pass.run::<Self>(dz.as_flattened().as_flattened(), dx.as_flattened_mut().as_flattened_mut());
                }
                step = part.end;
                if step == steps {
                    break;
                }
            }
            strip = strips.end;
        }
    }

    /// Adds a register of these rows of the transposed kernel to the panel, in the order of the taps of a phase.
    #[inline(always)]
    fn pack<V: Vector<T>>(
        &self,
        rows: Phase,
        columns: Phase,
        column: usize,
        steps: Range<usize>,
        packing: &mut Packing<'_, V, 1>,
    ) {
        let mut step = steps.start;
        while step < steps.end {
            let (tap, from) = (step / F, step % F);
            let to = F.min(from + steps.end - step);
            let (ky, kx) = (tap / columns.axis.taps, tap % columns.axis.taps);
            let tap = &self.kernel[rows.tap(ky)][columns.tap(kx)];
            Transposed(tap).pack(column, from..to, packing, &mut OnlyPack);
            step += to - from;
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
    const F: usize,
    const KH: usize,
    const KW: usize,
> Sizes<V> for Backward<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    const DOWN: usize = Self::sizes::<V>()[0].pixels;
    const ACROSS: usize = Self::sizes::<V>()[1].pixels;
}

/// Some rows of weights in a panel: for each register of some strips, these rows.
struct Packed<'a, V> {
    panel: &'a [[V; 1]],
    /// The first strip.
    strip: usize,
    /// The first row.
    step: usize,
    /// The number of rows.
    steps: usize,
}

impl<V: Copy, const N: usize> Weights<V, N> for Packed<'_, V> {
    #[inline(always)]
    unsafe fn row(&self, _: [usize; 2], row: usize, strip: usize, _: usize) -> [V; N] {
        let first = (strip - self.strip) * N * self.steps + row - self.step;
        let mut weights = [self.panel[0][0]; N];
        for register in 0..N {
            let place = first + register * self.steps;
            debug_assert!(place < self.panel.len());
            // SAFETY: the caller guarantees that the row and the strip are in the panel.
            [weights[register]] = unsafe { *self.panel.get_unchecked(place) };
        }
        weights
    }
}
