//! Windows that move over images.

use super::Parsed;

/// A window that moves over an image. The arrays are `[rows, columns]`.
#[derive(Clone, Copy)]
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    pub padding: Padding,
}

/// The zeros around an image.
#[derive(Clone, Copy, PartialEq)]
pub enum Padding {
    Same,
    Valid,
    /// Before and after each axis.
    Explicit([usize; 2]),
}

impl Window {
    /// The pixels that the window covers along an axis.
    fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis].max(1) - 1).saturating_mul(self.dilation[axis]).saturating_add(1)
    }

    /// The number of positions along an axis of `length` pixels, and the zeros before the first pixel.
    fn slide(&self, length: usize, axis: usize) -> [usize; 2] {
        let (stride, reach) = (self.stride[axis], self.reach(axis));
        let inside = |length: usize| length.checked_sub(reach).map_or(0, |rest| rest / stride + 1);
        match self.padding {
            Padding::Valid => [inside(length), 0],
            Padding::Same => {
                let positions = length.div_ceil(stride);
                let covered = (positions.max(1) - 1).saturating_mul(stride).saturating_add(reach);
                [positions, covered.saturating_sub(length) / 2]
            }
            Padding::Explicit(zeros) => [inside(length.saturating_add(zeros[axis].saturating_mul(2))), zeros[axis]],
        }
    }

    /// The number of positions along an axis of `length` pixels.
    pub fn positions(&self, length: usize, axis: usize) -> usize {
        self.slide(length, axis)[0]
    }

    /// Refuses a window whose output has another size than the file says.
    pub fn check(&self, images: [[usize; 3]; 2]) -> Parsed<()> {
        let [input, output] = images;
        for (axis, (input, output)) in input.into_iter().zip(output).take(2).enumerate() {
            let [positions, _] = self.slide(input, axis);
            if positions != output || self.kernel[axis] == 0 || positions == 0 {
                return Err(format!("axis {axis} has {output} outputs in the file, and {positions} by its window"));
            }
        }
        Ok(())
    }

    /// Refuses a window over the output, of which the input are the positions, if the layer has another output.
    pub fn check_grown(&self, images: [[usize; 3]; 2]) -> Parsed<()> {
        for axis in [0, 1] {
            let ([length, larger], stride) = (images.map(|image| image[axis]), self.stride[axis]);
            let last = match self.padding {
                Padding::Same => stride,
                Padding::Valid => self.reach(axis).max(stride),
                Padding::Explicit(zeros) => self.reach(axis).saturating_sub(2 * zeros[axis]),
            };
            let grown = (length - 1).saturating_mul(stride).saturating_add(last);
            if grown != larger || self.kernel[axis] == 0 {
                return Err(format!("axis {axis} has {larger} outputs in the file, and {grown} by its window"));
            }
        }
        Ok(())
    }

    /// The window of another padding that has as many positions, with these zeros before the image.
    pub fn padded(&self, images: [[usize; 3]; 2], before: [usize; 2]) -> Option<Self> {
        let paddings = [Padding::Valid, Padding::Same, Padding::Explicit(before)];
        let windows = paddings.map(|padding| Self { padding, ..*self });
        let fits =
            |window: &Self| (0..2).all(|axis| window.slide(images[0][axis], axis) == [images[1][axis], before[axis]]);
        windows.into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_before_a_window_are_its_padding_where_one_has_them() {
        let window = Window { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: Padding::Valid };
        let padded = |length, positions, before| {
            let images = [[length, length, 1], [positions, positions, 1]];
            window.padded(images, [before; 2]).map(|window| window.padding)
        };
        // Keras's MobileNet pads 224 pixels by none before and one after, which is `Same`.
        assert!(padded(224, 112, 0) == Some(Padding::Same));
        assert!(padded(224, 112, 1) == Some(Padding::Explicit([1, 1])));
        assert!(padded(7, 3, 0) == Some(Padding::Valid));
        assert!(padded(7, 4, 0).is_none());
    }
}
