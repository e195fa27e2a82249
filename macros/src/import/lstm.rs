//! The fused LSTM of TensorFlow Lite.

use super::{
    Affine, Layer, LstmConstants, Parsed,
    graph::{Element, Graph, States, Tensor},
};

/// The gates.
const GATES: usize = 4;
/// The limit of cells that TensorFlow's converter writes for each LSTM of Keras, which has none.
const KERAS_CLIP: f32 = 10.0;

impl Graph<'_> {
    /// The layer of an operator whose inputs are a series, the weights of the series and of the state, each for the gates
    /// `i`, `f`, `g` and `o`, 3 that are missing, and the biases.
    pub fn lstm(&self, number: usize, states: &States) -> Parsed<Layer> {
        let (input, output) = (self.input_of(number, 0)?, self.operators[number].output);
        let (from, to) = (self.shape(input)?, self.shape(output)?);
        let ([steps, features], [all, units]) = (&from[..], &to[..]) else {
            return Err(format!("it is from {from:?} to {to:?}, and only a series is supported"));
        };
        if steps != all {
            return Err(format!("it is from {from:?} to {to:?}: the steps differ"));
        }
        for state in [states.output, states.cell] {
            if self.tensors[state].shape != [1, *units] {
                let Tensor { name, shape, .. } = &self.tensors[state];
                return Err(format!(
                    "its state `{name}` has the shape {shape:?}, not that of one series, [1, {units}]"
                ));
            }
        }
        let mut constants = LstmConstants {
            kernel: Vec::new(),
            recurrent_kernel: Vec::new(),
            bias: Vec::new(),
            scales: Vec::new(),
            ends: [self.scale(input)?, self.scale(output)?],
            cell_bits: 0,
            clip: states.clip,
        };
        if self.tensors[input].element == Element::F32 {
            if !(states.clip == 0.0 || states.clip == KERAS_CLIP || states.clip >= *steps as f32) {
                return Err(format!(
                    "its cells are limited to {}, and in real numbers they have no limit",
                    states.clip
                ));
            }
        } else {
            let hidden = states.hidden.ok_or("it has no scale of its state (an intermediate tensor)")?;
            for tensor in [hidden, states.output] {
                self.same_scale(tensor, output).map_err(|_| {
                    "its output and its state differ in scale, as the converter does it where its output is concatenated"
                })?;
            }
            constants.cell_bits = cell_bits(&self.tensors[states.cell])?;
        }
        for part in 0..2 {
            let (source, width) = [(input, *features), (states.output, *units)][part];
            for gate in 0..GATES {
                let weights = self.input_of(number, 1 + GATES * part + gate)?;
                let bias = (part == 0).then(|| self.input_of(number, 12 + gate)).transpose()?;
                let product = self.product([source, weights, output], bias, "Linear", &[*units, width], 0)?;
                constants.push(part, product)?;
            }
        }
        Ok(Layer::Lstm { series: [*steps, *features], units: *units, all: true, constants })
    }
}

impl LstmConstants {
    /// Appends the weights of a gate: those of the series (part 0), or of the state.
    fn push(&mut self, part: usize, product: Affine) -> Parsed<()> {
        let Affine { weights, bias, scales, .. } = product;
        if scales.iter().any(|scale| *scale != scales[0]) {
            return Err("the weights of a gate have several scales".into());
        }
        self.scales.extend(scales.first());
        if part == 0 {
            self.kernel.extend(weights);
            self.bias.extend(bias);
        } else {
            self.recurrent_kernel.extend(weights);
        }
        Ok(())
    }
}

/// The bits of a cell before the point.
fn cell_bits(cell: &Tensor<'_>) -> Parsed<u8> {
    let ([scale], [0]) = (&cell.scales[..], &cell.zeros[..]) else {
        return Err(format!("its cell `{}` has no valid scale", cell.name));
    };
    if cell.element != Element::Other("int16") {
        return Err(format!("its cell `{}` is {}, not int16", cell.name, cell.element));
    }
    let bits = (0..=6).find(|bits| *scale == f32::from(1u16 << bits) / 32768.0);
    bits.ok_or_else(|| format!("the scale of its cell is {scale}, and powers of two from 2⁻¹⁵ to 2⁻⁹ are supported"))
}
