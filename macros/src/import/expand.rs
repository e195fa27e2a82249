//! Operators that are several of this crate.

use super::{
    Parsed,
    graph::{Element, Kind, Operator, Tensor},
    slice::OfSplit,
};

/// The most operators that one becomes.
const MOST: usize = 100;

/// Replaces sums of more than two tensors, and mirrored padding, by operators that are layers.
pub fn expand(tensors: &mut Vec<Tensor<'_>>, operators: &mut Vec<Operator>) {
    for operator in std::mem::take(operators) {
        match operator.kind {
            Kind::Combine { arithmetic, activation: "Linear" } if (3..MOST).contains(&operator.inputs.len()) => {
                combine(operator, arithmetic, tensors, operators);
            }
            Kind::MirrorPad { symmetric } => {
                if let Err(reason) = mirror(&operator, symmetric, tensors, operators) {
                    operators.push(Operator { kind: Kind::Unsupported(reason), ..operator });
                }
            }
            _ => operators.push(operator),
        }
    }
}

/// A sum of real numbers from the first one to the last.
fn combine(operator: Operator, arithmetic: &'static str, tensors: &mut Vec<Tensor<'_>>, operators: &mut Vec<Operator>) {
    let Operator { number, name, inputs, output, kind } = operator;
    if tensors[output].element != Element::F32 {
        operators.push(Operator { number, name, inputs, output, kind });
        return;
    }
    let last = inputs.len() - 1;
    let mut sum = inputs[0];
    for (index, input) in inputs.into_iter().enumerate().skip(1) {
        let inputs = vec![sum, input];
        let output = if index == last { output } else { like(output, tensors) };
        let kind = Kind::Combine { arithmetic, activation: "Linear" };
        operators.push(Operator { number, name: name.clone(), inputs, output, kind });
        sum = Some(output);
    }
}

/// Parts of the tensor in the opposite order, one number of an axis each, before and after it.
fn mirror(
    operator: &Operator,
    symmetric: bool,
    tensors: &mut Vec<Tensor<'_>>,
    operators: &mut Vec<Operator>,
) -> Parsed<()> {
    let Operator { number, ref name, ref inputs, output, .. } = *operator;
    let [Some(mut at), Some(paddings)] = inputs[..] else { return Err("it has other than two inputs".into()) };
    let paddings = tensors[paddings].integers().ok_or("its padding is not a constant of int32")?;
    let paddings: Vec<[usize; 2]> =
        paddings.as_chunks().0.iter().map(|ends| ends.map(|n| usize::try_from(n).unwrap_or(usize::MAX))).collect();
    let shape = tensors[at].shape.clone();
    if paddings.len() != shape.len() || paddings.first() != Some(&[0, 0]) {
        return Err(format!("its padding is {paddings:?}, of the shape {shape:?}"));
    }
    // The numbers at the ends are not repeated, unless it is symmetric.
    let skipped = usize::from(!symmetric);
    let padded: Vec<usize> = (0..shape.len()).filter(|axis| paddings[*axis] != [0, 0]).collect();
    for axis in &padded {
        let ([before, after], length) = (paddings[*axis], shape[*axis]);
        if before.max(after).saturating_add(skipped) > length || before + after > MOST {
            return Err(format!("it pads axis {axis} of {shape:?} by {before} and {after}"));
        }
        let firsts = (0..before).rev().map(|place| place + skipped);
        let lasts = (0..after).map(|place| length - 1 - skipped - place);
        let mut joined = Vec::new();
        for start in firsts.map(Some).chain([None]).chain(lasts.map(Some)) {
            let Some(start) = start else {
                joined.push(Some(at));
                continue;
            };
            let part = like(at, tensors);
            tensors[part].shape[*axis] = 1;
            let kind = Kind::Part(OfSplit { axis: *axis as i32, start, length: 1 });
            operators.push(Operator { number, name: name.clone(), inputs: vec![Some(at)], output: part, kind });
            joined.push(Some(part));
        }
        let longer = if padded.last() == Some(axis) { output } else { like(at, tensors) };
        if longer != output {
            tensors[longer].shape[*axis] = length + before + after;
        }
        let kind = Kind::Concat { axis: *axis as i32, packs: false };
        operators.push(Operator { number, name: name.clone(), inputs: joined, output: longer, kind });
        at = longer;
    }
    if padded.is_empty() {
        let (name, inputs) = (name.clone(), vec![Some(at)]);
        operators.push(Operator { number, name, inputs, output, kind: Kind::Reshape });
    }
    Ok(())
}

/// Adds a tensor of the shape and the scale of another.
pub fn like(tensor: usize, tensors: &mut Vec<Tensor<'_>>) -> usize {
    let Tensor { name, shape, element, scales, zeros, axis, .. } = &tensors[tensor];
    let (name, shape, scales, zeros) = (name.clone(), shape.clone(), scales.clone(), zeros.clone());
    tensors.push(Tensor { scales, zeros, axis: *axis, ..Tensor::constant(&name, *element, shape, Vec::new()) });
    tensors.len() - 1
}
