//! ONNX files, of real numbers or in int8 with pairs of `QuantizeLinear` and `DequantizeLinear`.
//!
//! Images are `[1, channels, height, width]` in ONNX, and `[1, height, width, channels]` in the graph. Series are
//! `[1, channels, steps]` in ONNX, and images of one row in the graph. A quantization becomes the scale of the tensor before
//! it.

mod arithmetic;
mod constant;
mod model;
mod node;
mod protobuf;
mod window;

use std::{borrow::Cow, collections::HashMap};

use super::{
    Parsed,
    graph::{Element, Graph, Kind, Operator, Tensor},
};
use model::{Constant, Node};

/// Reads the tensors and operators of a file.
pub fn read(file: &[u8]) -> Parsed<Graph<'static>> {
    let parts = model::parts(file)?;
    let mut readers: HashMap<String, usize> = HashMap::new();
    for name in parts.nodes.iter().flat_map(|node| &node.inputs).chain(&parts.outputs) {
        *readers.entry(name.clone()).or_default() += 1;
    }
    let mut reader = Reader { readers, ..Reader::default() };
    let mut inputs = Vec::new();
    for (input, shape) in &parts.inputs {
        let start = reader.add(input, image(shape), Order::Channels);
        if let [batch, steps, channels] = reader.tensors[start].shape[..] {
            reader.reshaped(start, input, vec![batch, 1, steps, channels], Order::Series);
        }
        inputs.push(start);
    }
    for constant in parts.constants {
        reader.constants.insert(constant.name.clone(), constant);
    }
    for (number, node) in parts.nodes.iter().enumerate() {
        let refuse = |reason| format!("has operator {number}, {}, that is not supported: {reason}", node.operator);
        reader.number = number;
        reader.node(node).map_err(refuse)?;
    }
    let mut outputs = Vec::new();
    for output in &parts.outputs {
        let mut end = *reader.names.get(output).ok_or("has an output that no operator computes")?;
        if let (Order::Series, [batch, 1, steps, channels]) = (end.order, &reader.tensors[end.tensor].shape[..]) {
            let shape = vec![*batch, *steps, *channels];
            end = Named { tensor: reader.reshaped(end.tensor, output, shape, Order::Channels), order: Order::Channels };
        }
        if end.order != Order::Channels {
            let order = "in another order: that of an image with the channels first";
            return Err(format!("has an output whose numbers are {order}"));
        }
        outputs.push(end.tensor);
    }
    Graph::new(reader.tensors, reader.operators, [inputs, outputs])
}

/// The shape of an image or a series with the channels last.
fn image(shape: &[usize]) -> Vec<usize> {
    match *shape {
        [batch, channels, height, width] => vec![batch, height, width, channels],
        [batch, channels, steps] => vec![batch, steps, channels],
        _ => shape.to_vec(),
    }
}

/// The order of the numbers of a tensor, compared with that in ONNX.
#[derive(Clone, Copy, Default, PartialEq)]
enum Order {
    /// The same, or that of an image with the channels last.
    #[default]
    Channels,
    /// An image of one row that is a series in ONNX.
    Series,
    /// That of a vector, which is an image `[channels, pixels]` in ONNX, with the channels last.
    Flat([usize; 2]),
    /// An image whose channels are last in ONNX, too.
    Rows,
}

/// What a name stands for.
#[derive(Clone, Copy)]
struct Named {
    tensor: usize,
    order: Order,
}

#[derive(Default)]
struct Reader {
    tensors: Vec<Tensor<'static>>,
    operators: Vec<Operator>,
    /// The place of the node that is read.
    number: usize,
    names: HashMap<String, Named>,
    constants: HashMap<String, Constant>,
    /// How often each name is an input.
    readers: HashMap<String, usize>,
}

impl Reader {
    /// Adds a tensor of real numbers.
    fn add(&mut self, name: &str, shape: Vec<usize>, order: Order) -> usize {
        let tensor = self.tensors.len();
        self.tensors.push(Tensor::constant(name, Element::F32, shape, Vec::new()));
        self.names.insert(name.into(), Named { tensor, order });
        tensor
    }

    /// Adds a constant, which has no name.
    fn hold(&mut self, constant: Tensor<'static>) -> usize {
        self.tensors.push(constant);
        self.tensors.len() - 1
    }

    /// Adds an operator with the output `name`.
    fn operator(
        &mut self,
        node: &Node,
        kind: Kind,
        inputs: Vec<Option<usize>>,
        (name, shape, order): (&str, Vec<usize>, Order),
    ) -> usize {
        let output = self.add(name, shape, order);
        let number = self.number;
        self.operators.push(Operator { number, name: node.operator.clone(), inputs, output, kind });
        output
    }

    /// Adds a change of the shape of a tensor.
    fn reshaped(&mut self, tensor: usize, name: &str, shape: Vec<usize>, order: Order) -> usize {
        let output = self.add(name, shape, order);
        self.operators.push(Operator {
            number: self.number,
            name: "Reshape".into(),
            inputs: vec![Some(tensor)],
            output,
            kind: Kind::Reshape,
        });
        self.keep_scale(tensor, output);
        output
    }

