//! Models as Rust source: the weights of networks of real numbers.

use std::fmt::Write as _;

use super::{
    Layer, LstmConstants, MOST,
    source::{Paths, groups},
};

/// A tensor of weights: its name in the network, its shape and its bytes.
struct Entry {
    name: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

/// The network of these layers, whose type is named `network`. Its weights are constants, which the library compares
/// with the type as those of a file.
pub fn network(layers: &[Layer], network: &str, paths: Paths<'_>) -> String {
    let mut entries = Vec::new();
    sequence(layers, "", &mut entries);
    let item = |name: &str| paths("flash", name);
    let (mut constants, mut list) = (String::new(), String::new());
    for (index, Entry { name, shape, bytes }) in entries.iter().enumerate() {
        let (size, count) = (bytes.len(), bytes.len() / 4);
        let numbers = format!("{}::<f32, {size}, {count}>(b\"{}\", 0)", item("numbers"), bytes.escape_ascii());
        let _ = writeln!(constants, "            const TENSOR{index}: &[f32] = &{numbers};");
        let _ = writeln!(
            list,
            "                    {} {{ name: {name:?}, shape: &{shape:?}, element: \"F32\", \
             values: Some(TENSOR{index}), negative: None }},",
            item("Entry"),
        );
    }
    format!(
        "{{\n    struct File;\n    impl {}<f32> for File {{\n        const FILE: {file}<f32> = {{\n{constants}            \
         {file} {{\n                name: \"the model\",\n                activations: None,\n                \
         network: None,\n                tensors: &[\n{list}                ],\n            }}\n        }};\n    }}\n    \
         {}::<{network}, File>::new().network()\n}}",
        item("Weights"),
        item("Checked"),
        file = item("File"),
    )
}

/// The tensors of layers in sequence, whose names begin with `path`.
fn sequence(layers: &[Layer], path: &str, entries: &mut Vec<Entry>) {
    let inside = |name: &dyn std::fmt::Display| format!("{path}{name}.");
    match layers {
        [layer] => tensors(layer, path, entries),
        _ if layers.len() <= MOST => {
            layers.iter().enumerate().for_each(|(index, layer)| tensors(layer, &inside(&index), entries));
        }
        _ => groups(layers).enumerate().for_each(|(index, group)| sequence(group, &inside(&index), entries)),
    }
}

fn tensors(layer: &Layer, path: &str, entries: &mut Vec<Entry>) {
    let (shape, constants) = match layer {
        Layer::Dense { width, constants } => (width.to_vec(), constants),
        Layer::Conv2d { images: [from, to], window, constants } => {
            (vec![window.kernel[0], window.kernel[1], from[2], to[2]], constants)
        }
        Layer::ConvTranspose2d { images: [from, to], window, constants } => {
            (vec![window.kernel[0], window.kernel[1], to[2], from[2]], constants)
        }
        Layer::DepthwiseConv2d { images: [from, _], window, constants } => {
            (vec![window.kernel[0], window.kernel[1], from[2]], constants)
        }
        Layer::PRelu { shape, alpha, .. } => {
            let shape = shape[shape.len() - 1..].to_vec();
            entries.push(Entry { name: format!("{path}alpha"), shape, bytes: alpha.clone() });
            return;
        }
        Layer::Constant { to, numbers, .. } => {
            entries.push(Entry { name: format!("{path}bias"), shape: to.clone(), bytes: numbers.clone() });
            return;
        }
        Layer::Lstm { series: [_, features], units, constants, .. } => {
            let LstmConstants { kernel, recurrent_kernel, bias, .. } = constants;
            let mut push = |name: &str, shape: Vec<usize>, bytes: &[u8]| {
                entries.push(Entry { name: format!("{path}{name}"), shape, bytes: bytes.to_vec() });
            };
            push("kernel", vec![4, *features, *units], kernel);
            push("recurrent_kernel", vec![4, *units, *units], recurrent_kernel);
            push("bias", vec![4, *units], bias.as_flattened());
            return;
        }
        Layer::EachStep { layer, .. } => return tensors(layer, &format!("{path}layer."), entries),
        Layer::Branches { first, second, .. } => {
            sequence(first, &format!("{path}first."), entries);
            return sequence(second, &format!("{path}second."), entries);
        }
        _ => return,
    };
    entries.push(Entry { name: format!("{path}kernel"), shape, bytes: constants.weights.clone() });
    let shape = vec![constants.bias.len()];
    entries.push(Entry { name: format!("{path}bias"), shape, bytes: constants.bias.as_flattened().to_vec() });
}
