//! Constants that operators read as if they were activations, such as the first state of a recurrent layer.

use super::{
    Layer, Parsed,
    constants::size_of_shape,
    graph::{Graph, Kind, Operator},
    tensor::like,
};

impl Graph<'_> {
    /// Puts an operator before each reader of such a constant: one that reads an activation, and outputs the constant.
    pub fn read_constants(&mut self) {
        for number in 0..self.operators.len() {
            let Operator { kind, inputs, output, .. } = &self.operators[number];
            let is_constant = |input: &Option<usize>| input.is_some_and(|input| !self.tensors[input].data.is_empty());
            let joins = matches!(kind, Kind::Concat { .. } | Kind::MatMul { .. });
            let places: Vec<usize> = match kind {
                _ if !self.tensors[*output].data.is_empty() => continue,
                Kind::Unsupported(_) => continue,
                Kind::Combine { .. } if !inputs.iter().all(is_constant) => continue,
                _ if joins => (0..inputs.len()).filter(|place| is_constant(&inputs[*place])).collect(),
                _ if inputs.first().is_some_and(is_constant) => vec![0],
                _ => continue,
            };
            let other = inputs.iter().flatten().find(|input| self.tensors[**input].data.is_empty());
            let from = *other.filter(|_| joins).unwrap_or(&self.inputs[0]);
            for place in places {
                let Some(constant) = self.operators[number].inputs[place] else { continue };
                let output = like(constant, &mut self.tensors);
                self.operators[number].inputs[place] = Some(output);
                let (name, inputs) = (self.operators[number].name.clone(), vec![Some(from), Some(constant)]);
                let number = self.operators[number].number;
                self.push(Operator { number, name, inputs, output, kind: Kind::Constant });
            }
        }
    }

    /// The layer that outputs a constant.
    pub fn constant(&self, number: usize) -> Parsed<Layer> {
        let [input, constant] = [self.input_of(number, 0)?, self.input_of(number, 1)?];
        let (tensor, to) = (&self.tensors[constant], self.shape(self.operators[number].output)?);
        let width = tensor.element.width();
        let numbers = tensor.data.to_vec();
        if size_of_shape(&to).map(|size| size * width) != Some(numbers.len()) {
            return Err(format!("its constant `{}` of shape {to:?} has {} bytes", tensor.name, numbers.len()));
        }
        if width == 4 && numbers.as_chunks().0.iter().any(|bytes| !f32::from_le_bytes(*bytes).is_finite()) {
            return Err(format!("its constant `{}` is infinite or NaN", tensor.name));
        }
        Ok(Layer::Constant { from: self.shape(input)?, to, numbers })
    }
}
