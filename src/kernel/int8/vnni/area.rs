//! Parts of an image with their padding.

use core::{mem::MaybeUninit, slice};

use super::{Shape, unsigned};

/// The most bytes of an area.
pub const AREA: usize = 48 * 1024;

/// The bytes after an area that may be read, and are 0.
pub const SLACK: usize = 64;

/// Memory for the part of an image that some outputs need, with its padding.
#[repr(align(64))] // That of a register.
pub struct Area(MaybeUninit<[u8; AREA + SLACK]>);

/// A number of an area.
pub trait Number: Copy {
    /// The number for an int8 of an image whose zero point is `zero`.
    fn of(x: i8, zero: i8) -> Self;
}

/// `x + 128`.
impl Number for u8 {
    #[inline(always)]
    fn of(x: i8, _: i8) -> Self {
        unsigned(x)
    }
}

/// `x − zero`.
impl Number for i16 {
    #[inline(always)]
    fn of(x: i8, zero: i8) -> Self {
        Self::from(x) - Self::from(zero)
    }
}

/// The most numbers of an area.
pub const fn most<T>() -> usize {
    AREA / size_of::<T>()
}

/// The outputs of an area: those from `[row, column]` on, `size` of them.
#[derive(Clone, Copy)]
pub struct Outputs {
    pub first: [usize; 2],
    pub size: [usize; 2],
}

/// The size of the areas of a convolution: as many rows of outputs as fit, or as many outputs of a row.
pub fn size<T>(shape: Shape) -> [usize; 2] {
    let ([_, _, channels], [rows, columns], [height, width]) = (shape.image, shape.window, shape.output);
    let ([down, right], most) = (shape.slide.stride, most::<T>());
    let row = ((width - 1) * right + columns) * channels;
    if rows * row <= most {
        return [((most / row - rows) / down + 1).min(height), width];
    }
    [1, ((most / (rows * channels) - columns) / right + 1).min(width)]
}

/// The areas of a convolution.
pub fn all<T>(shape: Shape) -> impl Iterator<Item = Outputs> {
    let ([height, width], [rows, columns]) = (shape.output, size::<T>(shape));
    (0..height).step_by(rows).flat_map(move |top| {
        (0..width)
            .step_by(columns)
            .map(move |left| Outputs { first: [top, left], size: [rows.min(height - top), columns.min(width - left)] })
    })
}

impl Area {
    /// Memory without numbers.
    pub const fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Copies what these outputs need. Returns the first number and the count of numbers of a row.
    #[inline]
    pub fn copy<T: Number>(&mut self, x: &[i8], shape: Shape, outputs: Outputs, zero: i8) -> (*const T, usize) {
        let ([height, width, channels], [rows, columns]) = (shape.image, shape.window);
        let Outputs { first, size } = outputs;
        let [stride, before] = [shape.slide.stride, shape.slide.before];
        let (down, across) = ((size[0] - 1) * stride[0] + rows, (size[1] - 1) * stride[1] + columns);
        let (length, from) = (across * channels, self.0.as_mut_ptr().cast::<T>());
        assert!(down * length <= most::<T>());
        // SAFETY: the memory is as long.
        unsafe { from.add(down * length).cast::<u8>().write_bytes(0, SLACK) };
        // The columns of the image: those from `left` on are at `skip`.
        let start = (first[1] * stride[1]) as isize - before[1] as isize;
        let (left, skip) = (start.max(0) as usize, (-start).max(0) as usize);
        let (left, skip) = (left.min(width), skip.min(across));
        let count = (width - left).min(across - skip) * channels;
        let padding = MaybeUninit::new(T::of(zero, zero));
        for i in 0..down {
            // SAFETY: the row is inside the memory, which is aligned for any number.
            let to = unsafe { slice::from_raw_parts_mut(from.add(i * length).cast::<MaybeUninit<T>>(), length) };
            let row = (first[0] * stride[0] + i).wrapping_sub(before[0]);
            if row >= height {
                to.fill(padding);
                continue;
            }
            let (to_left, to) = to.split_at_mut(skip * channels);
            let (to, to_right) = to.split_at_mut(count);
            to_left.fill(padding);
            to_right.fill(padding);
            for (to, x) in to.iter_mut().zip(&x[(row * width + left) * channels..][..count]) {
                to.write(T::of(*x, zero));
            }
        }
        (from, length)
    }
}
