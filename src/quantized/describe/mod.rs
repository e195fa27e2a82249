//! The operators of an int8 network, for export.

mod layers;

use core::{fmt, slice};
use std::{string::String, vec, vec::Vec};

use super::{
    Calibrated, Calibration, Int8Activation, Int8Form, Int8Layer, Int8Tensor, Quantize, Quantized, Scale, Table,
};
use crate::{
    Tensor,
    kernel::Form,
    layer::{Pool, Sliding},
};

/// An int8 layer or network that lists its operators.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list its operators",
    label = "cannot be exported",
    note = "implement `quantized::Describe` for it"
)]
pub trait Describe: Int8Layer {
    /// Appends the operators.
    ///
    /// # Errors
    ///
    /// If the calibration is that of another network, or there is no operator for the layer.
    fn describe(&self, to: &mut Describer<'_>) -> Result<(), DescribeError>;
}

/// The operators of an int8 network, in the order in which they run.
///
/// ```
/// use shiplap::{prelude::*, quantized::{Calibration, Operation, Quantized}};
///
/// type Net = (Dense<2, 8, Relu>, Dense<8, 3, Softmax>);
///
/// let mut calibration = Calibration::default();
/// let samples = [[0.5, -1.0], [1.0, 2.0]];
/// let int8 = Quantized::<Net>::calibrate_with(&Net::new(1), &samples, &mut calibration)?;
/// let description = int8.describe(&calibration).unwrap();
/// assert_eq!(description.operators.len(), 3);
/// assert!(matches!(description.operators[2].operation, Operation::Softmax));
/// assert_eq!(description.tensors[description.outputs[0]].shape, [3]);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Description {
    /// The input, and the outputs of the operators.
    pub tensors: Vec<Activations>,
    /// The operators.
    pub operators: Vec<Operator>,
    /// The tensors of the input: one, or those of a [`Pair`](crate::Pair), in order.
    pub inputs: Vec<usize>,
    /// The tensors of the output.
    pub outputs: Vec<usize>,
}

/// A tensor of activations of one sample.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Activations {
    /// The shape: `[height, width, channels]` of an image.
    pub shape: Vec<usize>,
    /// The scale of the int8; `None` if the numbers are `f32`.
    pub scale: Option<Scale>,
}

/// An operator of an int8 network.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operator {
    /// The position of its layer in the network.
    pub layer: String,
    /// What it computes.
    pub operation: Operation,
    /// The tensors of its inputs.
    pub inputs: Vec<usize>,
    /// The tensor of its output.
    pub output: usize,
}

