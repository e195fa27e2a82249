//! The pass from images to images, forward or backward, for registers of several lanes.
//!
//! A block of neighboring pixels of the target stays in registers as sums. Step by step, one number of each source pixel
//! is multiplied by a row of weights. Blocks run across the columns for which every tap is inside the source. The other
//! columns, at the edges, have other taps, and blocks run down them.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::{hint::black_box, marker::PhantomData, ops::Range, slice};

use super::{
    axis::Axis,
    block::{Runs, Sizes},
};
use crate::kernel::{
    element::Element,
    formula::ElementwiseKernel,
    plain::of_width,
    simd::{MOST_LANES, Vector},
    tile::{load_registers, store_registers},
};

/// The number of steps for each line of taps from which on the loop over lines is not unrolled.
const LONG: usize = 96;

/// The weights of a pass: for each tap and channel of the source, in this order, a row of numbers, one for each channel
/// of the target. In a depthwise pass, a row for each tap.
pub(in crate::kernel) trait Weights<V, const N: usize> {
    /// The registers of a row, which belongs to `tap`, that are in a strip, which starts at `column`.
    ///
    /// # Safety
    ///
    /// The weights must contain the row, and the row the strip.
    unsafe fn row(&self, tap: [usize; 2], row: usize, strip: usize, column: usize) -> [V; N];
}

/// Where the sums of a pass start.
#[derive(Clone, Copy)]
pub(in crate::kernel) enum Start<'a, T> {
    /// With these numbers.
    Bias(&'a [T]),
    Zero,
    /// With the numbers in the target.
    Target,
}

/// A pass to one image, or to a lattice of pixels of it. If it is `DEPTHWISE`, each channel of the target depends on the
/// same channel of the source alone.
pub(in crate::kernel) struct Pass<'a, V, T, W, O, const N: usize, const DEPTHWISE: bool> {
    pub rows: Axis,
    pub columns: Axis,
    /// The number of channels of the source and the target.
    pub channels: [usize; 2],
    /// The distances, in numbers of the target, between rows and columns.
    pub distances: [usize; 2],
    /// The first number of the target.
    pub first: usize,
    /// The strips of channels to compute, each as wide as a block.
    pub strips: Range<usize>,
    pub weights: &'a W,
    /// The rows of weights to add, or all of them.
    pub steps: Option<Range<usize>>,
    pub start: Start<'a, T>,
    pub then: &'a O,
    pub register: PhantomData<[V; N]>,
}

/// Pixels of a row or column, and the taps that are inside for all of them.
struct Run {
    at: [usize; 2],
    /// The number of pixels at the start that are written already.
    skip: usize,
    taps: [Range<usize>; 2],
}

/// The number of the axis along which blocks run.
const DOWN: usize = 0;
const ACROSS: usize = 1;