    /// An input that is not a constant.
    fn input(&self, node: &Node, index: usize) -> Parsed<Named> {
        let name = node.inputs.get(index).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| format!("input {index} is missing"))?;
        match self.names.get(name) {
            Some(named) if self.tensors[named.tensor].data.is_empty() => Ok(*named),
            _ if self.constants.contains_key(name) => Err(format!("its input `{name}` is a constant")),
            _ => Err(format!("its input `{name}` is computed after it, or not at all")),
        }
    }

    /// Lets the output of a node be another name of a tensor.
    fn rename(&mut self, node: &Node, named: Named) -> Parsed<()> {
        let output = node.outputs.first().ok_or("it has no output")?;
        self.names.insert(output.clone(), named);
        Ok(())
    }

    /// The tensor before it has this scale from now on, or an operator changes its scale.
    fn quantize(&mut self, node: &Node) -> Parsed<()> {
        let (scale, zero) = self.quantization(node)?;
        let ([scale], [zero]) = (&scale[..], &zero[..]) else {
            return Err("its scales differ, and activations have one".into());
        };
        let named = self.input(node, 0)?;
        if self.tensors[named.tensor].element == Element::F32 {
            self.give_scale(named.tensor, *scale, *zero);
            return self.rename(node, named);
        }
        let tensor = &mut self.tensors[named.tensor];
        if tensor.scales[..] == [*scale] && tensor.zeros[..] == [*zero] {
            return self.rename(node, named);
        }
        let (name, shape) = (node.outputs.first().ok_or("it has no output")?, tensor.shape.clone());
        let output = self.operator(node, Kind::Quantize, vec![Some(named.tensor)], (name, shape, named.order));
        let tensor = &mut self.tensors[output];
        (tensor.element, tensor.scales, tensor.zeros) = (Element::I8, vec![*scale], vec![*zero]);
        Ok(())
    }

    /// Quantizes a tensor, and those before it of which it only changes the shape.
    fn give_scale(&mut self, mut tensor: usize, scale: f32, zero: i64) {
        while self.tensors[tensor].element == Element::F32 {
            let Tensor { element, scales, zeros, .. } = &mut self.tensors[tensor];
            (*element, *scales, *zeros) = (Element::I8, vec![scale], vec![zero]);
            let source = self.operators.iter().find(|operator| operator.output == tensor);
            if let Some(Operator { kind: Kind::Reshape, inputs, .. }) = source
                && let [Some(input)] = inputs[..]
            {
                tensor = input;
            }
        }
    }

    /// A constant with its scales, or another name of a tensor that has one.
    fn dequantize(&mut self, node: &Node) -> Parsed<()> {
        let (scales, zeros) = self.quantization(node)?;
        let name = node.inputs.first().ok_or("input 0 is missing")?;
        let Some(mut constant) = self.constants.get(name).cloned() else {
            let named = self.input(node, 0)?;
            let tensor = &self.tensors[named.tensor];
            if tensor.scales != scales || tensor.zeros != zeros {
                return Err("its scale is not that of the quantization before it".into());
            }
            return self.rename(node, named);
        };
        if constant.element == Element::U8 {
            constant.data.iter_mut().for_each(|byte| *byte ^= 0x80);
            constant.element = Element::I8;
        }
        let name = node.outputs.first().ok_or("it has no output")?;
        let tensor = self.add(name, constant.shape, Order::Channels);
        let tensor = &mut self.tensors[tensor];
        (tensor.element, tensor.scales, tensor.zeros) = (constant.element, scales, zeros);
        let (axis, rank) = (node.integer("axis", 1), tensor.shape.len() as i64);
        tensor.axis = usize::try_from(if axis < 0 { axis.saturating_add(rank) } else { axis }).unwrap_or(usize::MAX);
        tensor.data = Cow::Owned(constant.data);
        Ok(())
    }

    /// The scales and zero points of a quantization, as those of int8.
    fn quantization(&self, node: &Node) -> Parsed<(Vec<f32>, Vec<i64>)> {
        let constant = |index: usize| {
            let name = node.inputs.get(index).filter(|name| !name.is_empty())?;
            self.constants.get(name)
        };
        let scales =
            constant(1).filter(|scales| scales.element == Element::F32).ok_or("its scale is not a constant")?;
        let scales: Vec<f32> = scales.data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        // Without a zero point, it is 0 of uint8.
        let zeros: Vec<i64> = match constant(2) {
            Some(Constant { element: Element::I8, data, .. }) => data.iter().map(|byte| (*byte as i8).into()).collect(),
            Some(Constant { element: Element::U8, data, .. }) => {
                data.iter().map(|byte| i64::from(*byte) - 128).collect()
            }
            Some(Constant { element: Element::I32, data, .. }) => {
                data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect()
            }
            Some(Constant { element, .. }) => {
                return Err(format!("its zero point is {element}, and int8 is supported"));
            }
            None => {
                let input = node.inputs.first();
                match (input.and_then(|name| self.constants.get(name)), input.and_then(|name| self.names.get(name))) {
                    (Some(Constant { element: Element::I8 | Element::I32, .. }), _) => vec![0; scales.len()],
                    (None, Some(named)) if node.operator == "DequantizeLinear" => {
                        self.tensors[named.tensor].zeros.clone()
                    }
                    _ => vec![-128; scales.len()],
                }
            }
        };
        Ok((scales, zeros))
    }
}