/// What an operator computes. A range is that of the real numbers to which the output is limited.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Subtracts the mean and divides by the deviation, in `f32`; then quantizes.
    Standardize {
        /// The mean of each column.
        mean: Vec<f32>,
        /// The standard deviation of each column.
        deviation: Vec<f32>,
    },
    /// Multiplies a vector by weights `[output][input]`.
    Dense(Weights),
    /// Convolves an image or a series with weights `[filter][row][column][channel]`.
    Convolution(Weights, Sliding),
    /// The transpose of a convolution with weights `[filter][row][column][channel]`. The window moves over the output.
    TransposedConvolution(Weights, Sliding),
    /// Convolves each channel of an image with weights `[row][column][channel]`.
    Depthwise(Weights, Sliding),
    /// The maximum or the mean in windows of an image or a series. Padding does not count.
    Pool(Pool, Sliding),
    /// Puts zeros around an image: so many rows and columns.
    ZeroPad {
        /// Those before it.
        before: [usize; 2],
        /// Those after it.
        after: [usize; 2],
    },
    /// The part of an image after so many rows and columns.
    Crop([usize; 2]),
    /// Exchanges the rows and columns of an image.
    Transpose,
    /// The larger number of two tensors of one scale.
    Maximum,
    /// The smaller number of two tensors of one scale.
    Minimum,
    /// Interpolates an image of another size bilinearly.
    Resize {
        /// Whether the centers of the pixels at both ends lie at those of the image.
        corners: bool,
        /// Whether pixels have their place in the middle.
        centers: bool,
    },
    /// Repeats each pixel of an image in so many rows and columns.
    UpSample([usize; 2]),
    /// A long short-term memory with the gates `i`, `f`, `g` and `o`. The scale of its states is that of the output.
    Lstm {
        /// The weights `[unit][feature]` and the biases of each gate.
        kernel: Vec<Weights>,
        /// The weights of the state before, `[unit][unit before]`, without biases.
        recurrent_kernel: Vec<Weights>,
        /// The scale of the cells: a power of two.
        cell: Scale,
        /// Whether all states are the output, or the last one.
        all: bool,
    },
    /// The mean of each channel.
    GlobalAverage,
    /// The maximum of each channel.
    GlobalMax,
    /// The same numbers in another shape.
    Reshape,
    /// Limits the numbers to a range.
    Limit([f32; 2]),
    /// Softmax along the last axis.
    Softmax,
    /// Log softmax along the last axis.
    LogSoftmax,
    /// Divides the numbers along the last axis by the length of their vector.
    UnitLength,
    /// The activation of this name.
    Table {
        /// The name.
        name: &'static str,
        /// The output for each int8.
        table: Table,
    },
    /// Multiplies negative numbers by the factor of their channel.
    PRelu {
        /// The factors.
        alpha: Vec<i8>,
        /// Their scale.
        scale: Scale,
    },
    /// Adds two tensors. Those of fewer axes have a number for each channel.
    Add([f32; 2]),
    /// Subtracts the second tensor from the first.
    Subtract([f32; 2]),
    /// Multiplies two tensors.
    Multiply([f32; 2]),
    /// The squares of the differences of two tensors.
    SquaredDifference([f32; 2]),
    /// Multiplies the matrices of the first tensor by those of the second.
    MatMul,
    /// A tensor that does not depend on the input.
    Constant(Vec<i8>),
    /// Changes the scale.
    Rescale,
    /// Joins two tensors of one scale along the last axis.
    Concat,
}

/// The weights and the bias of an operator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Weights {
    /// The int8.
    pub weights: Vec<i8>,
    /// The bias of each output, in units of the scale of its weights times that of the input.
    pub bias: Vec<i32>,
    /// The scale of the weights of each output.
    pub scales: Vec<f32>,
    /// The range of the output.
    pub range: [f32; 2],
}

/// The error of [`Quantized::describe`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescribeError {
    /// The calibration is that of another network.
    OtherNetwork,
    /// There is no operator for a layer.
    NoOperator {
        /// The position of the layer in the network.
        layer: String,
        /// The reason, and what to do.
        reason: &'static str,
    },
}

impl fmt::Display for DescribeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherNetwork => formatter.write_str(
                "the calibration is that of another network: pass a new one to `calibrate_with`, and then to the export",
            ),
            Self::NoOperator { layer, reason } => write!(formatter, "cannot export the layer `{layer}`: {reason}"),
        }
    }
}

impl core::error::Error for DescribeError {}

impl<N: Quantize<Int8: Describe>> Quantized<N> {
    /// The operators of the network, with the scales that `calibration` listed when it was quantized.
    ///
    /// # Errors
    ///
    /// If the calibration is that of another network, or there is no operator for a layer.
    pub fn describe(&self, calibration: &Calibration) -> Result<Description, DescribeError> {
        let (mut tensors, mut ends) = (Vec::new(), Vec::new());
        let mut shapes = shapes(&N::Input::FORM).into_iter();
        <N::Input as Tensor>::Int8::visit(&self.input, &mut |scale, _| {
            tensors.extend(shapes.next().map(|shape| Activations { shape, scale: Some(scale) }));
        });
        let inputs: Vec<usize> = (0..tensors.len()).collect();
        let (layers, current) = (calibration.layers.iter(), inputs.clone());
        let mut describer = Describer { layers, tensors, operators: Vec::new(), current };
        self.layers.describe(&mut describer)?;
        let Describer { mut layers, tensors, operators, current: outputs } = describer;
        <N::Output as Tensor>::Int8::visit(&self.output, &mut |scale, _| ends.push(Some(scale)));
        if layers.next().is_none() && outputs.iter().map(|output| tensors[*output].scale).eq(ends) {
            Ok(Description { tensors, operators, inputs, outputs })
        } else {
            Err(DescribeError::OtherNetwork)
        }
    }
}

