//! The geometry of a convolution, one axis at a time.

use core::ops::Range;

use super::block::Interior;

/// How the window of a convolution moves over an image: each constant is for `[rows, columns]`.
pub trait Steps: 'static {
    /// The distance between neighboring windows.
    const STRIDE: [usize; 2];
    /// The distance between neighboring taps of a window.
    const DILATION: [usize; 2];
    /// The number of zeros before the first row and column. The number after the last ones follows from the shapes.
    const BEFORE: [usize; 2];
}

/// One axis: target `j` reads the source at `j·stride + tap·dilation − before` for each tap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernel) struct Axis {
    /// The length of the source.
    pub source: usize,
    /// The length of the target.
    pub target: usize,
    /// The number of taps.
    pub taps: usize,
    pub stride: usize,
    pub dilation: usize,
    pub before: isize,
}

impl Axis {
    /// The axis with this number (0 for rows, 1 for columns) of a convolution.
    pub const fn new<P: Steps>(number: usize, source: usize, target: usize, taps: usize) -> Self {
        let (stride, dilation) = (P::STRIDE[number], P::DILATION[number]);
        assert!(stride > 0 && dilation > 0, "strides and dilations start at 1");
        Self { source, target, taps, stride, dilation, before: P::BEFORE[number] as isize }
    }

    /// Where the first tap of `target` reads. Before the start of the source it is negative.
    #[inline(always)]
    pub const fn start(self, target: usize) -> isize {
        (target * self.stride) as isize - self.before
    }

    /// Where `tap` of `target` reads: past the end of the source for positions before its start, too.
    #[inline(always)]
    pub const fn position(self, target: usize, tap: usize) -> usize {
        (tap * self.dilation).wrapping_add_signed(self.start(target))
    }

    /// The target that reads this position of the source through `tap`.
    #[inline(always)]
    pub const fn target_of(self, position: usize, tap: usize) -> Option<usize> {
        let distance = (position as isize + self.before) - (tap * self.dilation) as isize;
        if distance >= 0 && (distance as usize).is_multiple_of(self.stride) {
            Some(distance as usize / self.stride)
        } else {
            None
        }
    }

    /// The taps of `target` that read inside the source.
    #[inline(always)]
    pub const fn taps_inside(self, target: usize) -> Range<usize> {
        inside(self.start(target), self.dilation, self.source, self.taps)
    }

    /// The targets for which `tap` reads inside the source.
    #[inline(always)]
    pub const fn targets_inside(self, tap: usize) -> Range<usize> {
        inside((tap * self.dilation) as isize - self.before, self.stride, self.source, self.target)
    }

    /// The targets for which all of `count` taps from `tap` on read inside the source.
    #[inline(always)]
    pub const fn interior(self, tap: usize, count: usize) -> Range<usize> {
        if count == 0 {
            return 0..self.target;
        }
        let (first, last) = (self.targets_inside(tap), self.targets_inside(tap + count - 1));
        // The last tap reads after the others, so its targets start and end no later.
        if first.end > 0 && first.start < last.end { first.start..last.end } else { 0..0 }
    }

    /// The length of the range of targets for which all taps read inside the source.
    pub const fn interior_length(self) -> Interior {
        let interior = self.interior(0, self.taps);
        let length = interior.end - interior.start;
        Interior { shortest: length, longest: length }
    }

    /// The lengths of the interiors of the backward passes that have one.
    pub const fn interior_lengths(self) -> Interior {
        let (mut lengths, mut first) = (Interior { shortest: 0, longest: 0 }, 0);
        while first < self.stride && first < self.source {
            let length = self.phase(first).axis.interior_length().longest;
            if length > 0 && (lengths.shortest == 0 || length < lengths.shortest) {
                lengths.shortest = length;
            }
            if length > lengths.longest {
                lengths.longest = length;
            }
            first += 1;
        }
        lengths
    }

