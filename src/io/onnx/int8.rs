//! Export of int8 networks to ONNX.

use std::{
    format,
    path::Path as FilePath,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use prost::Message as _;

use super::{
    INPUT, OUTPUT,
    message::{self, Attribute, Graph, Node, Tensor},
    model,
    operations::{attributes, interpolation, resizing},
    values,
};
use crate::{
    Tensor as _,
    activation::{Sigmoid, Tanh},
    io::{FileError, write},
    layer::{Pool, Sliding},
    quantized::{Calibration, Describe, Description, Operation, Operator, Quantize, Quantized, Scale, Table, Weights},
};

/// Writes an int8 network as an ONNX model (operator set 13), for onnxruntime and other runtimes.
///
/// `calibration` is the one with which the network was quantized. The model takes and returns `f32`, as
/// [`predict`](Quantized::predict). Each operator is one of `f32`, between `DequantizeLinear` and `QuantizeLinear`;
/// runtimes replace these by their operators of int8. They round once where TensorFlow Lite and this crate round twice,
/// so an output of a layer may differ by a step of its scale. In onnxruntime, 2.7 % of the outputs of 32 test networks
/// differ, by up to 13 steps at steep activations. The write is atomic.
///
/// Activations other than `Relu`, `Relu6`, `Sigmoid`, `Tanh`, `Softmax`, `LogSoftmax` and `UnitLength` are written as a
/// look-up in a table of 256 bytes.
///
/// ```
/// use shiplap::{io, prelude::*, quantized::{Calibration, Quantized}};
///
/// type Net = (Dense<2, 8, Relu>, Dense<8, 3, Softmax>);
///
/// let mut calibration = Calibration::default();
/// let samples = [[0.5, -1.0], [1.0, 2.0]];
/// let int8 = Quantized::<Net>::calibrate_with(&Net::new(1), &samples, &mut calibration)?;
/// let path = std::env::temp_dir().join("shiplap.example.int8.onnx");
/// io::export_onnx_int8(&int8, &calibration, &path)?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the calibration is that of another network, if ONNX has no operator for a layer (an average pool
/// with dilation, an `Lstm` in int8, `TimeDistributed`), or if the file cannot be written. An existing file is then
/// unchanged.
pub fn export_onnx_int8<N: Quantize<Int8: Describe>>(
    network: &Quantized<N>,
    calibration: &Calibration,
    path: impl AsRef<FilePath>,
) -> Result<(), FileError> {
    write(path.as_ref(), &to_onnx_int8(network, calibration)?)
}

/// Returns the contents of the file that [`export_onnx_int8`] writes.
///
/// # Errors
///
/// Returns the errors of [`export_onnx_int8`], except for those of writing the file.
pub fn to_onnx_int8<N: Quantize<Int8: Describe>>(
    network: &Quantized<N>,
    calibration: &Calibration,
) -> Result<Vec<u8>, FileError> {
    let description = network.describe(calibration).map_err(|error| FileError::Int8 { reason: error.to_string() })?;
    let (inputs, outputs) = (values(INPUT, &N::Input::FORM), values(OUTPUT, &N::Output::FORM));
    let names = inputs.iter().map(|input| input.name.clone()).collect();
    let mut graph = Operators { description: &description, inputs: names, nodes: Vec::new(), tensors: Vec::new() };
    for (tensor, input) in inputs.iter().enumerate() {
        if let Some(scale) = description.tensors[tensor].scale {
            graph.quantize(input.name.clone(), place(tensor), scale);
        }
    }
    for operator in &description.operators {
        let refuse =
            |reason| FileError::Int8 { reason: format!("cannot export the layer `{}`: {reason}", operator.layer) };
        graph.append(operator).map_err(refuse)?;
    }
    for (tensor, output) in description.outputs.iter().zip(&outputs) {
        let real = graph.real(*tensor);
        graph.node("Identity", vec![real], output.name.clone(), vec![]);
    }
    let Operators { nodes, tensors, .. } = graph;
    let graph = Graph { nodes, name: "network".into(), tensors, inputs, outputs };
    Ok(model(graph).encode_to_vec())
}

/// The name of a tensor of the description, in int8.
fn place(tensor: usize) -> String {
    format!("int8_{tensor}")
}

/// Builds the nodes of a graph.
struct Operators<'a> {
    description: &'a Description,
    /// The names of the inputs, which are the first tensors.
    inputs: Vec<String>,
    nodes: Vec<Node>,
    tensors: Vec<Tensor>,
}

