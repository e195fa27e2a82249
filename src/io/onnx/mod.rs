//! Export to ONNX.

mod attention;
mod formula;
mod int8;
mod lengths;
mod message;
mod operations;

use std::{
    collections::BTreeMap,
    format,
    path::Path as FilePath,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use prost::Message as _;

pub use self::int8::{export_onnx_int8, to_onnx_int8};
use self::{
    formula::{Number, steps},
    lengths::Lengths,
    message::{Attribute, Dimension, Entry, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, Value},
};
use super::{BYTES, FileError, write};
use crate::{
    Tensor as _,
    kernel::{Element, ElementwiseKernel, Form},
    layer::{Layer, Path},
};

/// The version of the file format, released in ONNX 1.8 together with [`OPERATOR_SET`].
const IR_VERSION: i64 = 7;
/// The version of the operator set.
const OPERATOR_SET: i64 = 13;

/// Exports `network` as an ONNX model (operator set 13), for onnxruntime and other runtimes.
///
/// The model computes what `predict` computes, from `input` with shape `[batch, ...]` to `output` with shape
/// `[batch, ...]`. The members of a [`Pair`](crate::Pair) are `input_0` and `input_1`, or `output_0` and `output_1`; those
/// of the second, if it is a pair, are `input_1_0` and `input_1_1`. The element type is `f32`; the weights of an `f64`
/// network are rounded. Statistics of scalers and constants of formulas have to be in the range of `f32`: a deviation that
/// is rounded to 0 would be another function.
///
/// The model does not check its inputs. A length that is not possible for a [`Masked`](crate::layers::Masked) series, of
/// which `predict` makes NaN, leads to finite outputs without a meaning, and a number that is not in the vocabulary of an
/// [`Embedding`](crate::layers::Embedding) is an error of onnxruntime.
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
    exporter.add_members(INPUT, &N::Input::FORM);
    network.operations(Path::ROOT, &mut exporter);
    Ok(model(exporter.finish::<N>()?).encode_to_vec())
}

fn model(graph: Graph) -> Model {
    Model {
        ir_version: IR_VERSION,
        producer_name: "shiplap".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(graph),
        operator_sets: vec![OperatorSet { domain: String::new(), version: OPERATOR_SET }],
        properties: vec![Entry { key: "shiplap".into(), value: env!("CARGO_PKG_VERSION").into() }],
    }
}

const INPUT: &str = "input";
const OUTPUT: &str = "output";

