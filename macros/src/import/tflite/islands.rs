//! Operators without an int8 form, which the converter puts between `DEQUANTIZE` and `QUANTIZE`.

use super::super::graph::{Element, Kind, Operator, Tensor};

/// Makes activations and parts between both operators those of int8.
pub fn join(tensors: &[Tensor<'_>], operators: &mut [Operator]) {
    for number in 0..operators.len() {
        let (Kind::Activate(_) | Kind::Part(_), [Some(real)]) =
            (&operators[number].kind, &operators[number].inputs[..])
        else {
            continue;
        };
        let result = operators[number].output;
        let before = operators.iter().find(|before| before.output == *real && matches!(before.kind, Kind::Dequantize));
        let input = before.and_then(|before| before.inputs.first().copied().flatten());
        let mut readers = (0..operators.len()).filter(|reader| operators[*reader].inputs.contains(&Some(result)));
        let (Some(input), Some(after), None) = (input, readers.next(), readers.next()) else { continue };
        let is_int8 = |tensor: usize| tensors[tensor].element == Element::I8;
        if matches!(operators[after].kind, Kind::Quantize) && is_int8(input) && is_int8(operators[after].output) {
            if let Kind::Activate(activation) = operators[number].kind {
                operators[number].kind = Kind::ActivateReal(activation);
            }
            operators[number].inputs = vec![Some(input)];
            // The operator after it computes nothing that is read.
            operators[number].output = std::mem::replace(&mut operators[after].output, result);
            operators[after].inputs.clear();
        }
    }
}