    /// The backward pass to the positions `first`, `first + stride`, … of the source, which are read through the same
    /// taps.
    #[inline(always)]
    pub const fn phase(self, first: usize) -> Phase {
        let Self { source, target, taps, stride, dilation, before } = self;
        let common = greatest_common_divisor(stride, dilation);
        // One tap in `period` reads these positions, if any.
        let period = stride / common;
        let mut tap = 0;
        while tap < period
            && !((first + tap * dilation * (stride - 1)) as isize + before).unsigned_abs().is_multiple_of(stride)
        {
            tap += 1;
        }
        let count = if tap < period && tap < taps { (taps - tap).div_ceil(period) } else { 0 };
        let positions = if first < source { (source - first).div_ceil(stride) } else { 0 };
        if count == 0 {
            let axis = Self { source: target, target: positions, taps: 0, stride: 1, dilation: 1, before: 0 };
            return Phase { first, axis, last: 0, period };
        }
        let last = tap + (count - 1) * period;
        let nearest = (first as isize + before - (last * dilation) as isize) / stride as isize;
        let axis = Self {
            source: target,
            target: positions,
            taps: count,
            stride: 1,
            dilation: dilation / common,
            before: -nearest,
        };
        Phase { first, axis, last, period }
    }
}

/// The backward pass to some positions of the source of an [`Axis`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kernel) struct Phase {
    /// The first position; the others follow at the distance of the stride.
    pub first: usize,
    /// The axis from the targets to these positions.
    pub axis: Axis,
    /// The tap of the kernel that is the first tap of `axis`.
    last: usize,
    period: usize,
}

impl Phase {
    /// The tap of the kernel that is this tap of the axis.
    #[inline(always)]
    pub const fn tap(self, tap: usize) -> usize {
        self.last - tap * self.period
    }
}

/// The indices, out of `count`, for which `start + index·step` is at least 0 and less than `length`.
#[inline(always)]
const fn inside(start: isize, step: usize, length: usize, count: usize) -> Range<usize> {
    let low = if start < 0 { start.unsigned_abs().div_ceil(step) } else { 0 };
    let left = length as isize - start;
    let high = if left > 0 { left.unsigned_abs().div_ceil(step) } else { 0 };
    let high = if high < count { high } else { count };
    if low < high { low..high } else { 0..0 }
}

const fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Calls `check` for many axes, also those whose window is larger than the source.
    fn each_axis(mut check: impl FnMut(Axis)) {
        for (source, taps) in [(1, 1), (5, 3), (9, 4), (3, 5), (12, 2)] {
            for (stride, dilation) in [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (2, 3), (4, 6), (6, 4)] {
                for before in 0..8 {
                    for target in [0, 1, 4, 9] {
                        check(Axis { source, target, taps, stride, dilation, before });
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_contain_exactly_what_reads_inside() {
        each_axis(|axis| {
            let reads = |target, tap| axis.position(target, tap) < axis.source;
            for target in 0..axis.target {
                let taps = (0..axis.taps).filter(|&tap| reads(target, tap));
                assert!(taps.eq(axis.taps_inside(target)), "{axis:?}");
            }
            for tap in 0..axis.taps {
                assert!((0..axis.target).filter(|&target| reads(target, tap)).eq(axis.targets_inside(tap)), "{axis:?}");
                for count in 0..=axis.taps - tap {
                    let all = |target: &usize| (tap..tap + count).all(|tap| reads(*target, tap));
                    assert!((0..axis.target).filter(all).eq(axis.interior(tap, count)), "{axis:?}");
                }
            }
        });
    }

    #[test]
    fn phases_read_each_target_through_the_same_tap() {
        each_axis(|axis| {
            for position in 0..axis.source {
                let phase = axis.phase(position % axis.stride);
                let read = phase
                    .axis
                    .taps_inside(position / axis.stride)
                    .map(|tap| (phase.axis.position(position / axis.stride, tap), phase.tap(tap)));
                let expected = (0..axis.taps).rev().filter_map(|tap| {
                    axis.target_of(position, tap).filter(|&target| target < axis.target).map(|target| (target, tap))
                });
                let (read, expected): (Vec<_>, Vec<_>) = (read.collect(), expected.collect());
                assert_eq!(read, expected, "{axis:?}, {position}");
                assert_eq!(phase.axis.target, (axis.source - phase.first).div_ceil(axis.stride));
            }
        });
    }
}
