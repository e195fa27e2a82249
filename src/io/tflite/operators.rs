//! The operators of a model.

mod lstm;

use std::{vec, vec::Vec};

use super::{Element, Tensor, VERSION, Value, flatbuffer::Table as Fields};
use crate::{
    activation::{Sigmoid, Tanh},
    layer::{Pool, Sliding},
    quantized::{Description, Operation, Operator, Scale, Table, Weights},
};

/// The number of an operator in the schema, and its version for int8.
type Code = (i32, i32);

const ADD_INT32: Code = (0, 1);
const ADD: Code = (0, 2);
const AVERAGE_POOL_2D: Code = (1, 2);
const CONCATENATION: Code = (2, 2);
const CONV_2D: Code = (3, 3);
const DEPTHWISE_CONV_2D: Code = (4, 3);
const FULLY_CONNECTED: Code = (9, 4);
const L2_NORMALIZATION: Code = (11, 2);
const LOGISTIC: Code = (14, 2);
const MAX_POOL_2D: Code = (17, 2);
const MUL: Code = (18, 2);
const RELU: Code = (19, 2);
const RELU_N1_TO_1: Code = (20, 1);
const RELU6: Code = (21, 2);
const RESHAPE: Code = (22, 1);
const RESIZE_BILINEAR: Code = (23, 3);
const SOFTMAX: Code = (25, 2);
const TANH: Code = (28, 2);
const PAD: Code = (34, 2);
const GATHER: Code = (36, 2);
const TRANSPOSE: Code = (39, 2);
const SUB: Code = (41, 1);
const SUB_INT8: Code = (41, 2);
const DIV: Code = (42, 1);
const LOG_SOFTMAX: Code = (50, 2);
const CAST: Code = (53, 1);
const PRELU: Code = (54, 1);
const MAXIMUM: Code = (55, 2);
const MINIMUM: Code = (57, 2);
const PADV2: Code = (60, 2);
const SLICE: Code = (65, 2);
const TRANSPOSE_CONV: Code = (67, 4);
const REDUCE_MAX: Code = (82, 2);
const RESIZE_NEAREST_NEIGHBOR: Code = (97, 2);
const SQUARED_DIFFERENCE: Code = (99, 2);
const QUANTIZE: Code = (114, 2);
const BATCH_MATMUL: Code = (126, 2);

/// The options of an operator: the number of their type in the schema, and their fields.
type Options = (u8, Fields);

const NO_OPTIONS: Options = (0, Vec::new());

/// The reason why there is no operator.
type Refused = &'static str;

/// Builds the operators of a model.
pub struct Operators<'a> {
    description: &'a Description,
    tensors: Vec<Tensor>,
    codes: Vec<Code>,
    operators: Vec<Fields>,
}

impl<'a> Operators<'a> {
    /// The tensors of the description come first.
    pub fn new(description: &'a Description) -> Self {
        let tensors = description.tensors.iter().map(|tensor| Tensor::of(&tensor.shape, tensor.scale)).collect();
        Self { description, tensors, codes: Vec::new(), operators: Vec::new() }
    }

