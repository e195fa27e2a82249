//! The gradient of the kernel for registers of several lanes, also of a depthwise convolution.
//!
//! A block of the gradient stays in registers as sums: some channels of a tap or, if they are few, all channels of
//! several taps. Pixel by pixel of `dz`, the numbers that these taps read are multiplied by the row of `dz`.

#![expect(
    clippy::needless_range_loop,
    reason = "an index keeps arrays of registers in registers; an iterator takes their address"
)]

use core::ops::Range;

use super::{
    Gradient,
    axis::{Axis, Steps},
    block::{MOST_PIXELS, MOST_REGISTERS, Runs, Size},
    is_fallback,
    pass::{Strip, read, store_from, strip},
};
use crate::kernel::{
    element::Element,
    simd::{Simd, Vector},
    tile::load_registers,
};

/// The number of bytes of `dz` for which the sums stay in registers: a part of a first-level cache.
const BAND: usize = 16 * 1024;

/// The rows of the gradient in a block: `taps[0]·taps[1]·channels`.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Group {
    taps: [usize; 2],
    channels: usize,
    registers: usize,
}

impl Group {
    const fn rows(self) -> usize {
        self.taps[0] * self.taps[1] * self.channels
    }

    /// The tap and the channel of a row.
    #[inline(always)]
    const fn position(self, row: usize) -> [usize; 3] {
        let tap = row / self.channels;
        [tap / self.taps[1], tap % self.taps[1], row % self.channels]
    }

    /// The group that takes the shortest time. It contains all channels of its taps if it has several, and all taps of
    /// its lines if it has several lines.
    pub const fn best<V: Vector<T>, T: Element>(taps: [usize; 2], channels: usize, outputs: usize) -> Self {
        let mut best = Self { taps: [1, 1], channels: 1, registers: 1 };
        if is_fallback::<V, T>() {
            let registers = outputs.div_ceil(V::LANES);
            best.registers = if registers < MOST_REGISTERS { registers } else { MOST_REGISTERS };
            return best;
        }
        let mut shortest = usize::MAX;
        let mut registers = 1;
        while registers <= MOST_REGISTERS && registers <= outputs.div_ceil(V::LANES) {
            let (mut group, mut lines) = (Self { taps: [1, 1], channels: 1, registers }, 1);
            loop {
                let size = Size { pixels: group.rows(), registers };
                let blocks = taps[0].div_ceil(group.taps[0])
                    * taps[1].div_ceil(group.taps[1])
                    * channels.div_ceil(group.channels);
                let time = blocks * size.time::<V, T>(1, outputs);
                if size.pixels <= MOST_PIXELS && size.fits::<V, T>() && time < shortest {
                    (best, shortest) = (group, time);
                }
                if group.channels < channels {
                    group.channels += 1;
                } else if group.taps[1] < taps[1] {
                    group.taps[1] += 1;
                } else if lines < taps[0] {
                    lines += 1;
                    group.taps[0] = lines;
                } else {
                    break;
                }
            }
            registers += 1;
        }
        best
    }
}

/// The place of a block in the gradient.
struct Place {
    /// The first tap and channel, and how many at the start of the block belong to the blocks before it.
    ky: (usize, usize),
    kx: (usize, usize),
    channel: (usize, usize),
    strip: usize,
}

/// The size of the blocks of a gradient.
pub(in crate::kernel) trait Grouped<V> {
    const GROUP: Group;
}

/// The gradient of a kernel whose weights are rows of `F` numbers: for each tap and channel of x or, if it is
/// `DEPTHWISE`, for each tap.
pub(in crate::kernel) struct Sums<'a, T, const F: usize, const DEPTHWISE: bool> {
    pub rows: Axis,
    pub columns: Axis,
    /// The number of channels of x.
    pub channels: usize,
    /// An image, and the gradient of its outputs.
    pub x: &'a [T],
    pub dz: &'a [[T; F]],
    pub gradient: &'a mut [[T; F]],
}

