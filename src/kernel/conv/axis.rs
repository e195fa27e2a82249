//! The geometry of a convolution, one axis at a time.

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

    /// Where `tap` of `target` reads: past the end of the source for positions before its start, too.
    #[inline(always)]
    pub const fn position(self, target: usize, tap: usize) -> usize {
        (target * self.stride + tap * self.dilation).wrapping_add_signed(-self.before)
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
}