    /// Appends the operators that compute one of the description.
    pub fn append(&mut self, operator: &Operator) -> Result<(), Refused> {
        let (x, y) = (operator.inputs[0], operator.output);
        match &operator.operation {
            Operation::Standardize { mean, deviation } => {
                let mut at = x;
                for (code, column, options) in [(SUB, mean, 28), (DIV, deviation, 29)] {
                    let column = self.tensor(Tensor::floats(column));
                    let next = self.activations(&self.description.tensors[x].shape, None);
                    self.push(code, &[at, column], next, (options, vec![(0, Value::Byte(0))]));
                    at = next;
                }
                self.push(QUANTIZE, &[at], y, (89, vec![]));
            }
            Operation::Dense(weights) => {
                let outputs = weights.bias.len();
                let shape = [outputs, weights.weights.len() / outputs.max(1)];
                let constants = self.constants(weights, &weights.scales[..outputs.min(1)], &shape, 0, x);
                let options = vec![(0, Value::Byte(fused(weights.range)?))];
                self.push(FULLY_CONNECTED, &[x, constants[0], constants[1]], y, (8, options));
            }
            Operation::Convolution(weights, window) => {
                let [rows, columns] = window.kernel;
                let filters = weights.bias.len();
                let channels = weights.weights.len() / (filters * rows * columns).max(1);
                let constants = self.constants(weights, &weights.scales, &[filters, rows, columns, channels], 0, x);
                let range = fused(weights.range)?;
                self.windowed(operator, window, None, |padding, x, y| {
                    let [stride, dilation] = [window.stride, window.dilation].map(|[rows, columns]| [columns, rows]);
                    let mut options = vec![(0, Value::Byte(padding)), (3, Value::Byte(range))];
                    options.extend(numbers([1, 2, 4, 5], [stride, dilation]));
                    (CONV_2D, vec![x, constants[0], constants[1]], y, (1, options))
                });
            }
            Operation::TransposedConvolution(weights, window) => {
                // The window moves over the output.
                let Some(padding) = self.padding([y, x], window).filter(|_| window.dilation == [1, 1]) else {
                    return Err("TensorFlow Lite has transposed convolutions with `Same` or `Valid`, without dilation");
                };
                let [rows, columns] = window.kernel;
                let filters = weights.bias.len();
                let channels = weights.weights.len() / (filters * rows * columns).max(1);
                let constants = self.constants(weights, &weights.scales, &[filters, rows, columns, channels], 0, x);
                let shape: Vec<i32> = self.tensors[y].shape.iter().map(|length| *length as i32).collect();
                let shape = self.tensor(Tensor::integers(&[shape.len()], &shape));
                let mut options = vec![(0, Value::Byte(padding)), (3, Value::Byte(fused(weights.range)?))];
                let strides = [(1, window.stride[1]), (2, window.stride[0])];
                options.extend(strides.map(|(field, stride)| (field, Value::Int(stride as i32))));
                self.push(TRANSPOSE_CONV, &[shape, constants[0], x, constants[1]], y, (49, options));
            }
            Operation::Depthwise(weights, window) => {
                let [rows, columns] = window.kernel;
                let constants = self.constants(weights, &weights.scales, &[1, rows, columns, weights.bias.len()], 3, x);
                let range = fused(weights.range)?;
                self.windowed(operator, window, None, |padding, x, y| {
                    let [stride, dilation] = [window.stride, window.dilation].map(|[rows, columns]| [columns, rows]);
                    let mut options = vec![(0, Value::Byte(padding)), (3, Value::Int(1)), (4, Value::Byte(range))];
                    options.extend(numbers([1, 2, 5, 6], [stride, dilation]));
                    (DEPTHWISE_CONV_2D, vec![x, constants[0], constants[1]], y, (2, options))
                });
            }
            Operation::Pool(pool, window) => {
                if window.dilation != [1, 1] {
                    return Err("TensorFlow Lite has no pools with dilation");
                }
                let (code, fill) = match pool {
                    Pool::Max => (MAX_POOL_2D, Some(i8::MIN)),
                    Pool::Average if self.padding([x, y], window).is_none() => {
                        return Err("an average pool pads as `Same`, or not at all, in TensorFlow Lite: use `Same`");
                    }
                    Pool::Average => (AVERAGE_POOL_2D, None),
                };
                self.windowed(operator, window, fill, |padding, x, y| {
                    (code, vec![x], y, pool_options(padding, window))
                });
            }
            Operation::Lstm { kernel, recurrent_kernel, cell, all } => {
                self.lstm(x, y, [kernel, recurrent_kernel], *cell, *all);
            }
            Operation::GlobalAverage => {
                let shape = &self.description.tensors[x].shape;
                let (window, channels) = match shape[..] {
                    [height, width, channels] => ([height, width], channels),
                    [steps, channels] => ([1, steps], channels),
                    _ => return Err("a mean of this shape has no operator"),
                };
                let x = self.reshaped(x, &[window[0], window[1], channels]);
                let mean = self.like(y, &[1, 1, channels]);
                let window = Sliding {
                    axes: 2,
                    kernel: window,
                    stride: window,
                    dilation: [1; 2],
                    before: [0; 2],
                    after: [0; 2],
                };
                self.push(AVERAGE_POOL_2D, &[x], mean, pool_options(VALID, &window));
                self.reshape(mean, y);
            }
            Operation::GlobalMax => {
                let axes: Vec<i32> = (1..self.description.tensors[x].shape.len() as i32).collect();
                let axes = self.tensor(Tensor::integers(&[axes.len()], &axes));
                self.push(REDUCE_MAX, &[x, axes], y, (27, vec![(0, Value::Byte(0))]));
            }
            Operation::ZeroPad { before, after } => {
                let zeros = self.zeros(*before, *after);
                self.push(PAD, &[x, zeros], y, (22, vec![]));
            }
            Operation::Crop([top, left]) => {
                let size: Vec<i32> = self.tensors[y].shape.iter().map(|length| *length as i32).collect();
                let begin = [0, *top as i32, *left as i32, 0];
                let bounds = [self.tensor(Tensor::integers(&[4], &begin)), self.tensor(Tensor::integers(&[4], &size))];
                self.push(SLICE, &[x, bounds[0], bounds[1]], y, (48, vec![]));
            }
            Operation::Transpose => {
                let axes = self.tensor(Tensor::integers(&[4], &[0, 2, 1, 3]));
                self.push(TRANSPOSE, &[x, axes], y, (26, vec![]));
            }
            Operation::Resize { corners, centers } => {
                let size = self.size(y);
                let options = vec![(2, Value::Byte((*corners).into())), (3, Value::Byte((*centers).into()))];
                self.push(RESIZE_BILINEAR, &[x, size], y, (15, options));
            }
            Operation::UpSample(_) => {
                let size = self.size(y);
                self.push(RESIZE_NEAREST_NEIGHBOR, &[x, size], y, (74, vec![]));
            }
            Operation::Reshape => self.reshape(x, y),
            Operation::Limit(range) => {
                let code = match fused(*range)? {
                    1 => RELU,
                    2 => RELU_N1_TO_1,
                    3 => RELU6,
                    _ => return Err("TensorFlow Lite has no operator for the range of the activation"),
                };
                self.push(code, &[x], y, NO_OPTIONS);
            }
            Operation::Softmax => self.push(SOFTMAX, &[x], y, (9, vec![(0, Value::Float(1.0))])),
            Operation::LogSoftmax => self.push(LOG_SOFTMAX, &[x], y, (36, vec![])),
            Operation::UnitLength => self.push(L2_NORMALIZATION, &[x], y, (12, vec![(0, Value::Byte(0))])),
            Operation::Table { table, .. } => {
                let [input, output] = [x, y].map(|tensor| self.description.tensors[tensor].scale);
                match input.zip(output).and_then(|(input, output)| function(table, input, output)) {
                    Some(code) => self.push(code, &[x], y, NO_OPTIONS),
                    None => self.look_up(x, y, &table.0),
                }
            }
            Operation::PRelu { alpha, scale } => {
                let alpha = Tensor { zero: scale.zero, ..Tensor::bytes(&[alpha.len()], alpha, &[scale.scale], 0) };
                let alpha = self.tensor(alpha);
                self.push(PRELU, &[x, alpha], y, NO_OPTIONS);
            }
            Operation::Add(range) => self.arithmetic(ADD, operator, 11, *range)?,
            Operation::Subtract(range) => self.arithmetic(SUB_INT8, operator, 28, *range)?,
            Operation::Maximum => self.push(MAXIMUM, &operator.inputs, y, (39, vec![])),
            Operation::Minimum => self.push(MINIMUM, &operator.inputs, y, (39, vec![])),
            Operation::Multiply(range) => self.arithmetic(MUL, operator, 21, *range)?,
            Operation::SquaredDifference([f32::NEG_INFINITY, f32::INFINITY]) => {
                self.push(SQUARED_DIFFERENCE, &operator.inputs, y, NO_OPTIONS);
            }
            Operation::SquaredDifference(_) => {
                return Err("TensorFlow Lite has no activation after a squared difference: use a layer of its own");
            }
            Operation::MatMul => self.push(BATCH_MATMUL, &operator.inputs, y, (101, vec![])),
            Operation::Constant(numbers) => self.tensors[y].bytes = numbers.iter().map(|q| *q as u8).collect(),
            Operation::Rescale => self.push(QUANTIZE, &[x], y, (89, vec![])),
            Operation::Concat => {
                let axis = self.tensors[y].shape.len() as i32 - 1;
                self.push(CONCATENATION, &operator.inputs, y, (10, vec![(0, Value::Int(axis)), (1, Value::Byte(0))]));
            }
        }
        Ok(())
    }

