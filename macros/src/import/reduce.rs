//! Means, sums and extremes over axes.

use super::{Affine, Layer, Parsed, Scale, constants::size_of_shape, graph::Graph, slice::OfSplit};

/// What an operator makes of the numbers along its axes.
#[derive(Clone, Copy)]
pub enum Reduction {
    Mean,
    Sum,
    Max,
    Min,
}

impl Graph<'_> {
    /// A reduction of axes, which are brought side by side first. Those after them count as channels, and those before as
    /// steps.
    pub fn reduce(&self, number: usize, reduction: Reduction, input: usize, output: usize) -> Parsed<Vec<Layer>> {
        let (mut shape, to) = (self.shape(input)?, self.shape(output)?);
        let rank = self.tensors[input].shape.len();
        let mut axes = Vec::new();
        for axis in self.integers(self.input_of(number, 1)?)? {
            let place = OfSplit { axis, start: 0, length: 0 }.axis(rank);
            let place = place.and_then(|axis| axis.checked_sub(rank - shape.len()));
            axes.push(place.ok_or_else(|| format!("it is over the axis {axis} of {:?}", self.tensors[input].shape))?);
        }
        axes.sort_unstable();
        axes.dedup();
        let (count, mut first, mut layers) = (axes.len(), axes.first().copied().unwrap_or(0), Vec::new());
        if matches!(reduction, Reduction::Min) {
            // The minimum is the negative maximum of negative numbers.
            layers.push(negate(&shape, self.scale(input)?));
        }
        if !axes.iter().copied().eq(first..first + count) {
            let others: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
            first = others.len();
            let order = [others, axes].concat();
            layers.extend(self.exchange(&shape, &order)?);
            shape = order.iter().map(|axis| shape[*axis]).collect();
        }
        let product = |lengths: &[usize]| size_of_shape(lengths).unwrap_or(0);
        let (steps, channels) = (product(&shape[..first]), product(&shape[first + count..]));
        let pixels = match &shape[first..] {
            rest if count + 1 == rest.len() => rest.to_vec(),
            rest => vec![product(&rest[..count]), channels],
        };
        let pool = match reduction {
            Reduction::Mean => {
                let rescale = Some([self.scale(input)?, self.scale(output)?]);
                Layer::GlobalAveragePool { shape: pixels.clone(), rescale }
            }
            Reduction::Sum => {
                let lengths = [product(&pixels[..pixels.len() - 1]), channels];
                let scales = [self.scale(input)?, self.scale(output)?];
                layers.extend(self.sum(&shape, steps, lengths, scales, &to)?);
                return Ok(layers);
            }
            Reduction::Max | Reduction::Min => {
                self.same_scale(input, output)?;
                Layer::GlobalMaxPool { shape: pixels.clone() }
            }
        };
        layers.extend(self.each_step(pool, &shape, steps, [&pixels, &[channels]], &to)?);
        if matches!(reduction, Reduction::Min) {
            layers.push(negate(&to, opposite(self.scale(input)?)));
        }
        Ok(layers)
    }

    /// The sums of so many numbers, for each channel of each step: dense layers whose weights are 1.
    fn sum(
        &self,
        shape: &[usize],
        steps: usize,
        [numbers, channels]: [usize; 2],
        [input, logits]: [Scale; 2],
        to: &[usize],
    ) -> Parsed<Vec<Layer>> {
        let by_channel = [steps, channels, numbers];
        let mut layers = if channels == 1 {
            self.reshape(shape, &by_channel)?
        } else {
            let images = [[numbers, channels, 1], [channels, numbers, 1]];
            let transpose = Layer::Transpose { images };
            self.each_step(transpose, shape, steps, [&images[0], &images[1]], &by_channel)?
        };
        let (weights, scales) = match input {
            Scale::REAL => (vec![1f32.to_le_bytes(); numbers].into_flattened(), Vec::new()),
            _ => (vec![1; numbers], vec![1.0]),
        };
        let constants = Affine { weights, bias: vec![[0; 4]], scales, activation: "Linear", input, logits };
        let dense = Layer::Dense { width: [numbers, 1], constants };
        layers.extend(self.each_step(dense, &by_channel, steps * channels, [&[numbers], &[1]], to)?);
        Ok(layers)
    }
}

/// The scale in which each int8 `q` has the number of `!q`, which is −1 − `q`, with the opposite sign.
fn opposite(Scale { scale, zero }: Scale) -> Scale {
    Scale { scale, zero: !zero }
}

/// Numbers with the opposite sign; in int8 without rounding.
fn negate(shape: &[usize], input: Scale) -> Layer {
    let shape = shape.to_vec();
    if input == Scale::REAL {
        return Layer::Activate { activation: "Negate", shape, input, output: input };
    }
    let table = (i8::MIN..=i8::MAX).map(|q| !q).collect();
    Layer::LookUp { activation: "Negate", shape, table, output: opposite(input) }
}
