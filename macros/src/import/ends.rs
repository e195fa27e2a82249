//! The inputs and outputs of a model.

use super::{
    Join, Layer, Model, Parsed, Scale,
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

    /// Lets several inputs be the members of a pair: of the first one and of the others.
    pub fn pair_inputs(&mut self) {
        let inputs = self.inputs.clone();
        let mut rest = *inputs.last().unwrap_or(&0);
        for first in inputs.iter().rev().skip(1) {
            let pair = self.tensors.len();
            self.tensors.push(Tensor::constant("the inputs", self.tensors[*first].element, Vec::new(), Vec::new()));
            self.sources.push(None);
            for (member, output) in [*first, rest].into_iter().enumerate() {
                self.sources[output] = Some(self.operators.len());
                self.forks.push(None);
                let (name, inputs) = ("member of the inputs".into(), vec![Some(pair)]);
                self.operators.push(Operator { number: 0, name, inputs, output, kind: Kind::Member(member) });
            }
            rest = pair;
        }
        self.input = rest;
    }

    /// The shapes of the inputs from this one on, which is one or a pair.
    pub fn shapes_from(&self, input: usize) -> Parsed<Vec<Vec<usize>>> {
        if self.inputs.contains(&input) {
            return Ok(vec![self.shape(input)?]);
        }
        let members = self.operators.iter().filter(|operator| operator.inputs[..] == [Some(input)]);
        let shapes: Parsed<Vec<_>> = members.map(|operator| self.shapes_from(operator.output)).collect();
        Ok(shapes?.concat())
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
                return Err(format!("takes `{name}` of type {other}, and only int8 and float32 are supported"));
            }
            if other != element {
                return Err(format!("takes `{name}` of type {other}, and another input of type {element}"));
            }
        }
        let mut layers = self.to_all(self.input, &self.outputs)?;
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

    /// The layers from a tensor to one or several: a pair of the first one and of the others.
    fn to_all(&self, from: usize, to: &[usize]) -> Parsed<Vec<Layer>> {
        let [first, others @ ..] = to else { return Ok(Vec::new()) };
        if others.is_empty() {
            return self.between(from, *first);
        }
        let fork = self.common(to)?;
        let branch = |to: &[usize]| -> Parsed<Vec<Layer>> {
            let layers = self.to_all(fork, to)?;
            Ok(if layers.is_empty() { vec![Layer::Identity { shape: self.shape(to[0])? }] } else { layers })
        };
        let (first, second) = (branch(&[*first])?, branch(others)?);
        let mut layers = self.between(from, fork)?;
        layers.push(Layer::Branches { first, second, join: Join::Both });
        Ok(layers)
    }
}