impl<V: Vector<T>, T: Element, W: Weights<V, N>, O: ElementwiseKernel<0, 1>, const N: usize, const DEPTHWISE: bool>
    Pass<'_, V, T, W, O, N, DEPTHWISE>
{
    /// Computes the image.
    #[inline(always)]
    pub fn run<Z: Sizes<V>>(&self, source: &[T], target: &mut [T]) {
        debug_assert!(source.len() >= self.rows.source * self.columns.source * self.channels[0]);
        if const { Z::DOWN == 0 } {
            return self.pixels(source, target);
        }
        let covered =
            of_width!(const { Z::ACROSS }, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, self.across(source, target));
        if covered.len() < self.columns.target {
            of_width!(const { Z::DOWN }, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, self.down(source, target, covered));
        }
    }

    /// Computes each pixel by itself.
    #[inline(always)]
    fn pixels(&self, source: &[T], target: &mut [T]) {
        for row in 0..self.rows.target {
            for column in 0..self.columns.target {
                let taps = [self.rows.taps_inside(row), self.columns.taps_inside(column)];
                self.block::<ACROSS, 1>(source, target, Run { at: [row, column], skip: 0, taps });
            }
        }
    }

    /// Computes the columns for which all taps are inside, in blocks of `R` pixels. Returns these columns.
    #[inline(always)]
    fn across<const R: usize>(&self, source: &[T], target: &mut [T]) -> Range<usize> {
        let interior = interior(self.columns, R);
        for row in 0..self.rows.target {
            let taps = [self.rows.taps_inside(row), 0..self.columns.taps];
            for (column, skip) in Runs::new(interior.clone(), R) {
                self.block::<ACROSS, R>(source, target, Run { at: [row, column], skip, taps: taps.clone() });
            }
        }
        interior
    }

    /// Computes the columns that are not `covered`, in blocks of `R` pixels where all taps of their column are inside.
    #[inline(always)]
    fn down<const R: usize>(&self, source: &[T], target: &mut [T], covered: Range<usize>) {
        let interior = interior(self.rows, R);
        for column in (0..covered.start).chain(covered.end..self.columns.target) {
            let inside = self.columns.taps_inside(column);
            for (row, skip) in Runs::new(interior.clone(), R) {
                let taps = [0..self.rows.taps, inside.clone()];
                self.block::<DOWN, R>(source, target, Run { at: [row, column], skip, taps });
            }
            for row in (0..interior.start).chain(interior.end..self.rows.target) {
                let taps = [self.rows.taps_inside(row), inside.clone()];
                self.block::<DOWN, 1>(source, target, Run { at: [row, column], skip: 0, taps });
            }
        }
    }

    /// Computes a block of pixels, for all channels.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn block<const AXIS: usize, const R: usize>(&self, source: &[T], target: &mut [T], run: Run) {
        let from = (self.rows.start(run.at[0]) * self.columns.source as isize + self.columns.start(run.at[1]))
            * self.channels[0] as isize;
        let to = self.first + run.at[0] * self.distances[0] + run.at[1] * self.distances[1];
        for strip in self.strips.clone() {
            let Strip { column, end, skip } = Strip::new(strip, N * V::LANES, self.channels[1]);
            let mut sums = [[V::broadcast(T::zero()); N]; R];
            match self.start {
                Start::Bias(bias) => {
                    let start = load_registers(&bias[column..end]);
                    for pixel in 0..R {
                        sums[pixel] = start;
                    }
                }
                Start::Zero => {}
                Start::Target => {
                    for pixel in 0..R {
                        let place = to + pixel * self.distances[AXIS];
                        sums[pixel] = load_registers(&target[place + column..place + end]);
                    }
                }
            }
            sums = self.add_taps::<AXIS, R>(source, from, [strip, column], &run.taps, sums);
            for pixel in 0..R {
                for register in 0..N {
                    [sums[pixel][register]] = self.then.apply([], [sums[pixel][register]]);
                }
                if pixel >= run.skip {
                    let place = to + pixel * self.distances[AXIS];
                    store_from(sums[pixel], skip, &mut target[place + column..place + end]);
                }
            }
        }
    }

    /// Adds the products of these taps.
    #[inline(always)]
    fn add_taps<const AXIS: usize, const R: usize>(
        &self,
        source: &[T],
        from: isize,
        [strip, column]: [usize; 2],
        taps: &[Range<usize>; 2],
        mut sums: [[V; N]; R],
    ) -> [[V; N]; R] {
        let Self { rows, columns, .. } = *self;
        let channels = self.channels[0];
        let distance = [rows.stride * columns.source * channels, columns.stride * channels][AXIS];
        let steps = if DEPTHWISE { 1 } else { channels };
        // Without dilation, the numbers that the taps of a line read are contiguous in memory.
        let together = if !DEPTHWISE && columns.dilation == 1 { taps[1].len() } else { 1 };
        // Few lines would all be unrolled. If they are long, this gains nothing, and multiplies the time to compile them.
        let is_long = !DEPTHWISE && columns.taps * channels >= LONG;
        let lines = if is_long { black_box(taps[0].end) } else { taps[0].end };
        for ky in taps[0].start..lines {
            let line = from + (ky * rows.dilation * columns.source * channels) as isize;
            let mut kx = taps[1].start;
            while kx < taps[1].end {
                let row = (ky * columns.taps + kx) * steps;
                let (mut first, mut end) = (row, row + together * steps);
                if let Some(steps) = &self.steps {
                    (first, end) = (first.max(steps.start), end.min(steps.end));
                }
                let at = line + (kx * columns.dilation * channels) as isize - row as isize;
                for step in first..end {
                    // SAFETY: the steps are rows of the weights, and the strip is within a row.
                    let weights = unsafe { self.weights.row([ky, kx], step, strip, column) };
                    for pixel in 0..R {
                        let place = (at + (step + pixel * distance) as isize) as usize;
                        // SAFETY: the tap is inside the source for each pixel of the block.
                        let left = unsafe { read::<V, T, N, DEPTHWISE>(source, place, column, channels) };
                        for register in 0..N {
                            sums[pixel][register] = left[register].mul_add(weights[register], sums[pixel][register]);
                        }
                    }
                }
                kx += together;
            }
        }
        sums
    }
}

