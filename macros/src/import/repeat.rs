//! Tensors that repeat numbers, by layers that repeat the pixels of an image.

use super::{Affine, Layer, Parsed, Window, graph::Graph};

impl Graph<'_> {
    /// A tensor that is repeated along its axes, as by `TILE`.
    pub fn tile(&self, input: usize, output: usize) -> Parsed<Vec<Layer>> {
        self.same_scale(input, output)?;
        self.repeat(&self.shape(input)?, &self.shape(output)?)
    }

    /// Repeats a tensor along the axes that are longer in `to`.
    pub fn repeat(&self, shape: &[usize], to: &[usize]) -> Parsed<Vec<Layer>> {
        let mut from = shape.to_vec();
        let refuse = || format!("from {shape:?} to {to:?}: it is no repetition");
        while from.len() < to.len() {
            from.insert(0, 1);
        }
        if from.len() > to.len() {
            return Err(refuse());
        }
        let mut layers = self.reshape(shape, &from)?;
        for axis in (0..from.len()).rev() {
            let times = to[axis].checked_div(from[axis]).filter(|times| times * from[axis] == to[axis]);
            let times = times.ok_or_else(refuse)?;
            if times > 1 {
                let (image, factors) = repeated(&from, axis, times);
                let images = [image, [image[0] * factors[0], image[1] * factors[1], image[2]]];
                let before = from.clone();
                from[axis] = to[axis];
                let larger = Layer::UpSample { images, factors };
                layers.extend(self.reshaped(&before, [&images[0], &images[1]], larger, &from)?);
            }
        }
        Ok(layers)
    }

    /// A larger image, of the pixels that are nearest.
    pub fn enlarge(&self, input: usize, output: usize, corners: bool, centers: bool) -> Parsed<Vec<Layer>> {
        self.same_scale(input, output)?;
        let images @ [from, to] = [self.image(input)?, self.image(output)?];
        let factors = [to[0] / from[0], to[1] / from[1]];
        for axis in [0, 1] {
            let [length, larger] = [from[axis], to[axis]];
            // TensorFlow Lite computes in `f32`.
            let scale = match corners && larger > 1 {
                true => (length - 1) as f32 / (larger - 1) as f32,
                false => length as f32 / larger as f32,
            };
            let nearest = |pixel: usize| {
                let place = (pixel as f32 + if centers { 0.5 } else { 0.0 }) * scale;
                (if corners { place.round() } else { place.floor() } as usize).min(length - 1)
            };
            if larger != length * factors[axis] || (0..larger).any(|pixel| nearest(pixel) != pixel / factors[axis]) {
                let remedy = if larger < length { ": slices such as `x[:, ::2, ::2]` shrink an image" } else { "" };
                return Err(format!("from {from:?} to {to:?}: it does not repeat each pixel as often{remedy}"));
            }
        }
        if from[2] != to[2] {
            return Err("it changes the number of channels".into());
        }
        Ok(if factors == [1, 1] { Vec::new() } else { vec![Layer::UpSample { images, factors }] })
    }

    /// A depthwise convolution with several filters for each channel: the channels are repeated before it.
    pub fn multiply_channels(
        &self,
        [image, to]: [[usize; 3]; 2],
        window: &Window,
        constants: Affine,
    ) -> Parsed<Vec<Layer>> {
        let ([height, width, channels], filters) = (image, to[2]);
        let times = filters / channels;
        if times * channels != filters {
            return Err(format!("{channels} channels become {filters}"));
        }
        let pixels = height * width;
        let repeated = [height, width, filters];
        let images = [[pixels, channels, 1], [pixels, filters, 1]];
        let channels = Layer::UpSample { images, factors: [1, times] };
        let mut layers = self.reshaped(&image, [&images[0], &images[1]], channels, &repeated)?;
        layers.push(Layer::DepthwiseConv2d { images: [repeated, to], window: *window, constants });
        Ok(layers)
    }
}

/// The image whose pixels are repeated to repeat an axis of a tensor, and how often along its rows and columns.
fn repeated(shape: &[usize], axis: usize, times: usize) -> ([usize; 3], [usize; 2]) {
    let product = |lengths: &[usize]| lengths.iter().product::<usize>();
    match (&shape[..axis], &shape[axis + 1..]) {
        // Between the columns and the channels of an image, or between its rows and columns.
        ([rows @ .., columns], [channels]) if shape[axis] == 1 => ([product(rows), *columns, *channels], [1, times]),
        (rows, [columns @ .., channels]) if shape[axis] == 1 && !columns.is_empty() => {
            ([product(rows), product(columns), *channels], [times, 1])
        }
        // All that the axis has inside is a pixel.
        (rows, _) => ([product(rows), 1, product(&shape[axis..])], [1, times]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_repeated_as_pixels() {
        assert_eq!(repeated(&[4, 1, 5, 3], 1, 2), ([4, 5, 3], [2, 1]));
        assert_eq!(repeated(&[4, 5, 1, 3], 2, 2), ([4, 5, 3], [1, 2]));
        assert_eq!(repeated(&[1, 3], 0, 6), ([1, 1, 3], [1, 6]));
        assert_eq!(repeated(&[4, 5, 3], 1, 2), ([4, 1, 15], [1, 2]));
    }
}
