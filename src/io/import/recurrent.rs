//! The tensors of recurrent layers in other libraries.

use std::{format, string::String, vec, vec::Vec};

use super::{
    super::tensors::{ExpectedTensor, Reader},
    name_in,
};
use crate::layer::{Cell, Recurrence, Role};

/// The number of layers in the module `theirs` of PyTorch, which is 1 unless it is recurrent and has `num_layers`.
pub(super) fn layers_in_pytorch(reader: &Reader<'_>, theirs: &str) -> usize {
    let has = |level: &usize| reader.rank(&name_in(theirs, &format!("weight_ih_l{level}"))).is_some();
    1 + (1..).take_while(has).count()
}

/// The end of the names of PyTorch for the parameters of the layer `level` of a module. A module that is used again starts
/// with its first layer, and a cell has one layer and one direction: no file has its second one.
pub(super) fn suffix_in_pytorch(reader: &Reader<'_>, theirs: &str, level: usize, reverse: bool) -> String {
    let direction = if reverse { "_reverse" } else { "" };
    if reader.rank(&name_in(theirs, "weight_ih")).is_some() {
        return String::from(direction);
    }
    format!("_l{}{direction}", level % layers_in_pytorch(reader, theirs))
}

/// Sets the name of a tensor in PyTorch, which has the units before the inputs, the reset gate of a GRU first, and always
/// two biases, whose sum is that of other layers.
pub(super) fn of_pytorch(tensor: &mut ExpectedTensor, recurrence: &Recurrence, theirs: &str, suffix: &str) {
    let &Recurrence { cell, units, .. } = recurrence;
    let (gates, inputs) = gates_and_inputs(tensor);
    let name = match tensor.parameter {
        "kernel" => "weight_ih",
        "recurrent_kernel" => "weight_hh",
        "bias" => "bias_ih",
        _ => "bias_hh",
    };
    tensor.name = name_in(theirs, &format!("{name}{suffix}"));
    tensor.shape = vec![gates * units, inputs];
    if tensor.role == Role::Bias {
        tensor.shape.pop();
        if cell != Cell::Gru {
            tensor.added = Some(name_in(theirs, &format!("bias_hh{suffix}")));
        }
    }
    let order = if cell == Cell::Gru { [1, 0, 2, 3] } else { [0, 1, 2, 3] };
    let place = |gate: usize, input, unit| (order[gate] * units + unit) * inputs + input;
    tensor.places = Some(places([gates, inputs, units], place));
}

/// Sets the name of a tensor in Keras, which has the gates side by side, and both biases of a GRU in one tensor.
pub(super) fn of_keras(tensor: &mut ExpectedTensor, recurrence: &Recurrence, theirs: &str) {
    let &Recurrence { cell, units, .. } = recurrence;
    let (gates, inputs) = gates_and_inputs(tensor);
    let is_bias = tensor.role == Role::Bias;
    let second = usize::from(tensor.parameter == "recurrent_bias") * gates * units;
    tensor.name = name_in(theirs, if is_bias { "bias" } else { tensor.parameter });
    tensor.shape = match (is_bias, cell) {
        (true, Cell::Gru) => vec![2, gates * units],
        (true, _) => vec![gates * units],
        (false, _) => vec![inputs, gates * units],
    };
    let place = |gate, input, unit| second + (input * gates + gate) * units + unit;
    tensor.places = Some(places([gates, inputs, units], place));
}

/// The number of gates, and of the numbers that each unit of a gate takes.
fn gates_and_inputs(tensor: &ExpectedTensor) -> (usize, usize) {
    (tensor.shape[0], if tensor.role == Role::Bias { 1 } else { tensor.shape[1] })
}

/// The place in the file of each number, in the order of the network: by gate, input and unit.
fn places([gates, inputs, units]: [usize; 3], place: impl Fn(usize, usize, usize) -> usize) -> Vec<usize> {
    let place = &place;
    let of_input = |gate, input| (0..units).map(move |unit| place(gate, input, unit));
    (0..gates).flat_map(|gate| (0..inputs).flat_map(move |input| of_input(gate, input))).collect()
}
