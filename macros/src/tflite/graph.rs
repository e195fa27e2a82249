//! The operators of a model, as layers of this crate.

use std::cell::Cell;

use super::flatbuffer::{Bytes, TRUNCATED, Table};

/// A model of one input and one output.
pub struct Model {
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// The scale of the input and of the output.
    pub scales: [Scale; 2],
}

/// The real number of an int8 `q` is `scale·(q − zero)`.
#[derive(Clone, Copy, PartialEq)]
pub struct Scale {
    pub scale: f32,
    pub zero: i8,
}

/// A layer.
pub enum Layer {
    Dense { width: [usize; 2], constants: Affine },
    Conv2d { images: [[usize; 3]; 2], window: Window, constants: Affine },
    DepthwiseConv2d { images: [[usize; 3]; 2], window: Window, constants: Affine },
    Pool { name: &'static str, images: [[usize; 3]; 2], window: Window },
    GlobalAveragePool { image: [usize; 3] },
    Reshape { from: Vec<usize>, to: Vec<usize> },
    Activate { activation: &'static str, shape: Vec<usize>, input: Scale, output: Scale },
    Branches { first: Vec<Layer>, second: Vec<Layer>, join: Join },
    Identity { shape: Vec<usize> },
}

/// How branches are joined.
pub enum Join {
    Add { activation: &'static str, inputs: [Scale; 2], output: Scale },
    Concat { shape: Vec<usize>, inputs: [Scale; 2], output: Scale },
}

/// Weights and bias, with the activation after them.
pub struct Affine {
    /// The bytes of the weights, as in the file.
    pub weights: Vec<u8>,
    /// The biases: of 32 bits, integers or numbers.
    pub bias: Vec<[u8; 4]>,
    /// The scale of the weights of each output.
    pub scales: Vec<f32>,
    pub activation: &'static str,
    pub input: Scale,
    pub logits: Scale,
}

/// A window that moves over an image. The arrays are `[rows, columns]`.
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    pub same: bool,
}

/// A reason to refuse a model.
type Parsed<T> = Result<T, String>;

impl Model {
    /// Reads a `.tflite` file. The error says what is wrong with it.
    pub fn parse(file: &[u8]) -> Parsed<Self> {
        if file.get(4..8) != Some(b"TFL3") {
            return Err("is not a TensorFlow Lite model".into());
        }
        Graph::read(file)?.layers()
    }
}

struct Tensor<'a> {
    name: String,
    shape: Vec<usize>,
    element: u8,
    scales: Vec<f32>,
    zeros: Vec<i64>,
    axis: i32,
    data: &'a [u8],
}

const FLOAT32: u8 = 0;
const INT8: u8 = 9;

struct Operator<'a> {
    number: usize,
    name: String,
    inputs: Vec<i32>,
    output: usize,
    options: Option<Table<'a>>,
}

struct Graph<'a> {
    tensors: Vec<Tensor<'a>>,
    operators: Vec<Operator<'a>>,
    /// For each operator of two inputs, the tensor at which its branches part.
    forks: Vec<Option<usize>>,
    input: usize,
    output: usize,
    /// The number of layers so far.
    layers: Cell<usize>,
}

/// The most layers of a model.
const MOST_LAYERS: usize = 1000;

/// The operators that are known, by their numbers.
const OPERATORS: [(i32, &str); 19] = [
    (0, "ADD"),
    (1, "AVERAGE_POOL_2D"),
    (2, "CONCATENATION"),
    (3, "CONV_2D"),
    (4, "DEPTHWISE_CONV_2D"),
    (6, "DEQUANTIZE"),
    (9, "FULLY_CONNECTED"),
    (14, "LOGISTIC"),
    (17, "MAX_POOL_2D"),
    (18, "MUL"),
    (19, "RELU"),
    (21, "RELU6"),
    (22, "RESHAPE"),
    (25, "SOFTMAX"),
    (28, "TANH"),
    (34, "PAD"),
    (40, "MEAN"),
    (114, "QUANTIZE"),
    (117, "HARD_SWISH"),
];

