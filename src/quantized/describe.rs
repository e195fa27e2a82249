//! The operators of an int8 network, for export.

use core::{fmt, slice};
use std::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    Activate, Affine, Calibrated, Calibration, Combination, Combine, Concat, Constant, Conv1d, Conv2d, ConvTranspose2d,
    Crop2d, Dense, DepthwiseConv1d, DepthwiseConv2d, EachStep, GlobalAverage, GlobalMax, Int8Activation, Int8Form,
    Int8Layer, Int8Reduce, Int8Tensor, PRelu, Pool1d, Pool2d, Quantize, Quantized, Rescale, Reshape, Scale, Scales,
    Standardize, Table, Transpose2d, UpSample2d, ZeroPad2d, affine::channels, scale::only_scale,
};
use crate::{
    Tensor,
    kernel::Element,
    layer::{Pool, Sliding},
    layers::{
        Window,
        image::{
            Channels,
            window::{Row, slide},
        },
    },
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
/// assert_eq!(description.tensors[description.output].shape, [3]);
/// # Ok::<(), shiplap::quantized::QuantizeError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Description {
    /// The input, and the outputs of the operators.
    pub tensors: Vec<Activations>,
    /// The operators.
    pub operators: Vec<Operator>,
    /// The tensor of the output. The input is the first one.
    pub output: usize,
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
        let input = Activations { shape: N::Input::SHAPE.to_vec(), scale: Some(only_scale::<N::Input>(&self.input)) };
        let mut describer =
            Describer { layers: calibration.layers.iter(), tensors: vec![input], operators: Vec::new(), current: 0 };
        self.layers.describe(&mut describer)?;
        let Describer { mut layers, tensors, operators, current } = describer;
        let fits = layers.next().is_none() && tensors[current].scale == Some(only_scale::<N::Output>(&self.output));
        if fits { Ok(Description { tensors, operators, output: current }) } else { Err(DescribeError::OtherNetwork) }
    }
}