impl Operators<'_> {
    /// Appends the nodes that compute an operator.
    fn append(&mut self, operator: &Operator) -> Result<(), &'static str> {
        let (x, y) = (operator.inputs[0], operator.output);
        match &operator.operation {
            Operation::Standardize { mean, deviation } => {
                let (mean, deviation) = (self.floats(mean), self.floats(deviation));
                let distance = self.next("Sub", vec![self.inputs[x].clone(), mean], vec![]);
                let standardized = self.next("Div", vec![distance, deviation], vec![]);
                self.finish(standardized, y, None);
            }
            Operation::Dense(weights) => {
                let outputs = weights.bias.len();
                let shape = [outputs, weights.weights.len() / outputs.max(1)];
                let inputs = self.affine(x, weights, (&shape, 0), &weights.weights);
                let product = self.next("Gemm", inputs, vec![Attribute::of_integer("transB", 1)]);
                self.finish(product, y, Some(weights.range));
            }
            Operation::Convolution(weights, window) => {
                let [rows, columns] = window.kernel;
                let filters = weights.bias.len();
                let channels = weights.weights.len() / (filters * rows * columns).max(1);
                let transposed = planes(&weights.weights, [filters, rows * columns, channels]);
                self.windowed(
                    operator,
                    window,
                    |graph, x| {
                        let shape = axes([filters, channels], window);
                        let mut inputs = graph.affine(operator.inputs[0], weights, (&shape, 0), &transposed);
                        inputs[0] = x;
                        graph.next("Conv", inputs, attributes(window))
                    },
                    Some(weights.range),
                );
            }
            Operation::TransposedConvolution(weights, window) => {
                let Sliding { kernel, stride, dilation, before, after, .. } = window;
                let filters = weights.bias.len();
                let channels = weights.weights.len() / (filters * kernel[0] * kernel[1]).max(1);
                // The channels of the input come first.
                let (taps, mut transposed) = (kernel[0] * kernel[1], Vec::new());
                for channel in 0..channels {
                    let of_channel = weights.weights.iter().skip(channel).step_by(channels);
                    transposed.extend(of_channel.take(filters * taps));
                }
                let [from, to] = [x, y].map(|tensor| &self.description.tensors[tensor].shape);
                let rest = [0, 1].map(|axis| {
                    let reached = (from[axis] - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1;
                    to[axis] + before[axis] + after[axis] - reached
                });
                self.windowed(
                    operator,
                    window,
                    |graph, x| {
                        let shape = axes([channels, filters], window);
                        let mut inputs = graph.affine(operator.inputs[0], weights, (&shape, 1), &transposed);
                        inputs[0] = x;
                        let mut attributes = attributes(window);
                        attributes.push(Attribute::of_integers("output_padding", &rest));
                        graph.next("ConvTranspose", inputs, attributes)
                    },
                    Some(weights.range),
                );
            }
            Operation::Depthwise(weights, window) => {
                let channels = weights.bias.len();
                let [rows, columns] = window.kernel;
                let transposed = planes(&weights.weights, [1, rows * columns, channels]);
                self.windowed(
                    operator,
                    window,
                    |graph, x| {
                        let shape = axes([channels, 1], window);
                        let mut inputs = graph.affine(operator.inputs[0], weights, (&shape, 0), &transposed);
                        inputs[0] = x;
                        let mut attributes = attributes(window);
                        attributes.push(Attribute::of_integer("group", channels as i64));
                        graph.next("Conv", inputs, attributes)
                    },
                    Some(weights.range),
                );
            }
            Operation::Pool(pool, window) => {
                let mut attributes = attributes(window);
                let name = match pool {
                    Pool::Max => "MaxPool",
                    // The operator has no dilations in this version.
                    Pool::Average if window.dilation != [1, 1] => {
                        return Err("ONNX has no average pools with dilation");
                    }
                    Pool::Average => {
                        attributes.retain(|attribute| attribute.name != "dilations");
                        "AveragePool"
                    }
                };
                self.windowed(operator, window, |graph, x| graph.next(name, vec![x], attributes), None);
            }
            Operation::Lstm { .. } => return Err("ONNX has an LSTM of real numbers only"),
            pool @ (Operation::GlobalAverage | Operation::GlobalMax) => {
                let pixels: Vec<usize> = (1..self.description.tensors[x].shape.len()).collect();
                let attributes = vec![Attribute::of_integers("axes", &pixels), Attribute::of_integer("keepdims", 0)];
                let x = self.real(x);
                let name = if matches!(pool, Operation::GlobalMax) { "ReduceMax" } else { "ReduceMean" };
                let reduced = self.next(name, vec![x], attributes);
                self.finish(reduced, y, None);
            }
            Operation::ZeroPad { before: [top, left], after: [bottom, right] } => {
                let zeros = [0, *top, *left, 0, 0, *bottom, *right, 0].map(|zeros| zeros as i64);
                let zeros =
                    self.constant(message::INT64, &[8], zeros.iter().flat_map(|zeros| zeros.to_le_bytes()).collect());
                let zero = self.description.tensors[x].scale.map_or(0, |scale| scale.zero);
                let zero = self.constant(message::INT8, &[], vec![zero as u8]);
                self.node("Pad", vec![place(x), zeros, zero], place(y), vec![]);
            }
            Operation::Crop(before) => {
                let size = &self.description.tensors[y].shape;
                let ends = [before[0] + size[0], before[1] + size[1]];
                let bounds = [*before, ends, [1, 2]].map(|numbers| {
                    let raw = numbers.iter().flat_map(|number| (*number as i64).to_le_bytes()).collect();
                    self.constant(message::INT64, &[2], raw)
                });
                let inputs = [place(x)].into_iter().chain(bounds).collect();
                self.node("Slice", inputs, place(y), vec![]);
            }
            Operation::Transpose => {
                self.node("Transpose", vec![place(x)], place(y), vec![Attribute::of_integers("perm", &[0, 2, 1, 3])]);
            }
            Operation::Resize { corners, centers } => {
                let [from, to] = [x, y].map(|tensor| &self.description.tensors[tensor].shape);
                let [rows, columns] = [0, 1].map(|axis| resizing(from[axis], to[axis]));
                let scales = self.floats(&[1.0, rows, columns, 1.0]);
                let x = self.real(x);
                let inputs = vec![x, String::new(), scales];
                let resized = self.next("Resize", inputs, interpolation(*corners, *centers));
                self.finish(resized, y, None);
            }
            Operation::UpSample([rows, columns]) => {
                // Numbers that no mode interpolates.
                let scales = self.floats(&[1.0, *rows as f32, *columns as f32, 1.0]);
                let modes = ["mode", "coordinate_transformation_mode", "nearest_mode"];
                let modes = modes.into_iter().zip(["nearest", "asymmetric", "floor"]);
                let modes = modes.map(|(name, mode)| Attribute::of_text(name, mode)).collect();
                self.node("Resize", vec![place(x), String::new(), scales], place(y), modes);
            }
            Operation::Reshape => {
                // A length of 0 stands for that of the input: the batch.
                let shape = self.description.tensors[y].shape.iter().map(|length| *length as i64);
                let shape: Vec<u8> = [0].into_iter().chain(shape).flat_map(i64::to_le_bytes).collect();
                let shape = self.constant(message::INT64, &[shape.len() / 8], shape);
                self.node("Reshape", vec![place(x), shape], place(y), vec![]);
            }
            Operation::Limit(range) => {
                let x = self.real(x);
                self.finish(x, y, Some(*range));
            }
            Operation::Softmax => {
                let x = self.real(x);
                let shares = self.next("Softmax", vec![x], vec![Attribute::of_integer("axis", -1)]);
                self.finish(shares, y, None);
            }
            Operation::LogSoftmax => {
                let x = self.real(x);
                let logarithms = self.next("LogSoftmax", vec![x], vec![Attribute::of_integer("axis", -1)]);
                self.finish(logarithms, y, None);
            }
            Operation::UnitLength => {
                // No length is between 0 and the scale.
                let least = self.description.tensors[x].scale.map_or(1.0, |scale| scale.scale);
                let least = self.floats(&[least]);
                let x = self.real(x);
                let length = self.next("ReduceL2", vec![x.clone()], vec![Attribute::of_signed("axes", &[-1])]);
                let length = self.next("Max", vec![length, least], vec![]);
                let direction = self.next("Div", vec![x, length], vec![]);
                self.finish(direction, y, None);
            }
            Operation::Table { table, .. } => match self.function(table, x, y) {
                Some(name) => {
                    let x = self.real(x);
                    let activated = self.next(name, vec![x], vec![]);
                    self.finish(activated, y, None);
                }
                None => {
                    let table = table.0.iter().map(|q| *q as u8).collect();
                    let table = self.constant(message::INT8, &[256], table);
                    let offset = self.constant(message::INT32, &[], 128i32.to_le_bytes().to_vec());
                    let to = vec![Attribute::of_integer("to", i64::from(message::INT32))];
                    let wide = self.next("Cast", vec![place(x)], to);
                    let index = self.next("Add", vec![wide, offset], vec![]);
                    self.node("Gather", vec![table, index], place(y), vec![]);
                }
            },
            Operation::PRelu { alpha, scale } => {
                let int8 = self.constant(message::INT8, &[alpha.len()], alpha.iter().map(|q| *q as u8).collect());
                let [scale, zero] = self.scale(*scale);
                let alpha = self.next("DequantizeLinear", vec![int8, scale, zero], vec![]);
                let x = self.real(x);
                let y_real = self.next("PRelu", vec![x, alpha], vec![]);
                self.finish(y_real, y, None);
            }
            Operation::Add(range) => self.arithmetic("Add", operator, *range),
            Operation::Subtract(range) => self.arithmetic("Sub", operator, *range),
            Operation::Multiply(range) => self.arithmetic("Mul", operator, *range),
            Operation::MatMul => self.arithmetic("MatMul", operator, [f32::NEG_INFINITY, f32::INFINITY]),
            Operation::SquaredDifference(range) => {
                let inputs = operator.inputs.iter().map(|tensor| self.real(*tensor)).collect();
                let difference = self.next("Sub", inputs, vec![]);
                let square = self.next("Mul", vec![difference.clone(), difference], vec![]);
                self.finish(square, y, Some(*range));
            }
            Operation::Maximum => self.extreme("Max", operator),
            Operation::Minimum => self.extreme("Min", operator),
            Operation::Constant(numbers) => {
                let shape: Vec<usize> = [1].into_iter().chain(self.description.tensors[y].shape.clone()).collect();
                let name = self.constant(message::INT8, &shape, numbers.iter().map(|q| *q as u8).collect());
                self.node("Identity", vec![name], place(y), vec![]);
            }
            Operation::Rescale => {
                let x = self.real(x);
                self.finish(x, y, None);
            }
            Operation::Concat => {
                let inputs = operator.inputs.iter().map(|tensor| place(*tensor)).collect();
                self.node("Concat", inputs, place(y), vec![Attribute::of_integer("axis", -1)]);
            }
        }
        Ok(())
    }

    /// Appends an operator of two tensors.
    fn arithmetic(&mut self, name: &str, operator: &Operator, range: [f32; 2]) {
        let inputs = operator.inputs.iter().map(|tensor| self.real(*tensor)).collect();
        let y = self.next(name, inputs, vec![]);
        self.finish(y, operator.output, Some(range));
    }

    /// The larger or smaller of int8 of one scale.
    fn extreme(&mut self, name: &str, operator: &Operator) {
        let inputs = operator.inputs.iter().map(|tensor| place(*tensor)).collect();
        self.node(name, inputs, place(operator.output), vec![]);
    }

    fn node(&mut self, operator: &str, inputs: Vec<String>, output: String, attributes: Vec<Attribute>) {
        let name = format!("{operator}_{}", self.nodes.len());
        self.nodes.push(Node { inputs, outputs: vec![output], name, operator: operator.into(), attributes });
    }

    /// Appends a node, and returns the name of its output.
    fn next(&mut self, operator: &str, inputs: Vec<String>, attributes: Vec<Attribute>) -> String {
        let output = format!("value_{}", self.nodes.len());
        self.node(operator, inputs, output.clone(), attributes);
        output
    }

    fn constant(&mut self, data_type: i32, shape: &[usize], raw: Vec<u8>) -> String {
        let name = format!("constant_{}", self.tensors.len());
        let dimensions = shape.iter().map(|length| *length as i64).collect();
        self.tensors.push(Tensor { dimensions, data_type, name: name.clone(), raw });
        name
    }

    fn floats(&mut self, floats: &[f32]) -> String {
        self.constant(message::FLOAT, &[floats.len()], floats.iter().flat_map(|float| float.to_le_bytes()).collect())
    }

    /// The scale and the zero point, as inputs of a node.
    fn scale(&mut self, Scale { scale, zero }: Scale) -> [String; 2] {
        let scale = self.constant(message::FLOAT, &[], scale.to_le_bytes().to_vec());
        [scale, self.constant(message::INT8, &[], vec![zero as u8])]
    }

    fn quantize(&mut self, x: String, y: String, scale: Scale) {
        let [scale, zero] = self.scale(scale);
        self.node("QuantizeLinear", vec![x, scale, zero], y, vec![]);
    }

    /// The real numbers of the value `name`, which is int8 of the scale of this tensor.
    fn dequantized(&mut self, name: String, tensor: usize) -> String {
        let Some(scale) = self.description.tensors[tensor].scale else { return self.inputs[tensor].clone() };
        let [scale, zero] = self.scale(scale);
        self.next("DequantizeLinear", vec![name, scale, zero], vec![])
    }

    fn real(&mut self, tensor: usize) -> String {
        self.dequantized(place(tensor), tensor)
    }

    /// Limits real numbers to a range, and quantizes them as this tensor.
    fn finish(&mut self, x: String, y: usize, range: Option<[f32; 2]>) {
        let limited = self.limited(x, range);
        if let Some(scale) = self.description.tensors[y].scale {
            self.quantize(limited, place(y), scale);
        }
    }

    fn limited(&mut self, x: String, range: Option<[f32; 2]>) -> String {
        match range {
            None | Some([f32::NEG_INFINITY, f32::INFINITY]) => x,
            Some([0.0, f32::INFINITY]) => self.next("Relu", vec![x], vec![]),
            Some(range) => {
                let [low, high] = range.map(|end| self.constant(message::FLOAT, &[], end.to_le_bytes().to_vec()));
                self.next("Clip", vec![x, low, high], vec![])
            }
        }
    }

    /// The inputs of an operator with weights of this shape, whose `axis` is that of the outputs, in real numbers.
    fn affine(&mut self, x: usize, weights: &Weights, (shape, axis): (&[usize], usize), int8: &[i8]) -> Vec<String> {
        let outputs = weights.bias.len();
        let input = self.description.tensors[x].scale.map_or(1.0, |scale| scale.scale);
        let kernel = self.constant(message::INT8, shape, int8.iter().map(|q| *q as u8).collect());
        let scales = self.floats(&weights.scales);
        let zeros = self.constant(message::INT8, &[outputs], vec![0; outputs]);
        let axis = vec![Attribute::of_integer("axis", axis as i64)];
        let kernel = self.next("DequantizeLinear", vec![kernel, scales, zeros], axis);
        let raw = weights.bias.iter().flat_map(|bias| bias.to_le_bytes()).collect();
        let bias = self.constant(message::INT32, &[outputs], raw);
        let scales: Vec<f32> = weights.scales.iter().map(|scale| scale * input).collect();
        let scales = self.floats(&scales);
        let axis = vec![Attribute::of_integer("axis", 0)];
        let bias = self.next("DequantizeLinear", vec![bias, scales], axis);
        vec![self.real(x), kernel, bias]
    }

    /// Appends an operator with a window, whose images have their channels first.
    fn windowed(
        &mut self,
        operator: &Operator,
        window: &Sliding,
        node: impl FnOnce(&mut Self, String) -> String,
        range: Option<[f32; 2]>,
    ) {
        let (x, y) = (operator.inputs[0], operator.output);
        let axes = window.axes;
        let first: Vec<usize> = [0, axes + 1].into_iter().chain(1..=axes).collect();
        let last: Vec<usize> = [0].into_iter().chain(2..axes + 2).chain([1]).collect();
        let planes = self.next("Transpose", vec![place(x)], vec![Attribute::of_integers("perm", &first)]);
        let planes = self.dequantized(planes, x);
        let output = node(self, planes);
        let output = self.limited(output, range);
        let int8 = format!("planes_{y}");
        if let Some(scale) = self.description.tensors[y].scale {
            self.quantize(output, int8.clone(), scale);
        }
        self.node("Transpose", vec![int8], place(y), vec![Attribute::of_integers("perm", &last)]);
    }

    /// The operator of which this is the table.
    fn function(&self, table: &Table, x: usize, y: usize) -> Option<&'static str> {
        let [input, output] = [x, y].map(|tensor| self.description.tensors[tensor].scale);
        let (input, output) = input.zip(output)?;
        if table.is::<Sigmoid>(input, output) {
            Some("Sigmoid")
        } else if table.is::<Tanh>(input, output) {
            Some("Tanh")
        } else {
            None
        }
    }
}

/// Weights `[output][pixel][channel]` as `[output][channel][pixel]`.
fn planes(weights: &[i8], [outputs, pixels, channels]: [usize; 3]) -> Vec<i8> {
    let place = |index: usize| {
        let (output, channel, pixel) = (index / (channels * pixels), index / pixels % channels, index % pixels);
        (output * pixels + pixel) * channels + channel
    };
    (0..outputs * channels * pixels).filter_map(|index| weights.get(place(index)).copied()).collect()
}

/// The shape of a kernel with these first axes.
fn axes(first: [usize; 2], window: &Sliding) -> Vec<usize> {
    first.into_iter().chain(window.kernel[2 - window.axes..].iter().copied()).collect()
}
