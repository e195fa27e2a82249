//! Operators that are several of this crate.

use super::{
    Parsed,
    constants::size_of_shape,
    gather::gather,
    kind::{Kind, Operator},
    select::select,
    slice::OfSplit,
    tensor::{Element, Tensor, like},
};

/// The most operators that one becomes.
const MOST: usize = 100;

/// The most numbers beside the channels of an image.
const MOST_BESIDE: usize = 1 << 20;

/// Replaces sums of more than two tensors, mirrored padding, padding of channels, choices and numbers at some places by
/// operators that are layers.
pub fn expand(tensors: &mut Vec<Tensor<'_>>, operators: &mut Vec<Operator>) {
    for operator in std::mem::take(operators) {
        let expanded = match operator.kind {
            Kind::Combine { arithmetic, activation: "Linear" } if (3..MOST).contains(&operator.inputs.len()) => {
                combine(operator, arithmetic, tensors, operators);
                continue;
            }
            Kind::Pad => {
                widen(operator, tensors, operators);
                continue;
            }
            Kind::MirrorPad { symmetric } => mirror(&operator, symmetric, tensors, operators),
            Kind::Select => select(&operator, tensors, operators),
            Kind::Gather { axis } => gather(&operator, axis, tensors, operators),
            _ => {
                operators.push(operator);
                continue;
            }
        };
        if let Err(reason) = expanded {
            operators.push(Operator { kind: Kind::Unsupported(reason), ..operator });
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

/// Puts constants beside the channels that are padded, before the other axes are.
fn widen(mut operator: Operator, tensors: &mut Vec<Tensor<'_>>, operators: &mut Vec<Operator>) {
    if let Some([before, after]) = channels_beside(&operator, tensors)
        && let [Some(input), Some(paddings), ..] = operator.inputs[..]
    {
        let (axis, mut lengths) = (tensors[input].shape.len() - 1, tensors[paddings].data.to_vec());
        lengths.truncate(8 * axis);
        let is_last = lengths.iter().all(|byte| *byte == 0);
        lengths.resize(8 * (axis + 1), 0);
        let wider = if is_last { operator.output } else { like(input, tensors) };
        tensors[wider].shape = tensors[input].shape.clone();
        tensors[wider].shape[axis] += before + after;
        let filler = match operator.inputs.get(2).copied().flatten() {
            Some(filler) => tensors[filler].data.to_vec(),
            None if tensors[input].element == Element::F32 => vec![0; 4],
            None => vec![tensors[input].zeros.first().map_or(0, |zero| *zero as u8)],
        };
        let mut beside = |channels: usize| {
            let constant = like(input, tensors);
            tensors[constant].shape[axis] = channels;
            let count = tensors[constant].shape.iter().product();
            tensors[constant].data = filler.repeat(count).into();
            (channels > 0).then_some(constant)
        };
        let joined = [beside(before), Some(input), beside(after)].into_iter().flatten().map(Some).collect();
        let kind = Kind::Concat { axis: axis as i32, packs: false };
        let Operator { number, ref name, .. } = operator;
        operators.push(Operator { number, name: name.clone(), inputs: joined, output: wider, kind });
        if is_last {
            return;
        }
        let shape = vec![axis + 1, 2];
        tensors.push(Tensor::constant("its padding without that of channels", Element::I32, shape, lengths));
        (operator.inputs[0], operator.inputs[1]) = (Some(wider), Some(tensors.len() - 1));
    }
    operators.push(operator);
}

/// The channels before and after those of a tensor that are padded with one number, if there are any.
fn channels_beside(operator: &Operator, tensors: &[Tensor<'_>]) -> Option<[usize; 2]> {
    let tensor = |index: usize| operator.inputs.get(index).copied().flatten().map(|tensor| &tensors[tensor]);
    let (input, paddings) = (tensor(0)?, tensor(1)?.integers()?);
    let (rest, [before, after]) = paddings.split_last_chunk()?;
    let [before, after] = [usize::try_from(*before).ok()?, usize::try_from(*after).ok()?];
    let width = input.element.width();
    let is_same = |filler: &Tensor<'_>| {
        (filler.element, &filler.scales, &filler.zeros) == (input.element, &input.scales, &input.zeros)
            && filler.data.len() == width
    };
    let wider = [&[before.checked_add(after)?][..], &input.shape].concat();
    let is_wider = before + after > 0 && rest.len() + 2 == 2 * input.shape.len() && !rest.is_empty();
    let is_small = size_of_shape(&wider).is_some_and(|size| size <= MOST_BESIDE);
    (is_wider && is_small && tensor(2).is_none_or(is_same)).then_some([before, after])
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
    let (paddings, shape) = (paddings.as_chunks().0, tensors[at].shape.clone());
    if paddings.len() != shape.len() || paddings.first() != Some(&[0, 0]) {
        return Err(format!("its padding is {paddings:?}, of the shape {shape:?}"));
    }
    // The numbers at the ends are not repeated, unless it is symmetric.
    let skipped = usize::from(!symmetric);
    let padded: Vec<usize> = (0..shape.len()).filter(|axis| paddings[*axis] != [0, 0]).collect();
    for axis in &padded {
        let (ends, length) = (paddings[*axis], shape[*axis]);
        let refusal = || format!("it pads axis {axis} of {shape:?} by {} and {}", ends[0], ends[1]);
        let [Ok(before), Ok(after)] = ends.map(usize::try_from) else { return Err(refusal()) };
        if before.max(after) + skipped > length || before + after > MOST {
            return Err(refusal());
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
