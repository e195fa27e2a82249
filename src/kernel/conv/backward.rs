//! The backward pass to the input for registers of several lanes: a convolution of `dz` with the kernel, transposed and
//! from its last tap to its first. With a stride, each phase of pixels is a convolution with some of the taps.

use core::{marker::PhantomData, ops::Range};

use super::{
    Backward,
    axis::{Phase, Steps},
    block::{Size, Sizes},
    is_fallback,
    packed::{Pack, Packed},
    pass::{Pass, Start, Strip},
};
use crate::kernel::{
    element::Element,
    formula::Unchanged,
    panel::Panel,
    simd::{Simd, Vector},
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
    pub(super) fn images<V: Vector<T>>(&mut self, simd: impl Simd) {
        match const { Self::sizes::<V>()[0].registers } {
            1 => self.groups::<V, 1>(simd),
            2 => self.groups::<V, 2>(simd),
            3 => self.groups::<V, 3>(simd),
            _ => self.groups::<V, 4>(simd),
        }
    }

    const fn sizes<V: Vector<T>>() -> [Size; 2] {
        if is_fallback::<V, T>() {
            return Size::alone::<V, T>(C);
        }
        Size::pair::<V, T>(Self::ROWS.interior_lengths(), Self::COLUMNS.interior_lengths(), C)
    }

    /// [`images`](Self::images) in strips of `N` registers, a group of images at a time.
    #[inline(always)]
    fn groups<V: Vector<T>, const N: usize>(&mut self, simd: impl Simd) {
        let most = (GROUP / ((H * W * C + OH * OW * F).max(1) * size_of::<T>())).max(1);
        let mut start = 0;
        while start < self.dz.len() {
            let end = self.dz.len().min(start + most);
            for row in 0..H.min(P::STRIDE[0]) {
                for column in 0..W.min(P::STRIDE[1]) {
                    self.phase::<V, N>(simd, start..end, [Self::ROWS.phase(row), Self::COLUMNS.phase(column)]);
                }
            }
            start = end;
        }
    }

    /// Computes the pixels of a phase, with as many of the weights at a time as fit into a panel.
    #[inline(always)]
    fn phase<V: Vector<T>, const N: usize>(&mut self, simd: impl Simd, images: Range<usize>, phases: [Phase; 2]) {
        let [rows, columns] = phases;
        let kernel = self.kernel.as_flattened().as_flattened().as_flattened();
        let shape = [KW, C, F];
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
                        simd.run(Pack { kernel, shape, phases, column, steps: part.clone(), packing: &mut packing });
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
