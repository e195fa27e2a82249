//! Operators of several outputs, which are parts of their input.

use super::{
    super::{graph::Kind, slice::OfSplit},
    Parsed, Table, Tensor,
};

/// The operator whose axis is its first input.
pub const SPLIT: i32 = 49;
const UNPACK: i32 = 88;
const SPLIT_V: i32 = 102;

/// The parts that so many outputs are, if the operator is one of these.
pub fn parts(
    code: i32,
    options: Option<Table<'_>>,
    inputs: &[Option<usize>],
    outputs: usize,
    tensors: &[Tensor<'_>],
) -> Parsed<Option<Vec<Kind>>> {
    let input = |index: usize| inputs.get(index).copied().flatten().map(|tensor| &tensors[tensor]);
    let number = |index: usize| input(index).and_then(Tensor::integers).and_then(|numbers| numbers.first().copied());
    let axis = match code {
        SPLIT => number(0),
        SPLIT_V => number(2),
        UNPACK => Some(options.map_or(Ok(0), |table| table.int(1, 0))?),
        _ => return Ok(None),
    };
    let part = |start, length| OfSplit { axis: axis.unwrap_or(0), start, length };
    let all = input(usize::from(code == SPLIT)).map_or(&[][..], |tensor| &tensor.shape[..]);
    let length = part(0, 0).axis(all.len()).map(|axis| all[axis]);
    let (Some(_), Some(length)) = (axis, length) else {
        let kinds = (0..outputs).map(|_| Kind::Unsupported("its axis is not known".into()));
        return Ok(Some(kinds.collect()));
    };
    let lengths: Vec<usize> = match code {
        UNPACK => vec![1; outputs],
        SPLIT => vec![length / outputs.max(1); outputs],
        _ => {
            let sizes = input(1).and_then(Tensor::integers).unwrap_or_default();
            // A length of -1 is the rest.
            let known: usize = sizes.iter().filter_map(|size| usize::try_from(*size).ok()).sum();
            sizes.iter().map(|size| usize::try_from(*size).unwrap_or(length.saturating_sub(known))).collect()
        }
    };
    let mut start = 0usize;
    let kinds = (0..outputs).map(|index| {
        let (before, length) = (start, lengths.get(index).copied().unwrap_or(0));
        start = start.saturating_add(length);
        match length {
            0 => Kind::Unsupported("one of its parts has no numbers".into()),
            _ => Kind::Part(part(before, length)),
        }
    });
    Ok(Some(kinds.collect()))
}