impl<'a> Graph<'a> {
    fn read(file: &'a [u8]) -> Parsed<Self> {
        let model = Bytes(file).root()?;
        let [graph] = model.tables(2)?[..] else {
            return Err(format!("has {} subgraphs, and one is supported", model.tables(2)?.len()));
        };
        let buffers = model.tables(4)?;
        let mut tensors = Vec::new();
        for tensor in graph.tables(0)? {
            let buffer = buffers.get(u32::from_le_bytes(tensor.number(2)?) as usize).ok_or(TRUNCATED)?;
            let quantization = tensor.table(4)?;
            let mut shape = Vec::new();
            for length in tensor.ints(0)? {
                shape.push(usize::try_from(length).map_err(|_| "has an axis of negative length")?);
            }
            tensors.push(Tensor {
                name: tensor.text(3)?,
                shape,
                element: tensor.byte(1)?,
                scales: match quantization {
                    Some(table) => table.vector(2)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
                    None => Vec::new(),
                },
                zeros: match quantization {
                    Some(table) => table.vector(3)?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
                    None => Vec::new(),
                },
                axis: quantization.map_or(Ok(0), |table| table.int(6, 0))?,
                data: buffer.vector::<1>(0)?.as_flattened(),
            });
        }
        let codes = model.tables(1)?;
        let mut operators = Vec::new();
        for (number, operator) in graph.tables(3)?.into_iter().enumerate() {
            let code = codes.get(u32::from_le_bytes(operator.number(0)?) as usize).ok_or(TRUNCATED)?;
            // Old files have the number in a byte.
            let code = code.int(3, 0)?.max(i32::from(code.byte(0)?));
            let name = match OPERATORS.iter().find(|known| known.0 == code) {
                Some((_, name)) => (*name).to_string(),
                None => format!("operator code {code}"),
            };
            let [output] = operator.ints(2)?[..] else {
                return Err(format!("has operator {number}, {name}, with other than one output"));
            };
            let inputs = operator.ints(1)?;
            let output = usize::try_from(output).map_err(|_| TRUNCATED)?;
            let valid = |tensor: &i32| usize::try_from(*tensor).map_or(*tensor == -1, |tensor| tensor < tensors.len());
            if output >= tensors.len() || !inputs.iter().all(valid) {
                return Err(TRUNCATED.into());
            }
            operators.push(Operator { number, name, inputs, output, options: operator.table(4)? });
        }
        let ends = [graph.ints(1)?, graph.ints(2)?];
        let ([input], [output]) = (&ends[0][..], &ends[1][..]) else {
            return Err(format!(
                "has {} inputs and {} outputs, and one each is supported",
                ends[0].len(),
                ends[1].len()
            ));
        };
        let [input, output] = [*input, *output].map(|tensor| usize::try_from(tensor).unwrap_or(usize::MAX));
        if input >= tensors.len() || output >= tensors.len() {
            return Err(TRUNCATED.into());
        }
        let mut graph = Self { tensors, operators: Vec::new(), forks: Vec::new(), input, output, layers: Cell::new(0) };
        for operator in operators {
            // An operator reads the input, constants, and outputs of operators before it.
            let is_known = |tensor: &i32| {
                usize::try_from(*tensor).map_or(true, |tensor| {
                    let constant = !graph.tensors[tensor].data.is_empty();
                    constant || tensor == input || graph.operators.iter().any(|earlier| earlier.output == tensor)
                })
            };
            if !operator.inputs.iter().all(is_known) {
                return Err(operator.refuse("an input is computed after it, or not at all"));
            }
            let joins = matches!(&operator.name[..], "ADD" | "CONCATENATION");
            graph.forks.push(if joins { Some(graph.fork(&operator)?) } else { None });
            graph.operators.push(operator);
        }
        Ok(graph)
    }

