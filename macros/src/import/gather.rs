//! Numbers at some places of an axis, by operators that are layers.

use super::{
    Parsed,
    expand::like,
    graph::{Kind, Operator, Tensor},
    slice::OfSplit,
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
    let Some(indices) = tensors[indices].integers().filter(|_| from.data.is_empty()) else {
        return Err("its places are not constants of int32: let the model take an embedding of them instead".into());
    };
    if (&from.scales, &from.zeros) != (&to.scales, &to.zeros) {
        return Err("its input and output differ in scale".into());
    }
    let Some(place) = (OfSplit { axis, start: 0, length: 0 }).axis(from.shape.len()) else {
        return Err(format!("it takes numbers of axis {axis} of {:?}", from.shape));
    };
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