/// What is multiplied by the weights: the number at `place` in all lanes or, in a depthwise pass, the registers of the
/// strip that starts at `column` of the pixel at `place`.
///
/// # Safety
///
/// `place` must be inside the source; in a depthwise pass, the pixel and the strip, too.
#[inline(always)]
pub(in crate::kernel) unsafe fn read<V: Vector<T>, T: Element, const N: usize, const DEPTHWISE: bool>(
    source: &[T],
    place: usize,
    column: usize,
    channels: usize,
) -> [V; N] {
    let length = if DEPTHWISE { channels } else { 1 };
    debug_assert!(place <= source.len() && length <= source.len() - place);
    // SAFETY: the caller guarantees it.
    unsafe {
        if DEPTHWISE {
            strip(slice::from_raw_parts(source.as_ptr().add(place), channels), column)
        } else {
            [V::broadcast(*source.as_ptr().add(place)); N]
        }
    }
}

/// The registers of the strip of a row that starts at `column`.
///
/// # Safety
///
/// The strip must be within the row, or as long as the row.
#[inline(always)]
pub(in crate::kernel) unsafe fn strip<V: Vector<T>, T: Element, const N: usize>(row: &[T], column: usize) -> [V; N] {
    let mut registers = [V::broadcast(T::zero()); N];
    for register in 0..N {
        let start = column + register * V::LANES;
        let end = if row.len() < N * V::LANES { row.len().min(start + V::LANES) } else { start + V::LANES };
        debug_assert!(end <= row.len());
        // SAFETY: the caller guarantees it.
        registers[register] = V::load(unsafe { row.get_unchecked(start..end) });
    }
    registers
}

/// A strip of the channels of the target.
pub(in crate::kernel) struct Strip {
    /// Its first channel.
    pub column: usize,
    pub end: usize,
    /// The number of channels at its start that are also those of the strip before it.
    pub skip: usize,
}

impl Strip {
    /// The strip with this number. The last one overlaps the one before it rather than end past the last channel.
    #[inline(always)]
    pub const fn new(number: usize, width: usize, channels: usize) -> Self {
        let (next, most) = (number * width, channels.saturating_sub(width));
        let column = if next < most { next } else { most };
        Self { column, end: if channels < width { channels } else { column + width }, skip: next - column }
    }
}

/// The targets for which all taps are inside, unless they are fewer than `least`.
#[inline(always)]
fn interior(axis: Axis, least: usize) -> Range<usize> {
    let interior = axis.interior(0, axis.taps);
    if interior.len() < least { 0..0 } else { interior }
}

/// Writes the registers to `to`, up to its length, except for the first `skip` numbers.
#[inline(always)]
pub(in crate::kernel) fn store_from<V: Vector<T>, T: Element, const N: usize>(
    registers: [V; N],
    skip: usize,
    to: &mut [T],
) {
    if skip == 0 {
        store_registers(registers, to);
    } else {
        let (mut all, end) = ([[T::zero(); MOST_LANES]; N], to.len());
        store_registers(registers, all.as_flattened_mut());
        to[skip..].copy_from_slice(&all.as_flattened()[skip..end]);
    }
}
