//! The long short-term memory in int8.

use core::marker::PhantomData;
#[cfg(feature = "std")]
use std::{vec, vec::Vec};

use super::{Frame, Int8Unit, Recurrent, unit::LARGEST};
#[cfg(feature = "std")]
use crate::{
    Tensor,
    activation::Linear,
    kernel::{Baseline, Element as _},
    layer::Path,
    layers,
    quantized::{
        Calibration, Describe, DescribeError, Describer, Int8Tensor, Operation, QuantizeError, Samples, Scales, Weights,
    },
    stream::Streaming,
};
use crate::{
    Zeroed,
    kernel::int8::{
        fixed::{sigmoid, tanh},
        gate::{ARGUMENT_BITS, VALUE_BITS, to_i16},
        int8_fits, rounding_shift,
    },
    layers::{Returns, image::Channels, sequence::LstmUnit},
    quantized::{Multiplier, Scale},
};

/// The constants of an [`Lstm`](crate::layers::Lstm) in int8, beside its weights and their multipliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LstmForm {
    /// The bits of a cell before the point: it reaches from −2^bits to 2^bits. From 0 to 6.
    pub cell_bits: u8,
    /// The least and the largest cell.
    pub cells: [i16; 2],
    /// From `o·tanh(c)` of 30 fraction bits to the output.
    pub output: Multiplier,
    /// The int8 of the output that stands for 0.
    pub zero: i8,
}

// SAFETY: the fields are integers.
unsafe impl Zeroed for LstmForm {}

/// The most bits of a cell before the point.
const MOST_CELL_BITS: u8 = 6;

impl LstmForm {
    const fn new(cell_bits: u8, clip: f32, output: Scale) -> Self {
        assert!(cell_bits <= MOST_CELL_BITS, "a cell has at most 6 bits before the point");
        let steps = clip * (1 << (15 - cell_bits)) as f32;
        // Not rounded; at most 2¹⁵ − 1.
        let most = steps as i16;
        // TensorFlow Lite computes the factor in `f32`.
        let factor = 1.0 / (1 << VALUE_BITS) as f32 / output.scale / (1 << VALUE_BITS) as f32;
        Self {
            cell_bits,
            cells: if most > 0 { [-most, most] } else { [i16::MIN, i16::MAX] },
            output: Multiplier::new(factor as f64),
            zero: output.zero,
        }
    }

    /// The scale of a cell.
    #[cfg(feature = "std")]
    fn cell(cell_bits: u8) -> Scale {
        Scale { scale: 1.0 / (1 << (15 - cell_bits)) as f32, zero: 0 }
    }
}

/// From sums of products to 12 fraction bits. TensorFlow Lite computes the factor in `f32`.
const fn multiplier(weights: f32, input: Scale) -> Multiplier {
    Multiplier::new((weights * input.scale * (1 << ARGUMENT_BITS) as f32) as f64)
}

/// `sum` times the multiplier, as by [`Multiplier::apply`]; very large, if the product overflows.
#[inline(always)]
fn scaled(multiplier: Multiplier, sum: i32) -> i32 {
    let most = i32::MAX >> multiplier.exponent.max(0);
    multiplier.apply(sum.clamp(-most, most))
}

impl<I: Channels, const UNITS: usize, R: Returns> Recurrent<I, UNITS, LstmUnit, R, 4, 5, 2> {
    /// A layer with the weights and biases of the gates `i`, `f`, `g` and `o`. `scales` are those of the weights of the
    /// frame, and of those of the state; the scale of a bias is that of the weights of the frame times that of the input. A
    /// cell has `cell_bits` bits before the point, at most 6. It is limited to `−clip` and `clip`, unless that is 0.
    ///
    /// # Panics
    ///
    /// Panics if a cell has more than 6 bits before the point.
    pub const fn from_parts(
        kernel: [[Frame<I>; UNITS]; 4],
        recurrent_kernel: [[[i8; UNITS]; UNITS]; 4],
        bias: [[i32; UNITS]; 4],
        scales: [[f32; 4]; 2],
        [input, output]: [Scale; 2],
        cell_bits: u8,
        clip: f32,
    ) -> Self {
        let mut multipliers = [[Multiplier { mantissa: 0, exponent: 0 }; 4]; 2];
        let mut gate = 0;
        while gate < 4 {
            multipliers[0][gate] = multiplier(scales[0][gate], input);
            multipliers[1][gate] = multiplier(scales[1][gate], output);
            gate += 1;
        }
        let (bias, form) = ([bias, [[0; UNITS]; 4]], LstmForm::new(cell_bits, clip, output));
        Self { kernel, recurrent_kernel, bias, multipliers, zero: input.zero, form, types: PhantomData }
    }
}

