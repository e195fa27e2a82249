//! Export to ONNX.

mod formula;
mod message;

use std::{
    collections::BTreeMap,
    format,
    path::Path as FilePath,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use prost::Message as _;

use self::{
    formula::{Number, steps},
    message::{Attribute, Dimension, Entry, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, Value},
};
use super::{BYTES, FileError, write};
use crate::{
    kernel::{Element, ElementwiseKernel},
    layer::{Junction, Layer, Operations, Path, Pool, Sliding},
};

/// The version of the file format, released in ONNX 1.8 together with [`OPERATOR_SET`].
const IR_VERSION: i64 = 7;
/// The version of the operator set.
const OPERATOR_SET: i64 = 13;

/// Exports `network` as an ONNX model (operator set 13), for onnxruntime and other runtimes.
///
/// The model computes what `predict` computes, from `input` with shape `[batch, ...]` to `output` with shape
/// `[batch, ...]`. Its element type is `f32`; the weights of an `f64` network are rounded. Statistics of scalers and
/// constants of formulas have to be in the range of `f32`: a deviation that is rounded to 0 would be another function.
///
/// An activation is exported as the operations of its formula, even if it implements
/// [`Elementwise`](crate::activation::Elementwise) outside of this crate. The write is atomic.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// let network: (Dense<4, 8, Gelu>, Dropout<8, 20>, Dense<8, 3, Softmax>) = Network::new(1);
/// let path = std::env::temp_dir().join("shiplap.example.onnx");
/// io::export_onnx(&network, &path)?;
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), io::FileError>(())
/// ```
///
/// # Errors
///
/// Returns an error if a layer or an activation does not describe its operations, if a weight is NaN or infinite as an
/// `f32`, if a statistic or a constant is out of its range, or if the file cannot be written. An existing file is then unchanged.
pub fn export_onnx<N: Layer>(network: &N, path: impl AsRef<FilePath>) -> Result<(), FileError> {
    let path = path.as_ref();
    write(path, &encode(network, &path.display().to_string())?)
}

/// Returns the contents of the file that [`export_onnx`] writes.
///
/// # Errors
///
/// Returns the errors of [`export_onnx`], except for those of writing the file.
pub fn to_onnx<N: Layer>(network: &N) -> Result<Vec<u8>, FileError> {
    encode(network, BYTES)
}

fn encode<N: Layer>(network: &N, file: &str) -> Result<Vec<u8>, FileError> {
    let mut exporter = Exporter::new::<N::Element>(file);
    network.operations(Path::ROOT, &mut exporter);
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "shiplap".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(exporter.finish::<N>()?),
        operator_sets: vec![OperatorSet { domain: String::new(), version: OPERATOR_SET }],
        properties: vec![Entry { key: "shiplap".into(), value: env!("CARGO_PKG_VERSION").into() }],
    };
    Ok(model.encode_to_vec())
}

const INPUT: &str = "input";
const OUTPUT: &str = "output";

/// The order of the axes of an image in the graph.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Rows of pixels of channels, as in this crate.
    Pixels,
    /// A plane for each channel, as ONNX's operators take them.
    Planes,
}

/// The name of a value of the graph, and its layout.
type Place = (String, Layout);

/// Builds the graph from the operations of the layers.
struct Exporter<'a> {
    file: &'a str,
    /// Whether the network is in `f64`.
    is_double: bool,
    nodes: Vec<Node>,
    tensors: Vec<Tensor>,
    /// The names of the constants in formulas, by their bits.
    constants: BTreeMap<u32, String>,
    /// The name of the input of the next operation.
    current: String,
    /// The layout of that input.
    layout: Layout,
    /// The same value in the other layout, for each value that was transposed.
    transposed: BTreeMap<String, String>,
    /// Where each open fork begins, and the end of its first branch.
    forks: Vec<(Place, Option<Place>)>,
    error: Option<FileError>,
}

