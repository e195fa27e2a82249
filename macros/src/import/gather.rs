//! Numbers at some places of an axis, by operators that are layers.

use super::{
    Parsed,
    kind::{Kind, Operator},
    slice::OfSplit,
    tensor::{Tensor, like},
};

/// The most parts of a tensor that are put side by side.
const MOST_PARTS: usize = 16;

/// Parts of an axis, each of numbers that follow each other.
pub fn gather(
    operator: &Operator,
    axis: i32,
    tensors: &mut Vec<Tensor<'_>>,
    operators: &mut Vec<Operator>,
) -> Parsed<()> {
    let [Some(input), Some(indices)] = operator.inputs[..] else { return Err("it has other than two inputs".into()) };
    let (from, to) = (&tensors[input], &tensors[operator.output]);
    let (of_indices, indices) = (&tensors[indices], tensors[indices].integers());
    let Some(indices) = indices.filter(|_| from.data.is_empty()) else {
        return Err(match of_indices.data.is_empty() || !from.data.is_empty() {
            true => "its places are not constants: let the model take an embedding of them instead".into(),
            false => format!("its places are of type {}: convert them to int32", of_indices.element),
        });
    };
    if (&from.scales, &from.zeros) != (&to.scales, &to.zeros) {
        return Err("its input and output differ in scale".into());
    }
    let Some(place) = (OfSplit { axis, start: 0, length: 0 }).axis(from.shape.len()) else {
        return Err(format!("it takes numbers of axis {axis} of {:?}", from.shape));
    };
    let shape = [&from.shape[..place], &of_indices.shape, &from.shape[place + 1..]].concat();
    if to.shape != shape {
        return Err(format!("its output has the shape {:?} instead of {shape:?}", to.shape));
    }
    let mut parts: Vec<OfSplit> = Vec::new();
    for index in &indices {
        let Some(start) = usize::try_from(*index).ok().filter(|index| *index < from.shape[place]) else {
            return Err(format!("it takes number {index} of axis {place} of {:?}", from.shape));
        };
        match parts.last_mut() {
            Some(part) if part.start + part.length == start => part.length += 1,
            _ => parts.push(OfSplit { axis, start, length: 1 }),
        }
    }
    if parts.len() > MOST_PARTS {
        return Err(format!("it takes {} parts, and {MOST_PARTS} are supported: transpose or slice", parts.len()));
    }
    let Operator { number, ref name, output, .. } = *operator;
    let mut push = |tensors: &mut Vec<Tensor<'_>>, inputs: Vec<usize>, length: usize, kind: Kind| {
        let output = like(input, tensors);
        tensors[output].shape[place] = length;
        let inputs = inputs.into_iter().map(Some).collect();
        operators.push(Operator { number, name: name.clone(), inputs, output, kind });
        output
    };
    let pieces: Vec<usize> =
        parts.into_iter().map(|part| push(tensors, vec![input], part.length, Kind::Part(part))).collect();
    let joined = match pieces[..] {
        [piece] => piece,
        _ => push(tensors, pieces, indices.len(), Kind::Concat { axis, packs: false }),
    };
    let (name, inputs) = (name.clone(), vec![Some(joined)]);
    // One index is no axis.
    operators.push(Operator { number, name, inputs, output, kind: Kind::Reshape });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::tensor::Element, *};

    /// The parts that are taken, or the reason to refuse them, for numbers of axis 1 of `[1, 4, 4]`.
    fn taken(element: Element, places: &[i32], of_output: &[usize]) -> Parsed<Vec<[usize; 2]>> {
        let places: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
        let count = places.len() / 4;
        let mut tensors = vec![
            Tensor::constant("x", Element::F32, vec![1, 4, 4], Vec::new()),
            Tensor::constant("places", element, vec![count], places),
            Tensor::constant("y", Element::F32, of_output.to_vec(), Vec::new()),
        ];
        let inputs = vec![Some(0), Some(1)];
        let operator = Operator { number: 0, name: "GATHER".into(), inputs, output: 2, kind: Kind::Gather { axis: 1 } };
        let mut operators = Vec::new();
        gather(&operator, 1, &mut tensors, &mut operators)?;
        let part = |operator: &Operator| match operator.kind {
            Kind::Part(OfSplit { start, length, .. }) => Some([start, length]),
            _ => None,
        };
        Ok(operators.iter().filter_map(part).collect())
    }

    #[test]
    fn places_that_follow_each_other_are_one_part() {
        assert_eq!(taken(Element::I32, &[2, 3, 0], &[1, 3, 4]).unwrap(), [[2, 2], [0, 1]]);
        assert!(taken(Element::I32, &[4], &[1, 1, 4]).unwrap_err().contains("number 4 of axis 1"));
        assert!(taken(Element::I32, &[-1], &[1, 1, 4]).unwrap_err().contains("number -1 of axis 1"));
        let other_shape = taken(Element::I32, &[0, 1, 2], &[1, 4, 3]).unwrap_err();
        assert_eq!(other_shape, "its output has the shape [1, 4, 3] instead of [1, 3, 4]");
        let other_type = taken(Element::Other("int64"), &[0, 0], &[1, 1, 4]).unwrap_err();
        assert_eq!(other_type, "its places are of type int64: convert them to int32");
    }
}