    fn layers(&self) -> Parsed<Model> {
        let element = self.tensors[self.input].element;
        if element != INT8 {
            let input = &self.tensors[self.input];
            return Err(format!(
                "takes `{}` of type {}, and only int8 is supported: convert it with `inference_input_type = tf.int8`",
                input.name,
                type_name(element)
            ));
        }
        let mut layers = self.between(self.input, self.output)?;
        if layers.is_empty() {
            return Err("has no operators".into());
        }
        let scales = [self.scale(self.input)?, self.scale(self.output)?];
        merge(&mut layers);
        Ok(Model { layers, scales })
    }

    /// The layers from tensor `from` to tensor `to`.
    fn between(&self, from: usize, to: usize) -> Parsed<Vec<Layer>> {
        let (mut reversed, mut at) = (Vec::new(), to);
        while at != from {
            // Branches that share operators repeat them.
            self.layers.set(self.layers.get() + 1);
            if self.layers.get() > MOST_LAYERS {
                return Err("has branches that share too many operators".into());
            }
            let operator = self.source(at)?;
            if let Some(fork) = self.forks[operator.number] {
                reversed.push(self.branches(operator, fork)?);
                at = fork;
            } else {
                reversed.push(self.layer(operator).map_err(|reason| operator.refuse(&reason))?);
                at = self.input_of(operator, 0)?;
            }
        }
        reversed.reverse();
        Ok(reversed)
    }