/// The shapes of the arrays of a tensor: one, or those of a pair.
fn shapes(form: &Form) -> Vec<Vec<usize>> {
    match form.members() {
        Some(members) => members.iter().flat_map(shapes).collect(),
        None => vec![form.axes().to_vec()],
    }
}

/// Lists the operators of a network.
pub struct Describer<'a> {
    layers: slice::Iter<'a, Calibrated>,
    tensors: Vec<Activations>,
    operators: Vec<Operator>,
    /// The tensors that the next operator takes: one, or those of a pair.
    current: Vec<usize>,
}

impl<'a> Describer<'a> {
    /// The next layer, as it was calibrated. Each layer takes one.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn layer(&mut self) -> Result<&'a Calibrated, DescribeError> {
        self.layers.next().ok_or(DescribeError::OtherNetwork)
    }

    /// Appends an operator whose input is the output of the last one, and whose output has this scale.
    pub fn append(&mut self, layer: &Calibrated, operation: Operation, scale: Scale) {
        self.join(layer, operation, self.current.clone(), scale);
    }

    fn join(&mut self, layer: &Calibrated, operation: Operation, inputs: Vec<usize>, scale: Scale) {
        self.tensors.push(Activations { shape: layer.shape.to_vec(), scale: Some(scale) });
        let output = self.tensors.len() - 1;
        self.current = vec![output];
        self.operators.push(Operator { layer: layer.layer.clone(), operation, inputs, output });
    }

    /// The shape of the input of the next operator.
    fn shape(&self) -> &[usize] {
        &self.tensors[self.current[0]].shape
    }

    fn activation<A: Int8Activation>(&mut self, layer: &Calibrated, form: &A::Form) -> Result<(), DescribeError> {
        if !A::Form::LIMITS {
            let reason = "its activation has no operation: implement `Int8Form::operation`";
            let error = || DescribeError::NoOperator { layer: layer.layer.clone(), reason };
            self.append(layer, form.operation(A::NAME).ok_or_else(error)?, layer.scales.output);
        }
        Ok(())
    }

    /// The tensors at the ends of two branches, as a pair.
    fn both(&mut self, first: &impl Describe, second: &impl Describe) -> Result<(), DescribeError> {
        let fork = self.current.clone();
        first.describe(self)?;
        let mut ends = core::mem::replace(&mut self.current, fork);
        second.describe(self)?;
        ends.append(&mut self.current);
        self.current = ends;
        Ok(())
    }

    /// The tensors at the ends of two branches, which are no pairs.
    fn branches(&mut self, first: &impl Describe, second: &impl Describe) -> Result<[usize; 2], DescribeError> {
        self.both(first, second)?;
        self.current[..].try_into().map_err(|_| DescribeError::OtherNetwork)
    }

    /// Tensors of the scale `output` with the numbers of these.
    fn rescaled(&mut self, layer: &Calibrated, ends: [usize; 2], scales: [Scale; 2], output: Scale) -> Vec<usize> {
        let mut inputs = Vec::new();
        for (end, scale) in ends.into_iter().zip(scales) {
            self.current = vec![end];
            if scale != output {
                self.append(layer, Operation::Rescale, output);
                let rescaled = self.tensors.len() - 1;
                self.tensors[rescaled].shape = self.tensors[end].shape.clone();
            }
            inputs.append(&mut self.current);
        }
        inputs
    }

    fn scales(&self, tensors: [usize; 2]) -> Result<[Scale; 2], DescribeError> {
        match tensors.map(|tensor| self.tensors[tensor].scale) {
            [Some(first), Some(second)] => Ok([first, second]),
            _ => Err(DescribeError::OtherNetwork),
        }
    }
}
