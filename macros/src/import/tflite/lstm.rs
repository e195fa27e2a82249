//! The fused LSTM.

use super::{
    super::graph::{Kind, States},
    Parsed, Table,
};

/// The operator of a sequence.
pub const UNIDIRECTIONAL_SEQUENCE_LSTM: i32 = 44;

/// What the operator computes. Its inputs are then the sequence, the weights and the biases; the states are apart from them.
pub fn kind(
    options: Option<Table<'_>>,
    inputs: &mut Vec<Option<usize>>,
    intermediates: &[Option<usize>],
) -> Parsed<Kind> {
    // Those after the biases: a projection, the states and the coefficients of layer norms.
    let after = inputs.split_off(inputs.len().min(16));
    let options = options.ok_or("it has no options")?;
    let is_there = |inputs: Option<&[Option<usize>]>| inputs.is_some_and(|inputs| inputs.iter().any(Option::is_some));
    for (is_other, reason) in [
        (options.byte(0)? != 4, "its activation is not tanh"),
        (options.byte(3)? != 0, "the steps are its first axis (time_major)"),
        (options.byte(5)? != 0, "its recurrent weights are diagonal"),
        (!is_there(inputs.get(1..2)), "it has no input gate (CIFG)"),
        (is_there(inputs.get(9..12)), "its gates read the cell (peephole)"),
        (is_there(after.get(..2)), "its output is a projection of its state"),
        (is_there(after.get(4..)), "its gates are normalized (layer norm)"),
    ] {
        if is_other {
            return Err(format!("{reason}, and no layer computes that"));
        }
    }
    let [_, _, Some(output), Some(cell), ..] = after[..] else {
        return Err("it has no states".into());
    };
    let (hidden, clip) = (intermediates.get(4).copied().flatten(), f32::from_le_bytes(options.number(1)?));
    if !clip.is_finite() {
        return Err(format!("its cells are limited to {clip}"));
    }
    Ok(Kind::Lstm(States { output, cell, hidden, clip }))
}
