//! The inputs and outputs of a model.

use super::{
    Model, Parsed, Scale,
    constants::IN_INT8,
    graph::{Element, Graph, Kind, Operator, Tensor},
    merge::merge,
};

impl Graph<'_> {
    /// Moves the ends behind a quantization of the input and before that of the output: they are part of a network.
    pub fn enter(&mut self) -> Parsed<()> {
        for end in 0..self.inputs.len() {
            let input = self.inputs[end];
            let mut readers = self.operators.iter().filter(|operator| operator.inputs.contains(&Some(input)));
            if let (Some(Operator { kind: Kind::Quantize, output, .. }), None) = (readers.next(), readers.next()) {
                if self.tensors[input].element != Element::F32 {
                    self.same_numbers(input, *output)?;
                }
                self.inputs[end] = *output;
            }
        }
        for end in 0..self.outputs.len() {
            let output = self.outputs[end];
            let Some(number) = self.sources[output] else { continue };
            let Operator { kind, inputs, .. } = &self.operators[number];
            let quantized = self.tensors[output].element == Element::U8;
            if let (Kind::Dequantize, [Some(before)]) | (Kind::Quantize, [Some(before)]) = (kind, &inputs[..])
                && (quantized || matches!(kind, Kind::Dequantize))
                && self.tensors[*before].element == Element::I8
            {
                if quantized {
                    self.same_numbers(output, *before)?;
                }
                self.outputs[end] = *before;
            }
        }
        self.input = self.inputs[0];
        Ok(())
    }

    /// Lets several inputs, or outputs, be a pair of the first one and of the others.
    pub fn pair_ends(&mut self) {
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        self.output = outputs[0];
        if inputs.len() > 1 {
            self.input = self.push_pair(&inputs);
            self.push_members(self.input, &inputs);
        }
        if outputs.len() > 1 {
            self.output = self.push_pair(&outputs);
            let (name, inputs) = ("the pair of its outputs".into(), outputs.into_iter().map(Some).collect());
            self.push(Operator { number: self.operators.len(), name, inputs, output: self.output, kind: Kind::Both });
        }
    }

    /// The shapes of a tensor, or of the members of a pair.
    pub fn shapes_from(&self, tensor: usize) -> Parsed<Vec<Vec<usize>>> {
        let is_member =
            |operator: &&Operator| matches!(operator.kind, Kind::Member(_)) && operator.inputs[..] == [Some(tensor)];
        let members: Parsed<Vec<_>> =
            self.operators.iter().filter(is_member).map(|operator| self.shapes_from(operator.output)).collect();
        let shapes = members?.concat();
        Ok(if shapes.is_empty() { vec![self.shape(tensor)?] } else { shapes })
    }

    /// Refuses an end in uint8 whose numbers are not those of the int8 inside, plus 128.
    fn same_numbers(&self, end: usize, inside: usize) -> Parsed<()> {
        let (Tensor { name, element, scales, zeros, .. }, Scale { scale, zero }) =
            (&self.tensors[end], self.scale(inside)?);
        if *element == Element::U8 && scales[..] == [scale] && zeros[..] == [i64::from(zero) + 128] {
            return Ok(());
        }
        Err(format!("has tensor `{name}` at its end, whose numbers are not those of the int8 inside, plus 128"))
    }

    /// The layers of the model.
    pub fn model(&self) -> Parsed<Model> {
        let Tensor { element, .. } = &self.tensors[self.inputs[0]];
        for input in &self.inputs {
            let Tensor { name, element: other, .. } = &self.tensors[*input];
            if !matches!(other, Element::F32 | Element::I8) {
                let remedy = match other {
                    Element::I32 | Element::Other("int64") => "let it take an embedding of them instead",
                    _ => IN_INT8,
                };
                return Err(format!(
                    "takes `{name}` of type {other}, and only int8 and float32 are supported: {remedy}"
                ));
            }
            if other != element {
                return Err(format!("takes `{name}` of type {other}, and another input of type {element}"));
            }
        }
        let mut layers = self.between(self.input, self.output)?;
        if layers.is_empty() {
            return Err("has no operators".into());
        }
        let scales = |ends: &[usize]| ends.iter().map(|end| self.scale(*end)).collect::<Parsed<Vec<_>>>();
        let scales = match element {
            Element::F32 => None,
            _ => Some([scales(&self.inputs)?, scales(&self.outputs)?]),
        };
        merge(&mut layers);
        let names = |ends: &[usize]| ends.iter().map(|end| self.tensors[*end].name.clone()).collect();
        Ok(Model { layers, scales, names: [names(&self.inputs), names(&self.outputs)] })
    }
}
