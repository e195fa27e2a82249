//! Parts of tensors.

use super::{
    Parsed,
    graph::{Element, Operator, Tensor},
};

/// What a `STRIDED_SLICE` leaves open: a bit for each axis.
#[derive(Clone, Copy)]
pub struct Slice {
    /// The axes that begin at their start.
    pub begin: i32,
    /// The axes that end at their end.
    pub end: i32,
    /// The axes of one number, which the output does not have.
    pub dropped: i32,
}

/// The numbers of an axis that a slice takes.
#[derive(Clone, Copy)]
pub struct Part {
    pub start: usize,
    pub length: usize,
    pub step: usize,
}

/// The part of each axis of a tensor of this shape.
pub fn parts(operator: &Operator, slice: Slice, shape: &[usize], tensors: &[Tensor<'_>]) -> Parsed<Vec<Part>> {
    let integers = |index: usize| -> Parsed<Vec<i64>> {
        let tensor = operator.inputs.get(index).copied().flatten().map(|tensor| &tensors[tensor]);
        let tensor = tensor.filter(|tensor| tensor.element == Element::I32 && !tensor.data.is_empty());
        let numbers = tensor.ok_or("its bounds are not constants of int32")?.data.as_chunks().0.iter();
        Ok(numbers.map(|bytes| i64::from(i32::from_le_bytes(*bytes))).collect())
    };
    let (begin, end, steps) = (integers(1)?, integers(2)?, integers(3)?);
    let mut parts = Vec::new();
    for (axis, length) in shape.iter().enumerate() {
        let (Some(begin), Some(end), Some(step)) = (begin.get(axis), end.get(axis), steps.get(axis)) else {
            parts.push(Part { start: 0, length: *length, step: 1 });
            continue;
        };
        let length = *length as i64;
        let place = |place: i64| (if place < 0 { place + length } else { place }).clamp(0, length);
        let is = |mask: i32| axis < 32 && mask >> axis & 1 == 1;
        let start = if is(slice.begin) { 0 } else { place(*begin) };
        let stop = match () {
            () if is(slice.dropped) => (start + 1).min(length),
            () if is(slice.end) => length,
            () => place(*end),
        };
        if *step < 1 || stop <= start {
            return Err(format!("it takes {begin} to {end} of axis {axis} in steps of {step}"));
        }
        let count = (stop - start + step - 1) / step;
        parts.push(Part { start: start as usize, length: count as usize, step: *step as usize });
    }
    Ok(parts)
}
