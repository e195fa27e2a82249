//! Parts of an image with their padding.

use core::{mem::MaybeUninit, slice};

use super::{Shape, unsigned};

/// The most bytes of an area.
pub const AREA: usize = 48 * 1024;

/// The bytes after an area that may be read, and are 0.
pub const SLACK: usize = 64;

/// Memory for the part of an image that some outputs need, with its padding, as `x + 128`.
pub struct Area(MaybeUninit<[u8; AREA + SLACK]>);

/// The outputs of an area: those from `[row, column]` on, `size` of them.
#[derive(Clone, Copy)]
pub struct Outputs {
    pub first: [usize; 2],
    pub size: [usize; 2],
}

/// The size of the areas of a convolution: as many rows of outputs as fit, or as many outputs of a row.
pub fn size(shape: Shape) -> [usize; 2] {
    let ([_, _, channels], [rows, columns], [height, width]) = (shape.image, shape.window, shape.output);
    let [down, right] = shape.slide.stride;
    let row = ((width - 1) * right + columns) * channels;
    if rows * row <= AREA {
        return [((AREA / row - rows) / down + 1).min(height), width];
    }
    [1, ((AREA / (rows * channels) - columns) / right + 1).min(width)]
}

/// The areas of a convolution.
pub fn all(shape: Shape) -> impl Iterator<Item = Outputs> {
    let ([height, width], [rows, columns]) = (shape.output, size(shape));
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

    /// Copies what these outputs need. Returns the first byte and the number of bytes of a row.
    #[inline]
    pub fn copy(&mut self, x: &[i8], shape: Shape, outputs: Outputs, zero: u8) -> (*const u8, usize) {
        let ([height, width, channels], [rows, columns]) = (shape.image, shape.window);
        let Outputs { first, size } = outputs;
        let [stride, before] = [shape.slide.stride, shape.slide.before];
        let (down, across) = ((size[0] - 1) * stride[0] + rows, (size[1] - 1) * stride[1] + columns);
        let (length, from) = (across * channels, self.0.as_mut_ptr().cast::<u8>());
        assert!(down * length <= AREA);
        // SAFETY: the memory is as long.
        unsafe { from.add(down * length).write_bytes(0, SLACK) };
        // The columns of the image: those from `left` on are at `skip`.
        let start = (first[1] * stride[1]) as isize - before[1] as isize;
        let (left, skip) = (start.max(0) as usize, (-start).max(0) as usize);
        let (left, skip) = (left.min(width), skip.min(across));
        let count = (width - left).min(across - skip) * channels;
        for i in 0..down {
            // SAFETY: the row is inside the memory; each byte is written before it is read.
            let to = unsafe {
                from.add(i * length).write_bytes(zero, if count == length { 0 } else { length });
                slice::from_raw_parts_mut(from.add(i * length).cast::<MaybeUninit<u8>>(), length)
            };
            let row = (first[0] * stride[0] + i).wrapping_sub(before[0]);
            if row < height {
                let pixels = &x[(row * width + left) * channels..][..count];
                for (to, x) in to[skip * channels..][..count].iter_mut().zip(pixels) {
                    to.write(unsigned(*x));
                }
            } else {
                to.fill(MaybeUninit::new(zero));
            }
        }
        (from, length)
    }
}
