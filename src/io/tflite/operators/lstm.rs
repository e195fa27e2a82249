//! The fused LSTM.

use std::{vec, vec::Vec};

use super::{Code, Element, Operators, SLICE, Tensor, Value};
use crate::quantized::{Scale, Weights};

const UNIDIRECTIONAL_SEQUENCE_LSTM: Code = (44, 1);

/// No tensor: its number in the file is −1.
const NONE: usize = usize::MAX;

impl Operators<'_> {
    /// Appends an LSTM from tensor `x` to tensor `y`, with weights of the frame and of the state before.
    pub fn lstm(&mut self, x: usize, y: usize, products: [&[Weights]; 2], cell: Scale, all: bool) {
        let (steps, features) = (self.description.tensors[x].shape[0], self.description.tensors[x].shape[1]);
        let [kernel, recurrent_kernel] = products;
        let units = kernel.first().map_or(0, |gate| gate.bias.len());
        let states = if all { y } else { self.like(y, &[steps, units]) };
        let of_frame = |gate: &Weights| self.constants(gate, &gate.scales, &[units, features], 0, x);
        let of_frame: Vec<_> = kernel.iter().map(of_frame).collect();
        let of_state = |gate: &Weights| self.tensor(Tensor::bytes(&[units, units], &gate.weights, &gate.scales, 0));
        let of_state: Vec<_> = recurrent_kernel.iter().map(of_state).collect();
        let variables = [self.like(y, &[units]), self.activations(&[units], Some(cell))];
        for variable in variables {
            self.tensors[variable].is_variable = true;
        }
        self.tensors[variables[1]].element = Element::Int16;
        let mut inputs = vec![x];
        inputs.extend(of_frame.iter().map(|[kernel, _]| kernel));
        inputs.extend(of_state);
        inputs.extend([NONE; 3]);
        inputs.extend(of_frame.iter().map(|[_, bias]| bias));
        inputs.extend([NONE; 2]);
        inputs.extend(variables);
        inputs.extend([NONE; 4]);
        // Tanh, and no limits of the cell and of a projection.
        let options = vec![(0, Value::Byte(4)), (1, Value::Float(0.0)), (2, Value::Float(0.0))];
        self.push(UNIDIRECTIONAL_SEQUENCE_LSTM, &inputs, states, (71, options));
        // Four scales for layer norms, which are not read, and that of the state before a projection.
        let unused = self.tensor(Tensor::constant(Element::Float, &[0], Vec::new()));
        let hidden = self.like(y, &[0]);
        let intermediates = [unused, unused, unused, unused, hidden].map(|tensor| tensor as i32);
        if let Some(lstm) = self.operators.last_mut() {
            lstm.push((8, Value::Ints(intermediates.into())));
        }
        if !all {
            let bounds = [[0, steps as i32 - 1, 0], [1, 1, units as i32]];
            let [begin, size] = bounds.map(|bounds| self.tensor(Tensor::integers(&[3], &bounds)));
            let last = self.like(y, &[1, units]);
            self.push(SLICE, &[states, begin, size], last, (48, vec![]));
            self.reshape(last, y);
        }
    }
}
