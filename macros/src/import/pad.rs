//! Padding.

use super::{Layer, Parsed, Scale, elementwise::with_numbers, graph::Graph};

impl Graph<'_> {
    /// The number around an image, or before and after a series: 0 unless the operator has another. The real number is 0
    /// in int8.
    fn filler(&self, number: usize, input: usize) -> Parsed<(i8, f32)> {
        let scale = self.scale(input)?;
        let Ok(value) = self.input_of(number, 2) else { return Ok((scale.zero, 0.0)) };
        let of_value = self.scale(value)?;
        match self.tensors[value].data[..] {
            [filler] if of_value == scale => Ok((filler as i8, 0.0)),
            [a, b, c, d] if of_value == Scale::REAL && scale == Scale::REAL => match f32::from_le_bytes([a, b, c, d]) {
                filler if filler.is_finite() => Ok((scale.zero, filler)),
                filler => Err(format!("it pads with {filler}")),
            },
            _ => Err("it pads with a number that is not a constant of the scale of its input".into()),
        }
    }

    /// The same number around an image, or before and after a series.
    pub fn pad(&self, number: usize, input: usize, output: usize) -> Parsed<Vec<Layer>> {
        let [from, to] = [self.shape(input)?, self.shape(output)?];
        self.same_scale(input, output)?;
        let mut zeros = self.integers(self.input_of(number, 1)?)?;
        // A series is an image of one row.
        let image = |shape: &[usize]| match *shape {
            [height, width, channels] => Ok([height, width, channels]),
            [steps, channels] => Ok([1, steps, channels]),
            _ => Err(format!("its tensor of shape {shape:?} is not an image")),
        };
        let images = [image(&from)?, image(&to)?];
        if from.len() == 2 && zeros.len() == 6 {
            zeros.splice(2..2, [0, 0]);
        }
        let zeros: Vec<usize> = zeros.into_iter().map(|zeros| usize::try_from(zeros).unwrap_or(usize::MAX)).collect();
        let [0, 0, top, bottom, left, right, 0, 0] = zeros[..] else {
            return Err(format!("its padding is {zeros:?}, and only that of rows and columns is supported"));
        };
        let [[height, width, channels], after] = images;
        let padded = |length: usize, before: usize, after: usize| length.checked_add(before)?.checked_add(after);
        if [padded(height, top, bottom), padded(width, left, right), Some(channels)] != after.map(Some) {
            return Err(format!("its output is {after:?}, which its padding {zeros:?} does not give"));
        }
        let (zero, filler) = self.filler(number, input)?;
        let zeros = Layer::ZeroPad { images, before: [top, left], zero };
        let mut layers = self.reshaped(&from, [&images[0], &images[1]], zeros, &to)?;
        if filler != 0.0 {
            let is_inside = |row: usize, column: usize| {
                (top..top + height).contains(&row) && (left..left + width).contains(&column)
            };
            let mut around = Vec::new();
            for row in 0..after[0] {
                for column in 0..after[1] {
                    around.extend(vec![if is_inside(row, column) { 0.0 } else { filler }; channels]);
                }
            }
            layers.push(with_numbers(&to, "Add", &to, &around));
        }
        Ok(layers)
    }
}