impl<'a> Exporter<'a> {
    fn new<T: Element>(file: &'a str) -> Self {
        Self {
            file,
            is_double: size_of::<T>() == size_of::<f64>(),
            nodes: Vec::new(),
            tensors: Vec::new(),
            constants: BTreeMap::new(),
            current: INPUT.into(),
            layout: Layout::Pixels,
            transposed: BTreeMap::new(),
            forks: Vec::new(),
            error: None,
        }
    }

    fn finish<N: Layer>(mut self) -> Result<Graph, FileError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.lay_out(OUTPUT, Layout::Pixels);
        // The output of the last node is the output of the model.
        match self.nodes.last_mut() {
            Some(last) if last.outputs[0] == self.current => last.outputs = vec![OUTPUT.into()],
            _ => self.nodes.push(Node {
                inputs: vec![self.current],
                outputs: vec![OUTPUT.into()],
                name: "identity".into(),
                operator: "Identity".into(),
                attributes: Vec::new(),
            }),
        }
        Ok(Graph {
            nodes: self.nodes,
            name: "network".into(),
            tensors: self.tensors,
            inputs: vec![value::<N::Input>(INPUT)],
            outputs: vec![value::<N::Output>(OUTPUT)],
        })
    }

    /// Adds a node and returns the name of its output.
    fn node(&mut self, place: &str, operator: &str, inputs: Vec<String>) -> String {
        let name = format!("{place}/{operator}_{}", self.nodes.len());
        self.nodes.push(Node {
            inputs,
            outputs: vec![name.clone()],
            name: name.clone(),
            operator: operator.into(),
            attributes: Vec::new(),
        });
        name
    }

    /// Adds a node whose input is the current value, and whose output is the next one.
    fn unary(&mut self, path: Path<'_>, operator: &str, attributes: Vec<Attribute>) {
        let inputs = vec![self.current.clone()];
        self.current = self.node(&path.to_string(), operator, inputs);
        if let Some(node) = self.nodes.last_mut() {
            node.attributes = attributes;
        }
    }

    /// Transposes the current value, an image, unless it has this layout. A value is transposed once.
    fn lay_out(&mut self, place: &str, layout: Layout) {
        if self.layout != layout {
            let order = match layout {
                Layout::Pixels => [0, 2, 3, 1],
                Layout::Planes => [0, 3, 1, 2],
            };
            let before = self.current.clone();
            match self.transposed.get(&before) {
                Some(after) => self.current.clone_from(after),
                None => self.unary(Path::ROOT.join(place), "Transpose", vec![Attribute::of_integers("perm", &order)]),
            }
            self.transposed.insert(self.current.clone(), before.clone());
            self.transposed.insert(before, self.current.clone());
            self.layout = layout;
        }
    }

    /// Adds a node with two inputs: the current value and a parameter.
    fn with_parameter<T: Element>(
        &mut self,
        operator: &str,
        path: Path<'_>,
        name: &str,
        shape: &[usize],
        values: &[T],
    ) {
        let inputs = vec![self.current.clone(), self.parameter(path, name, shape, values)];
        self.current = self.node(&path.to_string(), operator, inputs);
    }

    /// Adds a parameter and returns its name.
    fn parameter<T: Element>(&mut self, path: Path<'_>, name: &str, shape: &[usize], values: &[T]) -> String {
        let name = path.join(name).to_string();
        let numbers: Vec<f32> = values.iter().map(|value| value.to_f64() as f32).collect();
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            let file = self.file.into();
            self.error.get_or_insert(FileError::NotFinite { file, tensor: name.clone(), index });
        }
        self.tensor(name.clone(), shape, &numbers);
        name
    }

    /// Subtracts the mean along an axis, and divides by the standard deviation.
    fn standardize(&mut self, path: Path<'_>, axis: i64, epsilon: f64) {
        let place = path.to_string();
        let epsilon = self.constant(epsilon as f32);
        let x = self.current.clone();
        let mean = self.mean(&place, x.clone(), axis);
        let distance = self.node(&place, "Sub", vec![x, mean]);
        let square = self.node(&place, "Mul", vec![distance.clone(); 2]);
        let variance = self.mean(&place, square, axis);
        let variance = self.node(&place, "Add", vec![variance, epsilon]);
        let deviation = self.node(&place, "Sqrt", vec![variance]);
        self.current = self.node(&place, "Div", vec![distance, deviation]);
    }

    fn mean(&mut self, place: &str, x: String, axis: i64) -> String {
        let mean = self.node(place, "ReduceMean", vec![x]);
        self.nodes
            .last_mut()
            .into_iter()
            .for_each(|node| node.attributes = vec![Attribute::of_signed("axes", &[axis])]);
        mean
    }

    fn reshape(&mut self, path: Path<'_>, shape: &[i64]) {
        let name = format!("{path}/shape_{}", self.nodes.len());
        self.tensors.push(Tensor {
            dimensions: vec![shape.len() as i64],
            data_type: message::INT64,
            name: name.clone(),
            raw: shape.iter().flat_map(|length| length.to_le_bytes()).collect(),
        });
        let inputs = vec![self.current.clone(), name];
        self.current = self.node(&path.to_string(), "Reshape", inputs);
    }

    /// Adds the steps of a formula whose inputs are the current value and `others`.
    fn formula<const READ: usize>(
        &mut self,
        place: &str,
        others: Vec<String>,
        formula: &impl ElementwiseKernel<READ, 1>,
    ) {
        let mut values = others;
        values.insert(0, self.current.clone());
        for step in steps(formula) {
            let inputs = step.inputs.iter().map(|input| match *input {
                Number::Known(constant) => {
                    // A network in `f32` computes with the rounded constant, too.
                    if self.is_double && is_out_of_range(constant) {
                        self.refuse(&format!("a constant of `{place}`"), constant);
                    }
                    self.constant(constant as f32)
                }
                Number::Computed(index) => values[index].clone(),
            });
            let inputs = inputs.collect();
            values.push(self.node(place, step.operator, inputs));
            self.current.clone_from(&values[values.len() - 1]);
        }
    }

    /// Export fails, because this number cannot be an `f32`.
    fn refuse(&mut self, what: &str, number: f64) {
        let (file, what) = (self.file.into(), what.into());
        self.error.get_or_insert(FileError::Range { file, what, number });
    }

    fn tensor(&mut self, name: String, shape: &[usize], numbers: &[f32]) {
        self.tensors.push(Tensor {
            dimensions: shape.iter().map(|&length| length as i64).collect(),
            data_type: message::FLOAT,
            name,
            raw: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        });
    }

    /// Adds a scalar constant, unless it exists already, and returns its name.
    fn constant(&mut self, constant: f32) -> String {
        if let Some(name) = self.constants.get(&constant.to_bits()) {
            return name.clone();
        }
        let name = format!("constant_{}", self.constants.len());
        self.tensor(name.clone(), &[], &[constant]);
        self.constants.insert(constant.to_bits(), name.clone());
        name
    }
}

