//! The kernel of a convolution, transposed and packed for the backward pass.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{axis::Phase, pass::Weights};
use crate::kernel::{
    element::Element,
    matmul::transpose,
    panel::Packing,
    simd::{MOST_LANES, Simd, Vector, Work},
};

/// Adds a register of some rows of the transposed kernel to a panel, in the order of the taps of the phases. The shape of
/// the kernel is not a constant, so that all layers share the code.
pub(super) struct Pack<'a, 'p, V, T> {
    pub kernel: &'a [T],
    /// The numbers of taps of a line, of rows and of columns of the kernel.
    pub shape: [usize; 3],
    pub phases: [Phase; 2],
    /// The first row of the kernel, which is a column of its transpose.
    pub column: usize,
    pub steps: Range<usize>,
    pub packing: &'a mut Packing<'p, V, 1>,
}

impl<V: Vector<T>, T: Element> Work for Pack<'_, '_, V, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { kernel, shape: [taps, height, width], phases: [rows, columns], column, steps, packing } = self;
        if steps.is_empty() {
            return;
        }
        let (mut left, tap, mut from) = (steps.len(), steps.start / width, steps.start % width);
        let [mut ky, mut kx] = [tap / columns.axis.taps, tap % columns.axis.taps];
        loop {
            let tap = (rows.tap(ky) * taps + columns.tap(kx)) * height;
            let mut square = [V::broadcast(T::zero()); MOST_LANES];
            for lane in 0..V::LANES.min(height - column) {
                let row = (tap + column + lane) * width;
                square[lane] = V::load(&kernel[row + from..row + width]);
            }
            let square = transpose(square);
            let count = V::LANES.min(width - from).min(left);
            if count == V::LANES {
                // All in registers.
                for lane in 0..V::LANES {
                    packing.push([square[lane]]);
                }
            } else {
                for lane in 0..count {
                    packing.push([square[lane]]);
                }
            }
            left -= count;
            if left == 0 {
                return;
            }
            from += count;
            if from == width {
                (from, kx) = (0, kx + 1);
            }
            if kx == columns.axis.taps {
                (kx, ky) = (0, ky + 1);
            }
        }
    }
}

/// Some rows of weights in a panel: for each register of some strips, these rows.
pub(super) struct Packed<'a, V> {
    pub panel: &'a [[V; 1]],
    /// The first strip.
    pub strip: usize,
    /// The first row.
    pub step: usize,
    /// The number of rows.
    pub steps: usize,
}

impl<V: Copy, const N: usize> Weights<V, N> for Packed<'_, V> {
    #[inline(always)]
    unsafe fn row(&self, _: [usize; 2], row: usize, strip: usize, _: usize) -> [V; N] {
        let first = (strip - self.strip) * N * self.steps + row - self.step;
        debug_assert!(first + (N - 1) * self.steps < self.panel.len());
        // SAFETY: the caller guarantees that the row and the strip are in the panel.
        unsafe {
            let place = self.panel.as_ptr().add(first);
            let mut weights = [(*place)[0]; N];
            for register in 1..N {
                weights[register] = (*place.add(register * self.steps))[0];
            }
            weights
        }
    }
}