#[cfg(feature = "std")]
impl<I: Channels, const UNITS: usize, R: Returns> Describe for Recurrent<I, UNITS, LstmUnit, R, 4, 5, 2> {
    fn describe(&self, to: &mut Describer<'_>) -> Result<(), DescribeError> {
        let layer = to.layer()?;
        let (scales, inputs) = (layer.scales, [layer.scales.input, layer.scales.output]);
        // Those of the frame and of the state for each gate.
        let weights: [f32; 8] = layer.weights[..].try_into().map_err(|_| DescribeError::OtherNetwork)?;
        let fits = |n: usize| self.multipliers[n % 2][n / 2] == multiplier(weights[n], inputs[n % 2]);
        if !(0..8).all(fits) || self.form != LstmUnit::form(scales) || self.zero != scales.input.zero {
            return Err(DescribeError::OtherNetwork);
        }
        let gate = |n: usize, numbers: &[i8], bias: &[i32]| Weights {
            weights: numbers.to_vec(),
            bias: bias.to_vec(),
            scales: vec![weights[n]],
            range: [f32::NEG_INFINITY, f32::INFINITY],
        };
        let of_frame = |n: usize| gate(2 * n, Int8Tensor::flat(&self.kernel[n]), &self.bias[0][n]);
        let of_state = |n: usize| gate(2 * n + 1, self.recurrent_kernel[n].as_flattened(), &[]);
        let lstm = Operation::Lstm {
            kernel: (0..4).map(of_frame).collect(),
            recurrent_kernel: (0..4).map(of_state).collect(),
            cell: scales.logits,
            all: R::ALL,
        };
        to.append(layer, lstm, scales.output);
        Ok(())
    }
}

/// The arithmetic is that of TensorFlow Lite's fused LSTM. The first state is the int8 of the output minus that of 0, the
/// second one the cell.
impl Int8Unit<4, 5, 2> for LstmUnit {
    type Form = LstmForm;

    #[cfg(feature = "std")]
    fn form(scales: Scales) -> LstmForm {
        let bits = (0..MOST_CELL_BITS).find(|bits| scales.logits == LstmForm::cell(*bits));
        LstmForm::new(bits.unwrap_or(MOST_CELL_BITS), 0.0, scales.output)
    }

    fn multiplier(weights: f32, input: Scale) -> Multiplier {
        multiplier(weights, input)
    }

    #[inline(always)]
    fn product(multiplier: Multiplier, sum: i32) -> i32 {
        scaled(multiplier, sum).clamp(-LARGEST - 1, LARGEST)
    }

    #[inline(always)]
    fn step(form: &LstmForm, of_frame: [i32; 4], of_state: [i32; 4], [_, c]: [i16; 2]) -> [i16; 2] {
        let sum = |gate: usize| to_i16(i32::from(to_i16(of_frame[gate])) + of_state[gate]);
        let (i, f, g, o) = (sigmoid(sum(0)), sigmoid(sum(1)), tanh(sum(2), 3), sigmoid(sum(3)));
        let product = |a: i16, b: i16, bits: i32| rounding_shift(i32::from(a) * i32::from(b), bits);
        let bits = form.cell_bits;
        let c = product(f, c, VALUE_BITS) + product(i, g, VALUE_BITS + i32::from(bits));
        // Not `clamp`, which panics if the limits are in the wrong order.
        let c = c.max(form.cells[0].into()).min(form.cells[1].into()) as i16;
        let zero = i32::from(form.zero);
        let h = scaled(form.output, i32::from(o) * i32::from(tanh(c, bits.into())));
        [h.clamp(-128 - zero, 127 - zero) as i16, c]
    }

    #[inline(always)]
    fn factor(state: i16) -> i16 {
        state
    }

    #[inline(always)]
    fn output(form: &LstmForm, state: i16) -> i8 {
        int8_fits(i32::from(state) + i32::from(form.zero))
    }

    /// The scale of the output is that of the states after each step; that of the cell, which is in place of that before
    /// the activation, the least power of two of which all cells are below 2¹⁵ steps.
    #[cfg(feature = "std")]
    fn scales<I: Channels, R: Returns, const UNITS: usize>(
        layer: &layers::Recurrent<I, UNITS, Self, R, 4, 5, 2>,
        x: &Samples<I>,
        calibration: &Calibration,
        path: Path<'_>,
    ) -> Result<(Vec<R::Of<I, UNITS>>, Scales), QuantizeError> {
        let (y, scales) = calibration.scales::<_, Linear>(layer, x, path)?;
        if calibration.has_scales() {
            return Ok((y, scales));
        }
        let (mut states, mut largest) = (Vec::new(), 0f64);
        for x in &x.real {
            let (mut state, mut output) = Zeroed::zeroed();
            for numbers in I::flat(core::slice::from_ref(x)).chunks_exact(I::INNERMOST.max(1)) {
                let mut frame = I::Frame::zeroed();
                I::Frame::flat_mut(core::slice::from_mut(&mut frame)).copy_from_slice(numbers);
                layer.push(Baseline, &mut state, &frame, &mut output);
                states.push(output);
                largest = state.0[1].iter().fold(largest, |largest, c| largest.max(c.to_f64().abs()));
            }
        }
        let bits = (0..MOST_CELL_BITS).find(|bits| largest <= f64::from(1 << bits)).unwrap_or(MOST_CELL_BITS);
        Ok((y, Scales { logits: LstmForm::cell(bits), output: calibration.scale(&states), ..scales }))
    }
}