/// The order of the axes of an image or a series in the graph.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Rows of pixels of channels, as in this crate.
    Pixels,
    /// A plane for each channel, as ONNX's operators take them, with this number of axes.
    Planes(usize),
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
    /// The members of each value that is a pair and has no node.
    pairs: BTreeMap<String, [Place; 2]>,
    /// Where each open fork begins, and the end of its first branch.
    forks: Vec<(Place, Option<Place>)>,
    /// The lengths of the series, if they vary.
    lengths: Option<Lengths>,
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
            pairs: BTreeMap::new(),
            forks: Vec::new(),
            lengths: None,
            error: None,
        }
    }

    fn finish<N: Layer>(mut self) -> Result<Graph, FileError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.output(OUTPUT);
        Ok(Graph {
            nodes: self.nodes,
            name: "network".into(),
            tensors: self.tensors,
            inputs: values(INPUT, &N::Input::FORM),
            outputs: values(OUTPUT, &N::Output::FORM),
        })
    }

    /// Adds the members of the input `name`, if it is a pair.
    fn add_members(&mut self, name: &str, form: &Form) {
        if let Some(forms) = form.members() {
            let names = members(name);
            names.iter().zip(forms).for_each(|(name, form)| self.add_members(name, form));
            self.pairs.insert(name.into(), names.map(|name| (name, Layout::Pixels)));
        }
    }

    /// Makes the current value an output of the model, or its members if it is a pair.
    fn output(&mut self, name: &str) {
        if let Some(pair) = self.pairs.get(&self.current).cloned() {
            for (name, place) in members(name).iter().zip(pair) {
                (self.current, self.layout) = place;
                self.output(name);
            }
            return;
        }
        self.lay_out(name, Layout::Pixels);
        // The output of the last node is the output of the model.
        match self.nodes.last_mut() {
            Some(last) if last.outputs[0] == self.current && name == OUTPUT => last.outputs = vec![name.into()],
            _ => self.nodes.push(Node {
                inputs: vec![self.current.clone()],
                outputs: vec![name.into()],
                name: format!("{name}/identity"),
                operator: "Identity".into(),
                attributes: Vec::new(),
            }),
        }
    }

    /// Adds a node and returns the name of its output.
    fn node(&mut self, place: &str, operator: &str, inputs: Vec<String>) -> String {
        if inputs.iter().any(|input| self.pairs.contains_key(input)) {
            self.error.get_or_insert(FileError::Unknown { layer: place.into(), operation: "operation of a pair" });
        }
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
        self.with_inputs(path, operator, Vec::new(), attributes);
    }

    /// Adds a node whose inputs are the current value and `others`.
    fn with_inputs(&mut self, path: Path<'_>, operator: &str, others: Vec<String>, attributes: Vec<Attribute>) {
        let inputs = [vec![self.current.clone()], others].concat();
        self.current = self.node(&path.to_string(), operator, inputs);
        self.nodes.last_mut().into_iter().for_each(|node| node.attributes.clone_from(&attributes));
    }

    /// Lays out the current value, of shape `shape`, so that its numbers are in row-major order.
    fn lay_out_rows(&mut self, path: Path<'_>, shape: &[usize]) {
        if let [pixels @ .., channels] = shape
            && (*channels == 1 || pixels.iter().product::<usize>() == 1)
        {
            // They are in the same order in both layouts.
            self.layout = Layout::Pixels;
        }
        self.lay_out(&path.to_string(), Layout::Pixels);
    }

    /// Transposes the current value, an image, unless it has this layout. A value is transposed once.
    fn lay_out(&mut self, place: &str, layout: Layout) {
        if self.layout != layout {
            let order: Vec<usize> = match (self.layout, layout) {
                (Layout::Planes(axes), _) => [0].into_iter().chain(2..axes + 2).chain([1]).collect(),
                (_, Layout::Planes(axes)) => [0, axes + 1].into_iter().chain(1..axes + 1).collect(),
                _ => return,
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
        let parameter = self.parameter(path, name, shape, values);
        self.with_inputs(path, operator, vec![parameter], Vec::new());
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
        let x = self.current.clone();
        let mean = self.mean(&place, x.clone(), axis);
        self.current = self.node(&place, "Sub", vec![x, mean]);
        self.divide_by_root_mean_square(&place, axis, epsilon);
    }

    /// Divides by the root of the mean square along an axis.
    fn divide_by_root_mean_square(&mut self, place: &str, axis: i64, epsilon: f64) {
        let epsilon = self.constant(epsilon as f32);
        let x = self.current.clone();
        let square = self.node(place, "Mul", vec![x.clone(); 2]);
        let mean = self.mean(place, square, axis);
        let mean = self.node(place, "Add", vec![mean, epsilon]);
        let root = self.node(place, "Sqrt", vec![mean]);
        self.current = self.node(place, "Div", vec![x, root]);
    }

    fn mean(&mut self, place: &str, x: String, axis: i64) -> String {
        let mean = self.node(place, "ReduceMean", vec![x]);
        self.nodes
            .last_mut()
            .into_iter()
            .for_each(|node| node.attributes = vec![Attribute::of_signed("axes", &[axis])]);
        mean
    }

    /// Adds a node whose inputs are the current value and a vector of integers.
    fn with_integers(&mut self, operator: &str, path: Path<'_>, integers: &[i64]) {
        let name = self.integers(path, integers);
        self.with_inputs(path, operator, vec![name], Vec::new());
    }

    /// Adds a constant vector of integers, and returns its name.
    fn integers(&mut self, path: Path<'_>, integers: &[i64]) -> String {
        let name = format!("{path}/integers_{}", self.tensors.len());
        self.tensors.push(Tensor {
            dimensions: vec![integers.len() as i64],
            data_type: message::INT64,
            name: name.clone(),
            raw: integers.iter().flat_map(|integer| integer.to_le_bytes()).collect(),
        });
        name
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

/// Whether a finite number is too large or too small for an `f32` of the usual precision.
fn is_out_of_range(number: f64) -> bool {
    let rounded = f64::from(number as f32);
    number.is_finite() && (rounded - number).abs() > f64::from(f32::EPSILON) * number.abs()
}

/// The names of the members of a pair.
fn members(name: &str) -> [String; 2] {
    [format!("{name}_0"), format!("{name}_1")]
}

/// Describes an input or output of the model, or its members, with a dynamic batch size.
fn values(name: &str, form: &Form) -> Vec<Value> {
    if let Some(forms) = form.members() {
        return members(name).iter().zip(forms).flat_map(|(name, form)| values(name, form)).collect();
    }
    let mut dimensions = vec![Dimension { length: None, name: Some("batch".into()) }];
    dimensions.extend(form.axes().iter().map(|&length| Dimension { length: Some(length as i64), name: None }));
    let shape = Some(Shape { dimensions });
    vec![Value { name: name.into(), kind: Some(Type { tensor: Some(TensorType { element: message::FLOAT, shape }) }) }]
}
