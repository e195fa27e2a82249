//! Choices between numbers, by operators that are layers.

use super::{
    Parsed,
    constants::size_of_shape,
    elementwise::places,
    kind::{Kind, Operator},
    tensor::{BOOL, Element, Tensor, has_room, like},
};

/// The most numbers of a choice.
const MOST_NUMBERS: usize = 1 << 20;

/// `max(min(a, m), min(b, n))`, where `m` is the largest number if `a` is chosen, and the least number otherwise, and `n`
/// is the opposite.
pub fn select(operator: &Operator, tensors: &mut Vec<Tensor<'_>>, operators: &mut Vec<Operator>) -> Parsed<()> {
    let [Some(mask), Some(first), Some(second)] = operator.inputs[..] else { return Err("it needs 3 inputs".into()) };
    let Tensor { element, shape, data, .. } = &tensors[mask];
    if *element != BOOL || size_of_shape(shape) != Some(data.len()) {
        return Err("its condition is not a constant: multiply both tensors by zeros and ones, and add them".into());
    }
    if !has_room(tensors) {
        return Err("the masks of the model are too large in all".into());
    }
    let output = operator.output;
    let chosen = |tensor: usize| repeated(&tensors[tensor], &tensors[output].shape, 1);
    let is_first: Vec<bool> = chosen(mask)?.iter().map(|byte| *byte != 0).collect();
    let [most, least]: [Vec<u8>; 2] = match tensors[output].element {
        Element::F32 => [f32::MAX, f32::MIN].map(|number| number.to_le_bytes().to_vec()),
        Element::I8 => [i8::MAX, i8::MIN].map(|number| number.to_le_bytes().to_vec()),
        _ => return Err("it chooses between numbers that are neither int8 nor float32".into()),
    };
    let Operator { number, ref name, .. } = *operator;
    let mut limited = [first, second];
    for (tensor, is_chosen) in limited.iter_mut().zip([true, false]) {
        let (from, to) = (&tensors[*tensor], &tensors[output]);
        if (from.element, &from.scales, &from.zeros) != (to.element, &to.scales, &to.zeros) {
            return Err("its inputs and its output differ in scale".into());
        }
        let chosen = is_first.iter().map(|is_first| *is_first == is_chosen);
        let numbers: Vec<u8> = if from.data.is_empty() {
            chosen.flat_map(|chosen| if chosen { &most } else { &least }).copied().collect()
        } else {
            let constant = repeated(from, &to.shape, most.len())?;
            let is_finite = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes).is_finite();
            if from.element == Element::F32 && !constant.as_chunks().0.iter().all(is_finite) {
                let name = &from.name;
                return Err(format!("its constant `{name}` is infinite or NaN: use a large number, such as -1e9"));
            }
            let numbers = chosen.zip(constant.chunks_exact(most.len()));
            numbers.flat_map(|(chosen, number)| if chosen { number } else { &least }).copied().collect()
        };
        let is_constant = !from.data.is_empty();
        let limit = like(output, tensors);
        tensors[limit].data = numbers.into();
        if is_constant {
            *tensor = limit;
            continue;
        }
        let (inputs, output) = (vec![Some(*tensor), Some(limit)], like(output, tensors));
        let kind = Kind::Combine { arithmetic: "Minimum", activation: "Linear" };
        operators.push(Operator { number, name: name.clone(), inputs, output, kind });
        *tensor = output;
    }
    let (inputs, kind) = (limited.map(Some).to_vec(), Kind::Combine { arithmetic: "Maximum", activation: "Linear" });
    operators.push(Operator { number, name: name.clone(), inputs, output, kind });
    Ok(())
}

/// The bytes of a constant that is repeated to this shape.
fn repeated(tensor: &Tensor<'_>, shape: &[usize], width: usize) -> Parsed<Vec<u8>> {
    let fits = size_of_shape(&tensor.shape).and_then(|size| size.checked_mul(width)) == Some(tensor.data.len())
        && size_of_shape(shape).is_some_and(|size| size <= MOST_NUMBERS);
    let places = if fits { places(&tensor.shape, shape) } else { None };
    let places = places.ok_or_else(|| format!("its input of shape {:?} does not fit {shape:?}", tensor.shape))?;
    Ok(places.iter().flat_map(|place| &tensor.data[place * width..][..width]).copied().collect())
}