    /// The operator that computes a tensor.
    fn source(&self, tensor: usize) -> Parsed<&Operator<'a>> {
        let found = self.operators.iter().find(|operator| operator.output == tensor);
        found.ok_or_else(|| {
            format!("has tensor `{}`, which no operator computes from the input", self.tensors[tensor].name)
        })
    }

    fn input_of(&self, operator: &Operator<'a>, index: usize) -> Parsed<usize> {
        let tensor = operator.inputs.get(index).and_then(|tensor| usize::try_from(*tensor).ok());
        tensor.ok_or_else(|| operator.refuse(&format!("input {index} is missing")))
    }

    /// The tensors from which a tensor follows through one operator after another, latest first.
    fn ancestors(&self, tensor: usize) -> Parsed<Vec<usize>> {
        let (mut ancestors, mut at) = (vec![tensor], tensor);
        while at != self.input {
            let operator = self.source(at)?;
            at = self.forks[operator.number].map_or_else(|| self.input_of(operator, 0), Ok)?;
            ancestors.push(at);
        }
        Ok(ancestors)
    }

    /// The tensor at which the branches of an operator of two inputs part.
    fn fork(&self, operator: &Operator<'a>) -> Parsed<usize> {
        if operator.inputs.len() != 2 {
            return Err(operator.refuse(&format!("it has {} inputs, and 2 are supported", operator.inputs.len())));
        }
        let [a, b] = [self.ancestors(self.input_of(operator, 0)?)?, self.ancestors(self.input_of(operator, 1)?)?];
        let fork = a.into_iter().find(|tensor| b.contains(tensor));
        fork.ok_or_else(|| operator.refuse("its inputs do not follow from one tensor"))
    }

    fn branches(&self, operator: &Operator<'a>, fork: usize) -> Parsed<Layer> {
        let mut ends = [self.input_of(operator, 0)?, self.input_of(operator, 1)?];
        let options = operator.options;
        let shape = self.shape(operator.output)?;
        let join = if operator.name == "ADD" {
            let activation = options.map_or(Ok(0), |table| table.byte(0))?;
            // The identity comes second. A sum does not depend on the order.
            if ends[0] == fork {
                ends.swap(0, 1);
            }
            if ends.iter().any(|end| self.tensors[*end].shape != self.tensors[operator.output].shape) {
                return Err(operator.refuse("its inputs differ in shape"));
            }
            let inputs = [self.scale(ends[0])?, self.scale(ends[1])?];
            let activation = activation_name(activation).map_err(|reason| operator.refuse(&reason))?;
            Join::Add { activation, inputs, output: self.scale(operator.output)? }
        } else {
            let axis = options.map_or(Ok(0), |table| table.int(0, 0))?;
            let rank = self.tensors[operator.output].shape.len();
            if axis != -1 && usize::try_from(axis).ok() != rank.checked_sub(1) {
                return Err(
                    operator.refuse(&format!("it joins axis {axis}, and only the last one, of channels, is supported"))
                );
            }
            let inputs = [self.scale(ends[0])?, self.scale(ends[1])?];
            let output = self.scale(operator.output)?;
            if inputs.iter().any(|input| *input != output) {
                return Err(operator.refuse("its inputs and its output differ in scale"));
            }
            Join::Concat { shape, inputs, output }
        };
        let branch = |end: usize| -> Parsed<Vec<Layer>> {
            let layers = self.between(fork, end)?;
            Ok(if layers.is_empty() { vec![Layer::Identity { shape: self.shape(end)? }] } else { layers })
        };
        let (first, second) = (branch(ends[0])?, branch(ends[1])?);
        Ok(Layer::Branches { first, second, join })
    }

    /// The shape of an activation, without the axis of the batch.
    fn shape(&self, tensor: usize) -> Parsed<Vec<usize>> {
        let Tensor { name, shape, .. } = &self.tensors[tensor];
        match &shape[..] {
            [1, rest @ ..] if !rest.is_empty() => Ok(rest.to_vec()),
            _ => Err(format!("has tensor `{name}` of shape {shape:?}, and only a batch of 1 is supported")),
        }
    }

    fn image(&self, tensor: usize) -> Parsed<[usize; 3]> {
        let shape = self.shape(tensor)?;
        shape.try_into().map_err(|shape| format!("its tensor of shape {shape:?} is not an image"))
    }

    /// The scale of an activation in int8.
    fn scale(&self, tensor: usize) -> Parsed<Scale> {
        let Tensor { name, element, scales, zeros, .. } = &self.tensors[tensor];
        if *element != INT8 {
            let element = type_name(*element);
            return Err(format!("has tensor `{name}` of type {element}, and only int8 activations are supported"));
        }
        match (&scales[..], &zeros[..]) {
            ([scale], [zero]) if scale.is_finite() && *scale > 0.0 && (-128..=127).contains(zero) => {
                Ok(Scale { scale: *scale, zero: *zero as i8 })
            }
            _ => Err(format!("has tensor `{name}` without a valid scale")),
        }
    }

    fn layer(&self, operator: &Operator<'a>) -> Parsed<Layer> {
        let input = self.input_of(operator, 0)?;
        let options = |field: usize| operator.options.map_or(Ok(0), |table| table.byte(field));
        let int = |field: usize, default: i32| operator.options.map_or(Ok(default), |table| table.int(field, default));
        let size = |field: usize, default: i32| -> Parsed<usize> {
            match usize::try_from(int(field, default)?) {
                Ok(size) if size > 0 && size < 1 << 16 => Ok(size),
                _ => Err("a stride, dilation or size is out of range".into()),
            }
        };
        Ok(match &operator.name[..] {
            "FULLY_CONNECTED" => {
                let [from, to] = [self.shape(input)?, self.shape(operator.output)?];
                let ([inputs], [outputs]) = (&from[..], &to[..]) else {
                    return Err(format!("from {from:?} to {to:?}: only vectors are supported"));
                };
                let width = [*inputs, *outputs];
                let constants = self.affine(operator, options(0)?, vec![*outputs, *inputs], None)?;
                Layer::Dense { width, constants }
            }
            "CONV_2D" | "DEPTHWISE_CONV_2D" => {
                let images = [self.image(input)?, self.image(operator.output)?];
                let depthwise = operator.name == "DEPTHWISE_CONV_2D";
                // The options of a depthwise convolution have the multiplier of channels in between.
                let more = usize::from(depthwise);
                let weights = &self.tensors[self.input_of(operator, 1)?].shape;
                let [_, rows, columns, _] = weights[..] else {
                    return Err(format!("its weights have the shape {weights:?}, and 4 axes are needed"));
                };
                let window = Window {
                    kernel: [rows, columns],
                    stride: [size(2, 1)?, size(1, 1)?],
                    dilation: [size(5 + more, 1)?, size(4 + more, 1)?],
                    same: options(0)? == 0,
                };
                check_window(&window, images)?;
                let ([.., channels], [.., filters]) = (images[0], images[1]);
                let activation = options(3 + more)?;
                if depthwise {
                    if channels != filters {
                        return Err(format!(
                            "{channels} channels become {filters}, and a multiplier of 1 is supported"
                        ));
                    }
                    let constants = self.affine(operator, activation, vec![1, rows, columns, channels], Some(3))?;
                    Layer::DepthwiseConv2d { images, window, constants }
                } else {
                    let constants =
                        self.affine(operator, activation, vec![filters, rows, columns, channels], Some(0))?;
                    Layer::Conv2d { images, window, constants }
                }
            }
            "AVERAGE_POOL_2D" | "MAX_POOL_2D" => {
                let images = [self.image(input)?, self.image(operator.output)?];
                let window = Window {
                    kernel: [size(4, 1)?, size(3, 1)?],
                    stride: [size(2, 1)?, size(1, 1)?],
                    dilation: [1, 1],
                    same: options(0)? == 0,
                };
                check_window(&window, images)?;
                self.same_scale(operator, input)?;
                if options(5)? != 0 {
                    return Err("an activation after a pool is not supported".into());
                }
                let name = if operator.name == "MAX_POOL_2D" { "MaxPool2d" } else { "AveragePool2d" };
                Layer::Pool { name, images, window }
            }
            "RESHAPE" => {
                let [from, to] = [self.shape(input)?, self.shape(operator.output)?];
                if size_of_shape(&from) != size_of_shape(&to) {
                    return Err(format!("from {from:?} to {to:?}: the sizes differ"));
                }
                self.same_scale(operator, input)?;
                Layer::Reshape { from, to }
            }
            "SOFTMAX" => {
                let beta = f32::from_le_bytes(operator.options.map_or(Ok([0; 4]), |table| table.number(0))?);
                if beta != 1.0 {
                    return Err(format!("its beta is {beta}, and 1 is supported"));
                }
                self.activate("Softmax", input, operator.output)?
            }
            "LOGISTIC" => self.activate("Sigmoid", input, operator.output)?,
            "TANH" => self.activate("Tanh", input, operator.output)?,
            _ => return Err("this operator has no layer".into()),
        })
    }

    fn activate(&self, activation: &'static str, input: usize, output: usize) -> Parsed<Layer> {
        let (input, shape, output) = (self.scale(input)?, self.shape(output)?, self.scale(output)?);
        let expected = match activation {
            "Tanh" => Scale { scale: 1.0 / 128.0, zero: 0 },
            _ => Scale { scale: 1.0 / 256.0, zero: -128 },
        };
        if output != expected {
            return Err(format!("the scale of its output is not {}", expected.scale));
        }
        Ok(Layer::Activate { activation, shape, input, output })
    }

    fn same_scale(&self, operator: &Operator<'a>, input: usize) -> Parsed<()> {
        if self.scale(input)? == self.scale(operator.output)? {
            Ok(())
        } else {
            Err("its input and output differ in scale".into())
        }
    }

    /// The constants of a layer whose weights have `shape`, with a scale for each index of `axis`.
    fn affine(
        &self,
        operator: &Operator<'a>,
        activation: u8,
        shape: Vec<usize>,
        axis: Option<usize>,
    ) -> Parsed<Affine> {
        let input = self.input_of(operator, 0)?;
        let weights = &self.tensors[self.input_of(operator, 1)?];
        if weights.shape != shape {
            return Err(format!("its weights have the shape {:?}, not {shape:?}", weights.shape));
        }
        if weights.element != INT8 {
            return Err(format!("its weights are {}, not int8", type_name(weights.element)));
        }
        let outputs = shape[axis.unwrap_or(0)];
        if Some(weights.data.len()) != size_of_shape(&shape) {
            return Err(format!("its weights of shape {shape:?} have {} bytes", weights.data.len()));
        }
        if weights.zeros.iter().any(|zero| *zero != 0) {
            return Err("its weights have a zero point other than 0".into());
        }
        if weights.scales.iter().any(|scale| !(scale.is_finite() && *scale > 0.0)) {
            return Err("a scale of its weights is not positive".into());
        }
        let scales = match &weights.scales[..] {
            [scale] => vec![*scale; outputs],
            scales if scales.len() == outputs && usize::try_from(weights.axis).ok() == Some(axis.unwrap_or(0)) => {
                scales.to_vec()
            }
            scales => return Err(format!("its weights have {} scales, and it has {outputs} outputs", scales.len())),
        };
        let bias = match operator.inputs.get(2) {
            None | Some(-1) => vec![[0; 4]; outputs],
            Some(_) => {
                let bias = &self.tensors[self.input_of(operator, 2)?];
                if bias.element != 2 || bias.data.len() != 4 * outputs {
                    let element = type_name(bias.element);
                    return Err(format!("its bias is {element} of {} bytes, not {outputs} int32", bias.data.len()));
                }
                bias.data.as_chunks().0.to_vec()
            }
        };
        let constants = Affine {
            weights: weights.data.to_vec(),
            bias,
            scales,
            activation: activation_name(activation)?,
            input: self.scale(input)?,
            logits: self.scale(operator.output)?,
        };
        constants.check_sums(axis == Some(3))?;
        Ok(constants)
    }
}