    /// Appends an operator of two tensors, whose options have this type.
    fn arithmetic(&mut self, code: Code, operator: &Operator, options: u8, range: [f32; 2]) -> Result<(), Refused> {
        let activation = vec![(0, Value::Byte(fused(range)?))];
        self.push(code, &operator.inputs, operator.output, (options, activation));
        Ok(())
    }

    /// The model.
    pub fn model(mut self) -> Fields {
        let Description { inputs, outputs: ends, .. } = self.description;
        let mut outputs: Vec<usize> = Vec::new();
        for end in ends {
            let mut output = *end;
            if inputs.contains(end) || outputs.contains(end) {
                // An operator computes each output.
                output = self.like(*end, &self.description.tensors[*end].shape);
                self.reshape(*end, output);
            }
            outputs.push(output);
        }
        let codes = self.codes.iter().map(|(code, version)| {
            // Old readers know only the byte.
            vec![(0, Value::Byte(*code as u8)), (2, Value::Int(*version)), (3, Value::Int(*code))]
        });
        // The first buffer is empty: it is that of the tensors that are computed.
        let (mut tensors, mut buffers) = (Vec::new(), vec![Vec::new()]);
        for tensor in &self.tensors {
            let is_constant = !tensor.bytes.is_empty();
            tensors.push(tensor.table(if is_constant { buffers.len() } else { 0 }));
            if is_constant {
                buffers.push(vec![(0, Value::Bytes(tensor.bytes.clone()))]);
            }
        }
        let graph = vec![
            (0, Value::Tables(tensors)),
            (1, Value::Ints(inputs.iter().map(|input| *input as i32).collect())),
            (2, Value::Ints(outputs.iter().map(|output| *output as i32).collect())),
            (3, Value::Tables(self.operators)),
        ];
        vec![
            (0, Value::Int(VERSION)),
            (1, Value::Tables(codes.collect())),
            (2, Value::Tables(vec![graph])),
            (3, Value::Text(concat!("shiplap ", env!("CARGO_PKG_VERSION")))),
            (4, Value::Tables(buffers)),
        ]
    }

