//! Shapes that a model computes. Keras leaves the length of the batch open, so the lengths of other axes may be open, too:
//! they follow from the shapes before them, as the interpreter computes them.

use std::borrow::Cow;

use super::super::{
    Parsed,
    constants::size_of_shape,
    elementwise::places,
    kind::{Kind, Operator},
    slice::{OfSplit, Part, parts},
    tensor::{BOOL, Element, Tensor, has_room},
};

/// The most numbers of a tensor that has one number everywhere.
const MOST_FILLED: usize = 1 << 20;

/// Computes the integers that follow from shapes, and the shapes that are `open`.
pub fn infer(tensors: &mut [Tensor<'_>], operators: &mut [Operator], open: &[bool]) {
    for operator in operators {
        let output = operator.output;
        if let Some(integers) = integers(operator, tensors) {
            tensors[output].shape = if tensors[output].shape.is_empty() { vec![] } else { vec![integers.len()] };
            tensors[output].data = Cow::Owned(integers.iter().flat_map(|n| n.to_le_bytes()).collect());
            // It is no reader of activations any more.
            operator.inputs.clear();
        } else if has_room(tensors)
            && let Some((shape, data)) = filled(operator, tensors).or_else(|| conjunction(operator, tensors))
        {
            (tensors[output].shape, tensors[output].data) = (shape, Cow::Owned(data));
            operator.inputs.clear();
        } else if open[output]
            && let Some(shape) = shape(operator, tensors)
        {
            tensors[output].shape = shape;
        }
    }
}

/// The constants of int32 of an input.
fn constant(operator: &Operator, tensors: &[Tensor<'_>], index: usize) -> Option<Vec<i32>> {
    tensors[operator.inputs.get(index).copied().flatten()?].integers()
}

/// The numbers of a vector of int32, if they follow from shapes.
fn integers(operator: &Operator, tensors: &[Tensor<'_>]) -> Option<Vec<i32>> {
    let Tensor { element, shape, .. } = &tensors[operator.output];
    if *element != Element::I32 || shape.len() > 1 {
        return None;
    }
    let inputs = || (0..operator.inputs.len()).map(|index| constant(operator, tensors, index));
    match (&operator.name[..], &operator.kind) {
        ("SHAPE", _) => {
            let Tensor { shape, .. } = &tensors[operator.inputs.first().copied().flatten()?];
            shape.iter().map(|length| i32::try_from(*length).ok()).collect()
        }
        ("PACK", _) | (_, Kind::Concat { .. }) => {
            let all: Option<Vec<_>> = inputs().collect();
            Some(all?.concat())
        }
        ("GATHER", _) => {
            let (all, places) = (constant(operator, tensors, 0)?, constant(operator, tensors, 1)?);
            places.iter().map(|place| all.get(usize::try_from(*place).ok()?).copied()).collect()
        }
        ("REDUCE_PROD", _) => {
            let all = constant(operator, tensors, 0)?;
            Some(vec![all.into_iter().try_fold(1i32, i32::checked_mul)?])
        }
        (_, Kind::Combine { arithmetic, .. }) => {
            let (all, others) = (constant(operator, tensors, 0)?, constant(operator, tensors, 1)?);
            let combined = all.iter().zip(others.iter().cycle()).map(|(a, b)| match *arithmetic {
                "Multiply" => a.checked_mul(*b),
                "Subtract" => a.checked_sub(*b),
                "Maximum" => Some(*a.max(b)),
                "Minimum" => Some(*a.min(b)),
                "Add" => a.checked_add(*b),
                _ => None,
            });
            combined.collect()
        }
        (_, Kind::Slice(slice)) => {
            let all = constant(operator, tensors, 0)?;
            let part: Parsed<Vec<Part>> = parts(operator, *slice, &[all.len()], tensors);
            let [Part { start, length, step }] = part.ok()?[..] else { return None };
            Some(all.into_iter().skip(start).step_by(step).take(length).collect())
        }
        _ => None,
    }
}

/// The shape and the bytes of a tensor that has one number everywhere.
fn filled(operator: &Operator, tensors: &[Tensor<'_>]) -> Option<(Vec<usize>, Vec<u8>)> {
    let number = &tensors[operator.inputs.get(1).copied().flatten()?];
    let is_known = [Element::F32, Element::I8, BOOL].contains(&number.element) && !number.data.is_empty();
    if operator.name != "FILL" || !is_known {
        return None;
    }
    let lengths = constant(operator, tensors, 0)?.into_iter().map(usize::try_from);
    let shape = lengths.collect::<Result<Vec<_>, _>>().ok()?;
    let count = size_of_shape(&shape).filter(|count| *count <= MOST_FILLED)?;
    Some((shape, number.data.repeat(count)))
}

/// The shape and the bytes of the truth values that two masks have in common.
fn conjunction(operator: &Operator, tensors: &[Tensor<'_>]) -> Option<(Vec<usize>, Vec<u8>)> {
    let shape = &tensors[operator.output].shape;
    if operator.name != "LOGICAL_AND" || size_of_shape(shape).is_none_or(|size| size > MOST_FILLED) {
        return None;
    }
    let mask = |index: usize| {
        let Tensor { element, shape: from, data, .. } = &tensors[operator.inputs.get(index).copied().flatten()?];
        let is_constant = *element == BOOL && size_of_shape(from) == Some(data.len());
        Some(places(from, shape).filter(|_| is_constant)?.into_iter().map(|place| data[place]).collect::<Vec<_>>())
    };
    let both = mask(0)?.into_iter().zip(mask(1)?);
    Some((shape.clone(), both.map(|(first, second)| first.min(second)).collect()))
}

/// The shape of an output.
fn shape(operator: &Operator, tensors: &[Tensor<'_>]) -> Option<Vec<usize>> {
    let input = |index: usize| Some(&tensors[operator.inputs.get(index).copied().flatten()?].shape);
    let mut shape = input(0)?.clone();
    match &operator.kind {
        Kind::Conv2d { window, .. }
        | Kind::DepthwiseConv2d { window, .. }
        | Kind::MaxPool { window, .. }
        | Kind::AveragePool { window, .. } => {
            let [_, rows, columns, channels] = &mut shape[..] else { return None };
            [*rows, *columns] = [window.positions(*rows, 0), window.positions(*columns, 1)];
            match &operator.kind {
                Kind::Conv2d { .. } => *channels = *input(1)?.first()?,
                Kind::DepthwiseConv2d { .. } => *channels = *input(1)?.last()?,
                _ => {}
            }
        }
        Kind::ConvTranspose2d { .. } => {
            let lengths = constant(operator, tensors, 3)?.into_iter().map(usize::try_from);
            shape = lengths.collect::<Result<_, _>>().ok()?;
        }
        Kind::Reshape if operator.name == "RESHAPE" => {
            let lengths = constant(operator, tensors, 1)?;
            let size = shape.iter().try_fold(1usize, |size, length| size.checked_mul(*length))?;
            let mut known = lengths.iter().filter(|length| **length >= 0);
            let known = known.try_fold(1usize, |size, length| size.checked_mul(*length as usize))?;
            let length = |length: &i32| usize::try_from(*length).ok().or_else(|| size.checked_div(known));
            shape = lengths.iter().map(length).collect::<Option<_>>()?;
        }
        Kind::Reshape if operator.name == "EXPAND_DIMS" => {
            let axis = *constant(operator, tensors, 1)?.first()?;
            let axis = if axis < 0 { axis.checked_add(shape.len() as i32 + 1)? } else { axis };
            shape.insert(usize::try_from(axis).ok().filter(|axis| *axis <= shape.len())?, 1);
        }
        Kind::Dense { .. } => {
            let [outputs, inputs] = input(1)?[..] else { return None };
            let rank = tensors[operator.output].shape.len();
            if rank == 2 {
                let size = shape.iter().try_fold(1usize, |size, length| size.checked_mul(*length))?;
                shape = vec![size.checked_div(inputs)?, outputs];
            } else {
                *shape.last_mut()? = outputs;
            }
        }
        Kind::Slice(slice) => {
            let parts = parts(operator, *slice, &shape, tensors).ok()?;
            let kept = |axis: &usize| *axis >= 32 || slice.dropped >> axis & 1 == 0;
            shape = (0..parts.len()).filter(kept).map(|axis| parts[axis].length).collect();
        }
        Kind::Tile => {
            let times = constant(operator, tensors, 1)?;
            for (length, times) in shape.iter_mut().zip(times) {
                *length = length.checked_mul(usize::try_from(times).ok()?)?;
            }
        }
        Kind::Part(part) => {
            let axis = part.axis(shape.len())?;
            if operator.name == "UNPACK" {
                shape.remove(axis);
            } else {
                shape[axis] = part.length;
            }
        }
        Kind::Concat { axis, packs: true } => {
            let axis = if *axis < 0 { axis.checked_add(shape.len() as i32 + 1)? } else { *axis };
            shape.insert(usize::try_from(axis).ok().filter(|axis| *axis <= shape.len())?, operator.inputs.len());
        }
        Kind::Concat { axis, .. } => {
            let axis = if *axis < 0 { axis.checked_add(shape.len() as i32)? } else { *axis };
            let axis = usize::try_from(axis).ok()?;
            let mut joined = 0usize;
            for index in 0..operator.inputs.len() {
                joined = joined.checked_add(*input(index)?.get(axis)?)?;
            }
            *shape.get_mut(axis)? = joined;
        }
        Kind::Combine { .. } | Kind::Select => {
            for index in 1..operator.inputs.len() {
                let mut other = input(index)?.clone();
                if other.len() > shape.len() {
                    std::mem::swap(&mut shape, &mut other);
                }
                for (length, other) in shape.iter_mut().rev().zip(other.iter().rev()) {
                    *length = (*length).max(*other);
                }
            }
        }
        Kind::Gather { axis } => {
            let place = OfSplit { axis: *axis, start: 0, length: 0 }.axis(shape.len())?;
            shape.splice(place..=place, input(1)?.iter().copied());
        }
        Kind::MatMul { transposed: [first, second] } => {
            let other = input(1)?;
            let ([counts @ .., rows, columns], [others @ .., inner, width]) = (&shape[..], &other[..]) else {
                return None;
            };
            let ends = [if *first { *columns } else { *rows }, if *second { *inner } else { *width }];
            // Fewer matrices are repeated.
            let missing = counts.len().abs_diff(others.len());
            let (longer, shorter) = if counts.len() < others.len() { (others, counts) } else { (counts, others) };
            let mut product = longer.to_vec();
            for (length, other) in product[missing..].iter_mut().zip(shorter) {
                *length = (*length).max(*other);
            }
            shape = [product, ends.to_vec()].concat();
        }
        Kind::DepthToSpace(size) => {
            let [_, rows, columns, channels] = &mut shape[..] else { return None };
            (*rows, *columns) = (rows.checked_mul(*size)?, columns.checked_mul(*size)?);
            *channels = channels.checked_div(size.checked_mul(*size)?)?;
        }
        Kind::SpaceToDepth(size) => {
            let [_, rows, columns, channels] = &mut shape[..] else { return None };
            (*rows, *columns) = (rows.checked_div(*size)?, columns.checked_div(*size)?);
            *channels = channels.checked_mul(size.checked_mul(*size)?)?;
        }
        Kind::Lstm(_) => *shape.last_mut()? = *input(1)?.first()?,
        Kind::Transpose => {
            let axes = constant(operator, tensors, 1)?.into_iter().map(|axis| usize::try_from(axis).ok());
            shape = axes.map(|axis| shape.get(axis?).copied()).collect::<Option<_>>()?;
        }
        Kind::Activate(_)
        | Kind::Gelu { .. }
        | Kind::PRelu
        | Kind::LeakyRelu(_)
        | Kind::Quantize
        | Kind::Dequantize => {}
        _ => return None,
    }
    Some(shape)
}