/// Lists the operators of a network.
pub struct Describer<'a> {
    layers: slice::Iter<'a, Calibrated>,
    tensors: Vec<Activations>,
    operators: Vec<Operator>,
    /// The tensor that the next operator takes.
    current: usize,
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
        self.join(layer, operation, vec![self.current], scale);
    }

    fn join(&mut self, layer: &Calibrated, operation: Operation, inputs: Vec<usize>, scale: Scale) {
        self.tensors.push(Activations { shape: layer.shape.to_vec(), scale: Some(scale) });
        self.current = self.tensors.len() - 1;
        self.operators.push(Operator { layer: layer.layer.clone(), operation, inputs, output: self.current });
    }

    fn activation<A: Int8Activation>(&mut self, layer: &Calibrated, form: &A::Form) -> Result<(), DescribeError> {
        if !A::Form::LIMITS {
            let reason = "its activation has no operation: implement `Int8Form::operation`";
            let error = || DescribeError::NoOperator { layer: layer.layer.clone(), reason };
            self.append(layer, form.operation(A::NAME).ok_or_else(error)?, layer.scales.output);
        }
        Ok(())
    }

    /// The tensors at the ends of two branches.
    fn branches(&mut self, first: &impl Describe, second: &impl Describe) -> Result<[usize; 2], DescribeError> {
        let fork = self.current;
        first.describe(self)?;
        let end = core::mem::replace(&mut self.current, fork);
        second.describe(self)?;
        Ok([end, self.current])
    }

    /// Tensors of the scale `output` with the numbers of these.
    fn rescaled(&mut self, layer: &Calibrated, ends: [usize; 2], scales: [Scale; 2], output: Scale) -> Vec<usize> {
        let mut inputs = Vec::new();
        for (end, scale) in ends.into_iter().zip(scales) {
            self.current = end;
            if scale != output {
                self.append(layer, Operation::Rescale, output);
                self.tensors[self.current].shape = self.tensors[end].shape.clone();
            }
            inputs.push(self.current);
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

impl<W: Int8Tensor, const F: usize, A: Int8Activation> Affine<W, F, A> {
    fn describe(
        &self,
        to: &mut Describer<'_>,
        operation: impl FnOnce(Weights) -> Operation,
    ) -> Result<(), DescribeError> {
        let layer = to.layer()?;
        let Scales { input, logits, .. } = layer.scales;
        let scales: [f32; F] = layer.weights[..].try_into().map_err(|_| DescribeError::OtherNetwork)?;
        if channels(self.channels.bias, scales, input, logits) != self.channels {
            return Err(DescribeError::OtherNetwork);
        }
        let weights = Weights {
            weights: W::flat(slice::from_ref(&self.weights)).to_vec(),
            bias: self.channels.bias.to_vec(),
            scales: scales.to_vec(),
            range: A::RANGE,
        };
        to.append(layer, operation(weights), logits);
        to.activation::<A>(layer, &self.activation)
    }
}

macro_rules! describe {
    ($([$($generics:tt)*] $layer:ty: |$self:ident, $to:ident| $describe:expr;)*) => {
        $(impl<$($generics)*> Describe for $layer {
            fn describe(&$self, $to: &mut Describer<'_>) -> Result<(), DescribeError> {
                $describe
            }
        })*
    };
}
describe! {
    [const IN: usize, const OUT: usize, A: Int8Activation] Dense<IN, OUT, A>: |self, to| {
        self.0.describe(to, Operation::Dense)
    };
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const F: usize, const K: usize, const KW: usize]
    Conv2d<P, A, H, W, C, OH, OW, F, K, KW>: |self, to| {
        self.filters.describe(to, |weights| Operation::Convolution(weights, slide::<P>([H, W], [K, KW]).1))
    };
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const F: usize, const K: usize, const KW: usize]
    ConvTranspose2d<P, A, H, W, C, OH, OW, F, K, KW>: |self, to| {
        self.filters.describe(to, |weights| {
            Operation::TransposedConvolution(weights, slide::<P>([OH, OW], [K, KW]).1)
        })
    };
    [P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const F: usize, const K: usize]
    Conv1d<P, A, W, C, OW, F, K>: |self, to| self.0.describe(to);
    [P: Window, A: Int8Activation, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const K: usize, const KW: usize]
    DepthwiseConv2d<P, A, H, W, C, OH, OW, K, KW>: |self, to| {
        self.channels.describe(to, |weights| Operation::Depthwise(weights, slide::<P>([H, W], [K, KW]).1))
    };
    [P: Window, A: Int8Activation, const W: usize, const C: usize, const OW: usize, const K: usize]
    DepthwiseConv1d<P, A, W, C, OW, K>: |self, to| self.0.describe(to);
    [R: Int8Reduce, P: Window, const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const K: usize, const KW: usize]
    Pool2d<R, P, H, W, C, OH, OW, K, KW>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Pool(R::POOL, slide::<P>([H, W], [K, KW]).1), layer.scales.output);
        Ok(())
    };
    [R: Int8Reduce, P: Window, const L: usize, const C: usize, const OL: usize, const K: usize]
    Pool1d<R, P, L, C, OL, K>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Pool(R::POOL, slide::<Row<P>>([1, L], [1, K]).1), layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const TOP: usize, const LEFT: usize]
    ZeroPad2d<H, W, C, OH, OW, TOP, LEFT>: |self, to| {
        let layer = to.layer()?;
        let zeros = Operation::ZeroPad { before: [TOP, LEFT], after: [OH - H - TOP, OW - W - LEFT] };
        to.append(layer, zeros, layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const OH: usize, const OW: usize, const TOP: usize, const LEFT: usize]
    Crop2d<H, W, C, OH, OW, TOP, LEFT>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Crop([TOP, LEFT]), layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize] Transpose2d<H, W, C>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Transpose, layer.scales.output);
        Ok(())
    };
    [const H: usize, const W: usize, const C: usize, const R: usize, const RW: usize, const OH: usize, const OW: usize]
    UpSample2d<H, W, C, R, RW, OH, OW>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::UpSample([R, RW]), layer.scales.output);
        Ok(())
    };
    [I: Channels] GlobalAverage<I>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::GlobalAverage, layer.scales.output);
        Ok(())
    };
    [I: Channels] GlobalMax<I>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::GlobalMax, layer.scales.output);
        Ok(())
    };
    [X: Int8Tensor, Y: Int8Tensor, W: 'static] Reshape<X, Y, W>: |self, to| {
        let layer = to.layer()?;
        if to.tensors[to.current].shape != layer.shape {
            to.append(layer, Operation::Reshape, layer.scales.output);
        }
        Ok(())
    };
    [A: Int8Activation, X: Tensor] Activate<A, X>: |self, to| {
        let layer = to.layer()?;
        if A::Form::LIMITS && A::RANGE != [f32::NEG_INFINITY, f32::INFINITY] {
            to.append(layer, Operation::Limit(A::RANGE), layer.scales.output);
        }
        to.activation::<A>(layer, &self.activation)
    };
    [I: Channels] PRelu<I>: |self, to| {
        let layer = to.layer()?;
        let (Scales { input, output, .. }, [factor]) = (layer.scales, &layer.weights[..]) else {
            return Err(DescribeError::OtherNetwork);
        };
        let scale = Scale { scale: *factor, zero: self.zeros[1] };
        let expected = PRelu::<I>::from_parts(self.alpha, [input, scale, output]);
        if (expected.zeros, expected.positive, expected.negative) != (self.zeros, self.positive, self.negative) {
            return Err(DescribeError::OtherNetwork);
        }
        let alpha = Int8Tensor::flat(slice::from_ref(&self.alpha)).to_vec();
        to.append(layer, Operation::PRelu { alpha, scale }, output);
        Ok(())
    };
    [const N: usize, T: Element] Standardize<N, T>: |self, to| {
        let layer = to.layer()?;
        if size_of::<T>() != size_of::<f32>() {
            let reason = "it standardizes in `f64`: use a network of `f32`";
            return Err(DescribeError::NoOperator { layer: layer.layer.to_string(), reason });
        }
        to.tensors[to.current].scale = None;
        let [mean, deviation] =
            [self.mean, self.deviation].map(|column| column.iter().map(|x| x.to_f64() as f32).collect());
        to.append(layer, Operation::Standardize { mean, deviation }, layer.scales.output);
        Ok(())
    };
    [L: Describe<Input: Int8Tensor>, const STEPS: usize] EachStep<L, STEPS>: |self, to| {
        let reason = "the layers of each step have no operator: a `Conv1d` of one step computes the same as a dense layer";
        Err(DescribeError::NoOperator { layer: to.layer()?.layer.clone(), reason })
    };
    [X: Int8Tensor, Y: Int8Tensor] Constant<X, Y>: |self, to| {
        let layer = to.layer()?;
        to.append(layer, Operation::Constant(Y::flat(slice::from_ref(&self.numbers)).to_vec()), layer.scales.output);
        Ok(())
    };
    [
        X: Int8Tensor, A: Describe<Input = X>, B: Describe<Input = X>, C: Combination, Act: Int8Activation
    ] Combine<A, B, C, Act>: |self, to| {
        let ends = to.branches(&self.first, &self.second)?;
        let (layer, scales) = (to.layer()?, to.scales(ends)?);
        if C::of(scales, layer.scales.logits, Act::RANGE) != self.combination {
            return Err(DescribeError::OtherNetwork);
        }
        let output = layer.scales.logits;
        let ends = if C::OF_ONE_SCALE { to.rescaled(layer, ends, scales, output) } else { ends.to_vec() };
        to.join(layer, C::operation(Act::RANGE), ends, output);
        if C::OF_ONE_SCALE && Act::Form::LIMITS && Act::RANGE != [f32::NEG_INFINITY, f32::INFINITY] {
            to.append(layer, Operation::Limit(Act::RANGE), output);
        }
        to.activation::<Act>(layer, &self.activation)
    };
    [A: Describe, B: Describe<Input = A::Input>, O: Int8Tensor] Concat<A, B, O>: |self, to| {
        let ends = to.branches(&self.first, &self.second)?;
        let (layer, scales) = (to.layer()?, to.scales(ends)?);
        let output = layer.scales.output;
        if scales.map(|scale| Rescale::new(scale, output)) != self.rescales {
            return Err(DescribeError::OtherNetwork);
        }
        let inputs = to.rescaled(layer, ends, scales, output);
        to.join(layer, Operation::Concat, inputs, output);
        Ok(())
    };
}
