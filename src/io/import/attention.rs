//! The tensors of attention in other libraries.

use std::{string::String, vec};

use super::{
    super::tensors::{Axes, ExpectedTensor},
    name_in,
};
use crate::layer::{Attention, Role};

/// The layers that attention is in Keras: those of queries, keys and values, and of the output.
pub(super) fn parts_in_keras(layer: &str) -> [String; 4] {
    ["query", "key", "value", "attention_output"].map(|part| name_in(layer, part))
}

/// Sets the name of a tensor of PyTorch's attention, which has the outputs before the inputs.
pub(super) fn of_pytorch(tensor: &mut ExpectedTensor, &Attention { width, .. }: &Attention, theirs: &str) {
    let (name, shape) = match tensor.parameter {
        "kernel" => ("in_proj_weight", vec![3 * width, width]),
        "bias" => ("in_proj_bias", vec![3 * width]),
        "out_kernel" => ("out_proj.weight", vec![width, width]),
        _ => ("out_proj.bias", vec![width]),
    };
    if tensor.parameter == "out_kernel" {
        tensor.axes = Some(Axes { lengths: shape.clone(), order: &[1, 0] });
    }
    (tensor.name, tensor.shape) = (name_in(theirs, name), shape);
}

/// Sets the names of the parts of a tensor in Keras's attention, which has the inputs before the outputs.
pub(super) fn of_keras(tensor: &mut ExpectedTensor, attention: &Attention, [query, key, value, output]: [&str; 4]) {
    let &Attention { heads, width, .. } = attention;
    let head = width / heads;
    let parameter = if tensor.role == Role::Bias { "bias" } else { "kernel" };
    if tensor.parameter.starts_with("out_") {
        tensor.name = name_in(output, parameter);
        tensor.shape = if tensor.role == Role::Bias { vec![width] } else { vec![heads, head, width] };
        return;
    }
    tensor.name = name_in(query, parameter);
    tensor.followed_by = [key, value].map(|part| name_in(part, parameter)).into();
    if tensor.role == Role::Bias {
        tensor.shape = vec![heads, head];
    } else {
        tensor.shape = vec![width, heads, head];
        let of_part =
            |part: usize| (0..width * width).map(move |place| (part * width + place % width) * width + place / width);
        tensor.places = Some((0..3).flat_map(of_part).collect());
    }
}