    fn push(&mut self, code: Code, inputs: &[usize], output: usize, (kind, options): Options) {
        let index = self.codes.iter().position(|known| *known == code).unwrap_or(self.codes.len());
        if index == self.codes.len() {
            self.codes.push(code);
        }
        let mut table = vec![
            (0, Value::Int(index as i32)),
            (1, Value::Ints(inputs.iter().map(|input| *input as i32).collect())),
            (2, Value::Ints(vec![output as i32])),
        ];
        if kind > 0 {
            table.extend([(3, Value::Byte(kind)), (4, Value::Table(options))]);
        }
        self.operators.push(table);
    }

    fn tensor(&mut self, tensor: Tensor) -> usize {
        self.tensors.push(tensor);
        self.tensors.len() - 1
    }

    fn activations(&mut self, shape: &[usize], scale: Option<Scale>) -> usize {
        self.tensor(Tensor::of(shape, scale))
    }

    /// A tensor of this shape with the scale of another.
    fn like(&mut self, tensor: usize, shape: &[usize]) -> usize {
        self.activations(shape, self.description.tensors[tensor].scale)
    }

    /// The weights, and the bias.
    fn constants(&mut self, weights: &Weights, scales: &[f32], shape: &[usize], axis: usize, x: usize) -> [usize; 2] {
        let input = self.tensors[x].scales.first().copied().unwrap_or(1.0);
        let kernel = Tensor::bytes(shape, &weights.weights, scales, axis);
        let bias = Tensor {
            scales: scales.iter().map(|scale| scale * input).collect(),
            ..Tensor::integers(&[weights.bias.len()], &weights.bias)
        };
        [self.tensor(kernel), self.tensor(bias)]
    }