impl Affine {
    /// Refuses sums that overflow 32 bits for some input. `last` says that the outputs are the last axis of the weights.
    fn check_sums(&self, last: bool) -> Parsed<()> {
        let outputs = self.bias.len();
        let each = self.weights.len() / outputs.max(1);
        let [low, high] = [-128, 127].map(|q| q - i64::from(self.input.zero));
        for (output, bias) in self.bias.iter().enumerate() {
            let mut range = [i64::from(i32::from_le_bytes(*bias)); 2];
            for k in 0..each {
                let place = if last { k * outputs + output } else { output * each + k };
                let products = [low, high].map(|x| x * i64::from(self.weights[place] as i8));
                range[0] += products[0].min(products[1]);
                range[1] += products[0].max(products[1]);
            }
            if range[0] < i64::from(i32::MIN) || range[1] > i64::from(i32::MAX) {
                return Err(format!("the sum of output {output} can overflow 32 bits"));
            }
        }
        Ok(())
    }
}

impl Operator<'_> {
    fn refuse(&self, reason: &str) -> String {
        format!("has operator {}, {}, that is not supported: {reason}", self.number, self.name)
    }
}

/// The number of elements, if it is not too large for a `usize`.
fn size_of_shape(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |size, length| size.checked_mul(*length))
}

