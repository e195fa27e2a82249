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

#[cfg(test)]
mod tests {
    use super::{super::flatbuffer::Bytes, *};

    /// A table of options: the activation, whether the steps are first and whether the recurrent weights are diagonal.
    fn options(activation: u8, time_major: u8, diagonal: u8) -> Vec<u8> {
        // The offset of the table; the sizes and positions of its fields; their offset, two limits and four bytes.
        let start =
            [20u32.to_le_bytes(), [16, 0, 16, 0], [12, 0, 4, 0], [8, 0, 13, 0], [14, 0, 15, 0], 16u32.to_le_bytes()];
        [start.as_flattened(), &[0; 8], &[activation, time_major, 0, diagonal]].concat()
    }

    #[test]
    fn options_of_other_lstms_are_refused() {
        // Without a peephole, a projection and layer norms.
        let is_there = |input: &usize| !matches!(input, 9..12 | 16 | 17 | 20..);
        let inputs: Vec<_> = (0..24).map(|input| Some(input).filter(is_there)).collect();
        let refusal = |activation, time_major, diagonal| {
            let file = options(activation, time_major, diagonal);
            kind(Some(Bytes(&file).root().unwrap()), &mut inputs.clone(), &[]).err()
        };
        assert_eq!(refusal(4, 0, 0), None);
        let reasons = [
            (refusal(1, 0, 0), "its activation is not tanh"),
            (refusal(4, 1, 0), "the steps are its first axis (time_major)"),
            (refusal(4, 0, 1), "its recurrent weights are diagonal"),
        ];
        for (refusal, reason) in reasons {
            assert_eq!(refusal.unwrap(), format!("{reason}, and no layer computes that"));
        }
    }
}