impl<T: Element> Operations<T> for Exporter<'_> {
    fn product(&mut self, path: Path<'_>, name: &'static str, shape: [usize; 2], weights: &[T]) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("MatMul", path, name, &shape, weights);
    }

    fn add(&mut self, path: Path<'_>, name: &'static str, addend: &[T]) {
        if let Some(node) = self.nodes.last()
            && node.operator == "Conv"
            && node.inputs.len() == 2
            && node.outputs[0] == self.current
        {
            let bias = self.parameter(path, name, &[addend.len()], addend);
            self.nodes.last_mut().into_iter().for_each(|node| node.inputs.push(bias.clone()));
            return;
        }
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.with_parameter("Add", path, name, &[addend.len()], addend);
    }

    fn convolution(&mut self, path: Path<'_>, name: &'static str, window: Sliding, shape: [usize; 4], kernel: &[T]) {
        self.lay_out(&path.to_string(), Layout::Planes);
        let [rows, columns, channels, filters] = shape;
        let mut transposed = Vec::with_capacity(kernel.len());
        for filter in 0..filters {
            for channel in 0..channels {
                let weights = kernel.iter().skip(channel * filters + filter).step_by(channels * filters);
                transposed.extend(weights.copied());
            }
        }
        self.with_parameter("Conv", path, name, &[filters, channels, rows, columns], &transposed);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes = attributes(&window));
    }

    fn batch_norm(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        parameters: [(&'static str, &[T]); 4],
        epsilon: f64,
    ) {
        if shape.len() == 3 {
            self.lay_out(&path.to_string(), Layout::Planes);
        } else if shape.len() > 1 {
            return Operations::<T>::other(self, path, "batch norm of this shape");
        }
        let mut inputs = vec![self.current.clone()];
        inputs.extend(parameters.map(|(name, values)| self.parameter(path, name, &[values.len()], values)));
        self.current = self.node(&path.to_string(), "BatchNormalization", inputs);
        let attributes = vec![Attribute::of_float("epsilon", epsilon as f32)];
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes = attributes.clone());
    }

    fn normalize(
        &mut self,
        path: Path<'_>,
        shape: &'static [usize],
        groups: Option<usize>,
        [(scale, factors), (shift, addends)]: [(&'static str, &[T]); 2],
        epsilon: f64,
    ) {
        let place = path.to_string();
        let channels = factors.len();
        let per_channel = match (groups, shape) {
            (None, _) => {
                self.lay_out(&place, Layout::Pixels);
                self.standardize(path, -1, epsilon);
                vec![channels]
            }
            (Some(groups), &[height, width, _]) => {
                self.lay_out(&place, Layout::Planes);
                self.reshape(path, &[0, groups as i64, -1]);
                self.standardize(path, 2, epsilon);
                self.reshape(path, &[0, channels as i64, height as i64, width as i64]);
                vec![channels, 1, 1]
            }
            (Some(groups), &[_]) => {
                self.reshape(path, &[0, groups as i64, -1]);
                self.standardize(path, 2, epsilon);
                self.reshape(path, &[0, channels as i64]);
                vec![channels]
            }
            _ => return Operations::<T>::other(self, path, "group norm of this shape"),
        };
        self.with_parameter("Mul", path, scale, &per_channel, factors);
        self.with_parameter("Add", path, shift, &per_channel, addends);
    }

    fn fork(&mut self, _: Path<'_>) {
        self.forks.push(((self.current.clone(), self.layout), None));
    }

    fn next_branch(&mut self, _: Path<'_>) {
        let end = (self.current.clone(), self.layout);
        if let Some((start, first)) = self.forks.last_mut() {
            *first = Some(end);
            (self.current, self.layout) = start.clone();
        }
    }

    fn join(&mut self, path: Path<'_>, junction: Junction) {
        let Some((_, Some((first, layout)))) = self.forks.pop() else { return };
        let place = path.to_string();
        self.lay_out(&place, layout);
        let inputs = vec![first, self.current.clone()];
        let (operator, attributes) = match (junction, layout) {
            (Junction::Add, _) => ("Add", vec![]),
            (Junction::Concat, Layout::Pixels) => ("Concat", vec![Attribute::of_integer("axis", -1)]),
            (Junction::Concat, Layout::Planes) => ("Concat", vec![Attribute::of_integer("axis", 1)]),
        };
        self.current = self.node(&place, operator, inputs);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.clone_from(&attributes));
    }

    fn pool(&mut self, path: Path<'_>, pool: Pool, window: Sliding) {
        self.lay_out(&path.to_string(), Layout::Planes);
        let mut attributes = attributes(&window);
        match pool {
            Pool::Max => self.unary(path, "MaxPool", attributes),
            // The operator has no dilations in this version.
            Pool::Average if window.dilation == [1, 1] => {
                attributes.retain(|attribute| attribute.name != "dilations");
                self.unary(path, "AveragePool", attributes);
            }
            Pool::Average => Operations::<T>::other(self, path, "average pool with dilation"),
        }
    }

    fn global_average(&mut self, path: Path<'_>, shape: &'static [usize]) {
        let axes: Vec<usize> = match self.layout {
            Layout::Pixels => (1..shape.len()).collect(),
            Layout::Planes => vec![2, 3],
        };
        self.unary(
            path,
            "ReduceMean",
            vec![Attribute::of_integers("axes", &axes), Attribute::of_integer("keepdims", 0)],
        );
        self.layout = Layout::Pixels;
    }

    fn flatten(&mut self, path: Path<'_>, shape: &'static [usize]) {
        if let [height, width, channels] = *shape
            && (channels == 1 || height * width == 1)
        {
            // The numbers are in the same order in both layouts.
            self.layout = Layout::Pixels;
        }
        self.lay_out(&path.to_string(), Layout::Pixels);
        self.unary(path, "Flatten", Vec::new());
    }

    fn elementwise(&mut self, path: Path<'_>, name: &'static str, formula: &impl ElementwiseKernel<0, 1>) {
        self.formula(&path.join(name).to_string(), Vec::new(), formula);
    }

    fn columnwise<const READ: usize>(
        &mut self,
        path: Path<'_>,
        name: &'static str,
        columns: &[(&'static str, &[T])],
        formula: &impl ElementwiseKernel<READ, 1>,
    ) {
        self.lay_out(&path.to_string(), Layout::Pixels);
        let others = columns.iter().map(|&(name, values)| {
            let name = self.parameter(path, name, &[values.len()], values);
            // It may be a divisor: a deviation of 0 stands for another function than one of 1e-50.
            if let Some(index) = values.iter().position(|value| is_out_of_range(value.to_f64())) {
                self.refuse(&format!("element {index} of `{name}`"), values[index].to_f64());
            }
            name
        });
        let others = others.collect();
        self.formula(&path.join(name).to_string(), others, formula);
    }

    fn softmax(&mut self, path: Path<'_>) {
        let axis = if self.layout == Layout::Planes { 1 } else { -1 };
        self.unary(path, "Softmax", vec![Attribute::of_integer("axis", axis)]);
    }

    fn other(&mut self, path: Path<'_>, name: &'static str) {
        self.error.get_or_insert(FileError::Unknown { layer: path.to_string(), operation: name });
    }
}

/// Whether a finite number is too large or too small for an `f32` of the usual precision.
fn is_out_of_range(number: f64) -> bool {
    let rounded = f64::from(number as f32);
    number.is_finite() && (rounded - number).abs() > f64::from(f32::EPSILON) * number.abs()
}

fn attributes(window: &Sliding) -> Vec<Attribute> {
    let Sliding { kernel, stride, dilation, before, after } = window;
    vec![
        Attribute::of_integers("kernel_shape", kernel),
        Attribute::of_integers("strides", stride),
        Attribute::of_integers("dilations", dilation),
        Attribute::of_integers("pads", &[*before, *after].concat()),
    ]
}

/// Describes an input or output of the model, with a dynamic batch size.
fn value<X: crate::Tensor>(name: &str) -> Value {
    let mut dimensions = vec![Dimension { length: None, name: Some("batch".into()) }];
    dimensions.extend(X::axes().iter().map(|&length| Dimension { length: Some(length as i64), name: None }));
    let shape = Some(Shape { dimensions });
    Value { name: name.into(), kind: Some(Type { tensor: Some(TensorType { element: message::FLOAT, shape }) }) }
}