/// Refuses a window whose output has another size than the file says.
fn check_window(window: &Window, images: [[usize; 3]; 2]) -> Parsed<()> {
    for axis in 0..2 {
        let Window { kernel, stride, dilation, same } = window;
        let (input, output) = (images[0][axis], images[1][axis]);
        let reach = (kernel[axis].max(1) - 1).saturating_mul(dilation[axis]).saturating_add(1);
        let positions = if *same {
            input.div_ceil(stride[axis])
        } else {
            input.checked_sub(reach).map_or(0, |rest| rest / stride[axis] + 1)
        };
        if positions != output || kernel[axis] == 0 {
            return Err(format!("axis {axis} has {output} outputs in the file, and {positions} by its window"));
        }
    }
    Ok(())
}

fn activation_name(code: u8) -> Parsed<&'static str> {
    match code {
        0 => Ok("Linear"),
        1 => Ok("Relu"),
        3 => Ok("Relu6"),
        _ => Err(format!("its activation has the code {code}, and there are layers for none, ReLU and ReLU6")),
    }
}

fn type_name(element: u8) -> &'static str {
    match element {
        FLOAT32 => "float32",
        1 => "float16",
        2 => "int32",
        3 => "uint8",
        4 => "int64",
        7 => "int16",
        INT8 => "int8",
        _ => "another",
    }
}