    /// Appends a reshape from tensor `x` to tensor `y`.
    fn reshape(&mut self, x: usize, y: usize) {
        let shape: Vec<i32> = self.tensors[y].shape.iter().map(|length| *length as i32).collect();
        let lengths = self.tensor(Tensor::integers(&[shape.len()], &shape));
        self.push(RESHAPE, &[x, lengths], y, (17, vec![(0, Value::Ints(shape))]));
    }

    /// The tensor `x` in this shape.
    fn reshaped(&mut self, x: usize, shape: &[usize]) -> usize {
        if self.tensors[x].shape[1..] == *shape {
            return x;
        }
        let y = self.like(x, shape);
        self.reshape(x, y);
        y
    }

    /// Appends an operator with a window over an image. A series is an image of one row. Padding other than that of
    /// TensorFlow Lite is an operator before it, with the number `fill`, or the one that stands for 0.
    fn windowed(
        &mut self,
        operator: &Operator,
        window: &Sliding,
        fill: Option<i8>,
        last: impl FnOnce(u8, usize, usize) -> (Code, Vec<usize>, usize, Options),
    ) {
        let (x, y) = (operator.inputs[0], operator.output);
        let padding = self.padding([x, y], window);
        let [from, to] = [x, y].map(|tensor| image(&self.description.tensors[tensor].shape));
        let mut at = self.reshaped(x, &from);
        if padding.is_none() {
            let [rows, columns] = [0, 1].map(|axis| window.before[axis] + from[axis] + window.after[axis]);
            let padded = self.like(x, &[rows, columns, from[2]]);
            let zeros = self.zeros(window.before, window.after);
            match (fill, self.description.tensors[x].scale) {
                (Some(fill), Some(scale)) => {
                    let fill = Tensor { zero: scale.zero, ..Tensor::bytes(&[1], &[fill], &[scale.scale], 0) };
                    let fill = self.tensor(fill);
                    self.push(PADV2, &[at, zeros, fill], padded, (43, vec![]));
                }
                _ => self.push(PAD, &[at, zeros], padded, (22, vec![])),
            }
            at = padded;
        }
        let output = if self.description.tensors[y].shape == to { y } else { self.like(y, &to) };
        let (code, inputs, output, options) = last(padding.unwrap_or(VALID), at, output);
        self.push(code, &inputs, output, options);
        if output != y {
            self.reshape(output, y);
        }
    }

    /// The rows and columns of an image, as an input of an operator.
    fn size(&mut self, image: usize) -> usize {
        let size = [0, 1].map(|axis| self.description.tensors[image].shape[axis] as i32);
        self.tensor(Tensor::integers(&[2], &size))
    }

