//! The size of the blocks of sums that stay in registers.

use core::ops::Range;

use crate::kernel::{element::Element, simd::Vector};

/// The largest number of neighboring pixels of a block.
pub(in crate::kernel) const MOST_PIXELS: usize = 16;

/// The largest number of registers of each pixel of a block.
pub(in crate::kernel) const MOST_REGISTERS: usize = 4;

/// The number of neighboring pixels of the blocks of a pass.
pub(in crate::kernel) trait Sizes<V> {
    /// Of blocks that run down, or 0 if each pixel is computed by itself.
    const DOWN: usize;
    /// Of blocks that run across, or 0 if there are none.
    const ACROSS: usize;
}

/// The lengths of the interiors, along one axis, of the passes that use the same blocks.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Interior {
    pub shortest: usize,
    pub longest: usize,
}

impl Interior {
    const fn or_one(self) -> Self {
        if self.longest == 0 { Self { shortest: 1, longest: 1 } } else { self }
    }
}

/// The size of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernel) struct Size {
    pub pixels: usize,
    pub registers: usize,
}

impl Size {
    /// The size that computes `columns` numbers for each pixel of interiors of these lengths in the shortest time.
    pub const fn best<V: Vector<T>, T: Element>(interior: Interior, columns: usize) -> Self {
        let mut best = Self { pixels: 0, registers: 1 };
        let mut registers = 1;
        while registers <= MOST_REGISTERS && registers <= columns.div_ceil(V::LANES) {
            let size = Self::of_width::<V, T>(interior, registers);
            let is_best = best.pixels == 0
                || size.time::<V, T>(interior.longest, columns) < best.time::<V, T>(interior.longest, columns);
            if is_best {
                best = size;
            }
            registers += 1;
        }
        best
    }

    /// The best size of this number of registers. It has no pixels if the interior has none.
    pub const fn of_width<V: Vector<T>, T: Element>(interior: Interior, registers: usize) -> Self {
        let mut best = Self { pixels: 0, registers };
        let mut count = 1;
        while count <= MOST_PIXELS && count <= interior.shortest {
            let size = Self { pixels: count, registers };
            let fits = count == 1 || size.fits::<V, T>();
            let is_best =
                best.pixels == 0 || size.time::<V, T>(interior.longest, 1) <= best.time::<V, T>(interior.longest, 1);
            if fits && is_best {
                best = size;
            }
            count += 1;
        }
        best
    }

    /// The sizes of blocks that run down and across, with the same number of registers. If blocks that run down take
    /// less time, none run across.
    pub const fn pair<V: Vector<T>, T: Element>(down: Interior, across: Interior, columns: usize) -> [Self; 2] {
        let (lowest, narrowest) = (down.or_one(), across.or_one());
        let best_down = Self::best::<V, T>(lowest, columns);
        let best = Self::best::<V, T>(narrowest, columns);
        let time = best.time::<V, T>(narrowest.longest, columns) * lowest.longest;
        let time_down = best_down.time::<V, T>(lowest.longest, columns) * narrowest.longest;
        if down.longest > 0 && (across.longest == 0 || time_down < time) {
            return [best_down, Self { pixels: 0, registers: best_down.registers }];
        }
        [Self::of_width::<V, T>(lowest, best.registers), Self::of_width::<V, T>(across, best.registers)]
    }

    /// The size of a pixel by itself, as [`pair`](Self::pair).
    pub const fn alone<V: Vector<T>, T: Element>(columns: usize) -> [Self; 2] {
        let one = Interior { shortest: 1, longest: 1 };
        [Self { pixels: 0, registers: Self::best::<V, T>(one, columns).registers }; 2]
    }

    /// Whether the sums stay in registers, beside the registers of a row of weights and one for a pixel.
    pub const fn fits<V: Vector<T>, T: Element>(self) -> bool {
        let (sums, all) = match V::ROWS {
            8 => (24, 32),
            6 => (12, 16),
            _ => (8, 16),
        };
        self.pixels * self.registers <= sums && (self.pixels + 1) * self.registers < all
    }

    /// The time of each step for all pixels and columns, in half cycles: a processor executes two multiply-adds and two
    /// loads per cycle, and each sum waits four cycles for the previous one.
    pub const fn time<V: Vector<T>, T: Element>(self, pixels: usize, columns: usize) -> usize {
        let loads = self.pixels + self.registers;
        let products = self.pixels * self.registers;
        let longest = if products > loads { products } else { loads };
        let longest = if longest > V::SUMS { longest } else { V::SUMS };
        pixels.div_ceil(self.pixels) * columns.div_ceil(self.registers * V::LANES) * longest
    }
}

/// The number of neighboring pixels of the blocks of a depthwise pass. All registers of the source that the taps of a
/// line read stay in registers, since neighboring pixels share them.
pub(in crate::kernel) const fn depthwise_pixels<V: Vector<T>, T: Element>(interior: Interior) -> usize {
    let most = if V::ROWS == 8 { 12 } else { 6 };
    let Interior { shortest, longest } = interior.or_one();
    let even = longest.div_ceil(longest.div_ceil(most));
    if even < shortest { even } else { shortest }
}

/// Runs of `length` items that cover a range: the first item of each, and how many of its items the run before it
/// contains, which is 0 except for the last run. The range must be empty or at least as long as a run.
pub(in crate::kernel) struct Runs {
    range: Range<usize>,
    length: usize,
}

impl Runs {
    #[inline(always)]
    pub const fn new(range: Range<usize>, length: usize) -> Self {
        Self { range, length }
    }
}

impl Iterator for Runs {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        let next = self.range.start;
        if next >= self.range.end {
            return None;
        }
        let first = next.min(self.range.end - self.length);
        self.range.start = first + self.length;
        Some((first, next - first))
    }
}