/// Makes one layer of those that this crate has as one: a layer and its activation, and a pool over all of an image.
fn merge(layers: &mut Vec<Layer>) {
    let mut merged: Vec<Layer> = Vec::new();
    for mut layer in layers.drain(..) {
        if let Layer::Branches { first, second, .. } = &mut layer {
            merge(first);
            merge(second);
        }
        match (merged.last_mut(), &layer) {
            (
                Some(
                    Layer::Dense { constants, .. }
                    | Layer::Conv2d { constants, .. }
                    | Layer::DepthwiseConv2d { constants, .. },
                ),
                Layer::Activate { activation, .. },
            ) if constants.activation == "Linear" => constants.activation = activation,
            (Some(last @ Layer::Pool { name: "AveragePool2d", .. }), Layer::Reshape { to, .. }) => {
                let Layer::Pool { images, window, .. } = last else { continue };
                match *images {
                    [image, [1, 1, channels]] if to[..] == [channels] && window.kernel[..] == image[..2] => {
                        *last = Layer::GlobalAveragePool { image }
                    }
                    _ => merged.push(layer),
                }
            }
            _ => merged.push(layer),
        }
    }
    *layers = merged;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tflite::sequence;

    const KWS: &[u8] = include_bytes!("../../../data/mlperf_tiny/kws_int8.tflite");
    const RESNET8: &[u8] = include_bytes!("../../../data/mlperf_tiny/resnet8_int8.tflite");

    #[test]
    fn layers_are_written_as_types() {
        let model = Model::parse(KWS).unwrap();
        let types = sequence(&model.layers, &str::to_string);
        assert!(types.starts_with("(Conv2d<Image<49, 10, 1>, 64, 10, Relu, Same<2>, Bias, 4, Image<25, 5, 64>>, "));
        assert!(types.ends_with("GlobalAveragePool<Image<25, 5, 64>>, Dense<64, 12, Softmax>)"), "{types}");
        let types = sequence(&Model::parse(RESNET8).unwrap().layers, &str::to_string);
        assert_eq!(types.matches("Branches<").count(), 3);
        assert!(types.contains("Identity<[[[f32; 16]; 32]; 32]>, Add<Relu>>"), "{types}");
    }

    #[test]
    fn truncated_files_are_refused() {
        for length in (0..2000).chain((2000..KWS.len()).step_by(97)) {
            assert!(Model::parse(&KWS[..length]).is_err(), "{length} bytes");
        }
    }

    /// A damaged file is refused or read, but causes no panic and no endless loop.
    #[test]
    fn damaged_files_are_read_or_refused() {
        let mut state = 1u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 4) as usize % below
        };
        let mut refused = 0;
        for file in [KWS, RESNET8] {
            for _ in 0..300 {
                let mut file = file.to_vec();
                for _ in 0..=random(3) {
                    // The tables are at both ends, and the weights in between.
                    let place = if random(2) == 0 { random(4000) } else { file.len() - 1 - random(8000) };
                    file[place] = [0, 1, 0x7f, 0xff, random(256) as u8][random(5)];
                }
                refused += usize::from(Model::parse(&file).is_err());
            }
        }
        assert!((100..600).contains(&refused), "{refused}");
    }
}