    /// The rows and columns of zeros, as an input of an operator that pads.
    fn zeros(&mut self, before: [usize; 2], after: [usize; 2]) -> usize {
        let [[top, left], [bottom, right]] = [before, after].map(|zeros| zeros.map(|zeros| zeros as i32));
        self.tensor(Tensor::integers(&[4, 2], &[0, 0, top, bottom, left, right, 0, 0]))
    }

    /// The padding of a window in TensorFlow Lite, if it has it.
    fn padding(&self, ends: [usize; 2], window: &Sliding) -> Option<u8> {
        let [from, to] = ends.map(|tensor| image(&self.description.tensors[tensor].shape));
        if window.before == [0; 2] && window.after == [0; 2] {
            return Some(VALID);
        }
        let is_same = (0..2).all(|axis| {
            let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let zeros = ((to[axis] - 1) * window.stride[axis] + reach).saturating_sub(from[axis]);
            to[axis] == from[axis].div_ceil(window.stride[axis]) && window.before[axis] == zeros / 2
        });
        is_same.then_some(SAME)
    }

    /// Appends a look-up of each number in a table.
    fn look_up(&mut self, x: usize, y: usize, table: &[i8; 256]) {
        let shape = self.tensors[x].shape.clone();
        let [cast, index] = [(); 2].map(|()| {
            self.tensor(Tensor { shape: shape.clone(), ..Tensor::constant(Element::Int32, &[], Vec::new()) })
        });
        // From int8 to an index.
        let offset = self.tensor(Tensor::integers(&[1], &[128]));
        let (scale, zero) = (self.tensors[y].scales.clone(), self.tensors[y].zero);
        let table = self.tensor(Tensor { zero, ..Tensor::bytes(&[256], table, &scale, 0) });
        self.push(
            CAST,
            &[x],
            cast,
            (37, vec![(0, Value::Byte(Element::Int8 as u8)), (1, Value::Byte(Element::Int32 as u8))]),
        );
        self.push(ADD_INT32, &[cast, offset], index, (11, vec![(0, Value::Byte(0))]));
        self.push(GATHER, &[table, index], y, (23, vec![(0, Value::Int(0))]));
    }
}

const SAME: u8 = 0;
const VALID: u8 = 1;

/// The shape as an image: a series is one of a single row.
fn image(shape: &[usize]) -> Vec<usize> {
    if shape.len() == 2 { [&[1], shape].concat() } else { shape.to_vec() }
}

/// Numbers of `[columns, rows]` as fields.
fn numbers(fields: [usize; 4], numbers: [[usize; 2]; 2]) -> impl Iterator<Item = (usize, Value)> {
    fields.into_iter().zip(numbers.into_iter().flatten().map(|number| Value::Int(number as i32)))
}

fn pool_options(padding: u8, window: &Sliding) -> Options {
    let [stride, kernel] = [window.stride, window.kernel].map(|[rows, columns]| [columns, rows]);
    let mut options = vec![(0, Value::Byte(padding)), (5, Value::Byte(0))];
    options.extend(numbers([1, 2, 3, 4], [stride, kernel]));
    (5, options)
}

/// The operator of which this is the table.
fn function(table: &Table, input: Scale, output: Scale) -> Option<Code> {
    if output == Scale::OF_SHARES && table.is::<Sigmoid>(input, output) {
        Some(LOGISTIC)
    } else if output == Scale::OF_TANH && table.is::<Tanh>(input, output) {
        Some(TANH)
    } else {
        None
    }
}

/// The number of an activation that limits its input to a range.
fn fused(range: [f32; 2]) -> Result<u8, Refused> {
    match range {
        [f32::NEG_INFINITY, f32::INFINITY] => Ok(0),
        [0.0, f32::INFINITY] => Ok(1),
        [-1.0, 1.0] => Ok(2),
        [0.0, 6.0] => Ok(3),
        _ => Err("TensorFlow Lite has no operator for the range of its activation: use `Relu`, `Relu6` or `HardTanh`"),
    }
}