impl<T: Element, const F: usize, const DEPTHWISE: bool> Sums<'_, T, F, DEPTHWISE> {
    /// Adds the products of the image.
    #[inline(always)]
    pub fn add<G: Grouped<V>, V: Vector<T>>(&mut self) {
        match const { G::GROUP.registers } {
            1 => self.strips::<G, V, 1>(),
            2 => self.strips::<G, V, 2>(),
            3 => self.strips::<G, V, 3>(),
            _ => self.strips::<G, V, 4>(),
        }
    }

    /// [`add`](Self::add) in strips of `N` registers.
    #[inline(always)]
    fn strips<G: Grouped<V>, V: Vector<T>, const N: usize>(&mut self) {
        match const { G::GROUP.rows() } {
            1 => self.bands::<G, V, N, 1>(),
            2 => self.bands::<G, V, N, 2>(),
            3 => self.bands::<G, V, N, 3>(),
            4 => self.bands::<G, V, N, 4>(),
            5 => self.bands::<G, V, N, 5>(),
            6 => self.bands::<G, V, N, 6>(),
            7 => self.bands::<G, V, N, 7>(),
            8 => self.bands::<G, V, N, 8>(),
            9 => self.bands::<G, V, N, 9>(),
            10 => self.bands::<G, V, N, 10>(),
            11 => self.bands::<G, V, N, 11>(),
            12 => self.bands::<G, V, N, 12>(),
            13 => self.bands::<G, V, N, 13>(),
            14 => self.bands::<G, V, N, 14>(),
            15 => self.bands::<G, V, N, 15>(),
            _ => self.bands::<G, V, N, 16>(),
        }
    }

    /// [`strips`](Self::strips) in blocks of `R` rows, a band of lines at a time.
    #[inline(always)]
    fn bands<G: Grouped<V>, V: Vector<T>, const N: usize, const R: usize>(&mut self) {
        debug_assert!(self.x.len() >= self.rows.source * self.columns.source * self.channels);
        debug_assert!(self.dz.len() >= self.rows.target * self.columns.target);
        let height = (BAND / (self.columns.target * F * size_of::<T>()).max(1)).max(1);
        let channels = if DEPTHWISE { 1 } else { self.channels };
        let mut line = 0;
        while line < self.rows.target {
            let band = line..self.rows.target.min(line + height);
            for strip in 0..F.div_ceil(N * V::LANES) {
                for ky in Runs::new(0..self.rows.taps, G::GROUP.taps[0]) {
                    for kx in Runs::new(0..self.columns.taps, G::GROUP.taps[1]) {
                        for channel in Runs::new(0..channels, G::GROUP.channels) {
                            self.block::<G, V, N, R>(band.clone(), &Place { ky, kx, channel, strip });
                        }
                    }
                }
            }
            line = band.end;
        }
    }

    /// Adds the products of some lines to a block.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn block<G: Grouped<V>, V: Vector<T>, const N: usize, const R: usize>(
        &mut self,
        lines: Range<usize>,
        place: &Place,
    ) {
        let Place { ky, kx, channel, strip } = *place;
        let Strip { column, end, skip } = Strip::new(strip, N * V::LANES, F);
        let mut sums = [[V::broadcast(T::zero()); N]; R];
        for row in 0..R {
            sums[row] = load_registers(&self.gradient[self.row::<G, V>(place, row)][column..end]);
        }
        // A block of one tap has no products where the tap is outside.
        let edges = const { G::GROUP.taps[0] * G::GROUP.taps[1] > 1 };
        for oy in lines {
            let kys = self.rows.taps_inside(oy);
            let all = kys.start <= ky.0 && ky.0 + G::GROUP.taps[0] <= kys.end;
            let interior = if all { self.columns.interior(kx.0, G::GROUP.taps[1]) } else { 0..0 };
            if edges {
                for ox in 0..interior.start {
                    let taps = [kys.clone(), self.columns.taps_inside(ox)];
                    sums = self.add_pixel::<G, V, N, R>([oy, ox], place, column, Some(taps), sums);
                }
            }
            for ox in interior.clone() {
                sums = self.add_pixel::<G, V, N, R>([oy, ox], place, column, None, sums);
            }
            if edges {
                for ox in interior.end..self.columns.target {
                    let taps = [kys.clone(), self.columns.taps_inside(ox)];
                    sums = self.add_pixel::<G, V, N, R>([oy, ox], place, column, Some(taps), sums);
                }
            }
        }
        for row in 0..R {
            let [y, x, c] = G::GROUP.position(row);
            if y >= ky.1 && x >= kx.1 && c >= channel.1 {
                let to = self.row::<G, V>(place, row);
                store_from(sums[row], skip, &mut self.gradient[to][column..end]);
            }
        }
    }

    /// The row of the gradient that is this row of a block.
    #[inline(always)]
    fn row<G: Grouped<V>, V>(&self, place: &Place, row: usize) -> usize {
        let [y, x, c] = G::GROUP.position(row);
        let channels = if DEPTHWISE { 1 } else { self.channels };
        ((place.ky.0 + y) * self.columns.taps + place.kx.0 + x) * channels + place.channel.0 + c
    }

    /// Adds the products of a pixel of `dz` to a block: to the rows whose tap is among `taps`, or to all.
    #[inline(always)]
    fn add_pixel<G: Grouped<V>, V: Vector<T>, const N: usize, const R: usize>(
        &self,
        [oy, ox]: [usize; 2],
        place: &Place,
        column: usize,
        taps: Option<[Range<usize>; 2]>,
        mut sums: [[V; N]; R],
    ) -> [[V; N]; R] {
        let (rows, columns, channels) = (self.rows, self.columns, self.channels);
        let (ky, kx) = (place.ky.0, place.kx.0);
        debug_assert!(oy * columns.target + ox < self.dz.len());
        // SAFETY: the pixel is one of the image, and the strip is within its channels.
        let right: [V; N] = unsafe { strip(&*self.dz.as_ptr().add(oy * columns.target + ox), column) };
        let line = rows.start(oy) + (ky * rows.dilation) as isize;
        let pixel = line * columns.source as isize + columns.start(ox) + (kx * columns.dilation) as isize;
        let from = pixel * channels as isize + place.channel.0 as isize;
        for row in 0..R {
            let [tap_y, tap_x, c] = G::GROUP.position(row);
            let inside = match &taps {
                Some([kys, kxs]) => kys.contains(&(ky + tap_y)) && kxs.contains(&(kx + tap_x)),
                None => true,
            };
            if inside {
                let tap = (tap_y * rows.dilation * columns.source + tap_x * columns.dilation) * channels;
                let at = (from + (tap + c) as isize) as usize;
                debug_assert!(at < self.x.len());
                // SAFETY: the tap is inside the image.
                let left = unsafe { read::<V, T, N, DEPTHWISE>(self.x, at, column, channels) };
                for register in 0..N {
                    sums[row][register] = left[register].mul_add(right[register], sums[row][register]);
                }
            }
        }
        sums
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
    pub(super) fn images<V: Vector<T>>(&mut self, _: impl Simd) {
        let gradient = self.gradient.as_flattened_mut().as_flattened_mut();
        // Filled with rows, it would be compiled to a store for each register.
        gradient.as_flattened_mut().fill(T::zero());
        let (rows, columns) = (Self::ROWS, Self::COLUMNS);
        for (x, dz) in self.x.iter().zip(self.dz) {
            let (x, dz) = (x.as_flattened().as_flattened(), dz.as_flattened());
            Sums::<_, F, false> { rows, columns, channels: C, x, dz, gradient }.add::<Self, V>();
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
> Grouped<V> for Gradient<'_, P, T, H, W, C, OH, OW, F, KH, KW>
{
    const GROUP: Group = Group::best::<V, T>([KH, KW], C, F);
}
