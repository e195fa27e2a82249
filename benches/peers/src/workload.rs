//! The workloads of all contenders: networks, losses, batches and data. `python/workload.py` defines the same.

/// The last activation and the loss. Both are meant to be computed together, from logits.
#[derive(Clone, Copy, PartialEq)]
pub enum Loss {
    /// Sigmoid and binary cross-entropy.
    Binary,
    /// Softmax and categorical cross-entropy.
    Categorical,
    /// No activation and mean squared error.
    Squared,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Activation {
    Relu,
    Tanh,
}

/// A part of a network. Images are `[height][width][channel]`, series `[step][channel]`, and texts `[step]`, the number of
/// a symbol.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    /// The width, and whether the activation of the hidden layers follows.
    Dense(usize, bool),
    /// A convolution with the zeros around the image that TensorFlow calls "same".
    Conv(Conv),
    /// A recurrent layer with this many units, of which the last state is the output.
    Recurrent(Cell, usize),
    /// A convolution of a series with this many filters of 3 steps and this dilation, zeros before the series, and the
    /// activation of the hidden layers.
    Causal(usize, usize),
    /// The maxima of 2×2 pixels.
    MaxPool,
    /// The means of an image or a series.
    GlobalAverage,
    Flatten,
    /// The sum of two trainable vectors for each step of a text: that of its symbol, among this many, and that of the
    /// step. Their width is the second number.
    Symbols(usize, usize),
    /// A block of a transformer with this many heads, causal attention, a hidden layer of this width with GELU, and
    /// layer normalization before both.
    Block(usize, usize),
    /// Layer normalization and a dense layer of this width, for each step of a series.
    EachStep(usize),
    /// The sum of a branch and a shortcut, followed by the activation.
    Residual(&'static [Part], &'static [Part]),
}

#[derive(Clone, Copy, PartialEq)]
pub enum Cell {
    /// The gates are in the order update, reset, new; the reset gate applies to the product with the state.
    Gru,
    /// The gates are in the order input, forget, cell, output.
    Lstm,
}

impl Cell {
    pub fn gates(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub struct Conv {
    /// `None` if each channel has a kernel of its own.
    pub filters: Option<usize>,
    pub size: [usize; 2],
    pub stride: usize,
    /// Whether the activation of the hidden layers follows.
    pub active: bool,
    /// Whether batch normalization replaces the bias.
    pub norm: bool,
}

impl Conv {
    /// The zeros before and after each axis of an image.
    pub fn padding(&self, shape: &[usize]) -> [[usize; 2]; 2] {
        [0, 1].map(|axis| {
            let (length, outputs) = (shape[axis], shape[axis].div_ceil(self.stride));
            let zeros = ((outputs - 1) * self.stride + self.size[axis]).saturating_sub(length);
            [zeros / 2, zeros - zeros / 2]
        })
    }
}

impl Part {
    /// The shape of the output.
    pub fn shape(&self, input: &[usize]) -> Vec<usize> {
        match *self {
            Self::Dense(width, _) => vec![width],
            Self::Conv(Conv { filters, stride, .. }) => {
                vec![input[0].div_ceil(stride), input[1].div_ceil(stride), filters.unwrap_or(input[2])]
            }
            Self::MaxPool => vec![input[0] / 2, input[1] / 2, input[2]],
            Self::Recurrent(_, units) => vec![units],
            Self::Causal(width, _) | Self::Symbols(_, width) | Self::EachStep(width) => vec![input[0], width],
            Self::Block(..) => input.to_vec(),
            Self::GlobalAverage => input[input.len() - 1..].to_vec(),
            Self::Flatten => vec![input.iter().product()],
            Self::Residual(branch, _) => branch.iter().fold(input.to_vec(), |shape, part| part.shape(&shape)),
        }
    }

    /// The shape of the kernel, if the part has one. That of a recurrent layer is `[gate][input][unit]` and then
    /// `[gate][unit before][unit]`; that of a block is `[query, key, value][output][input]`, then `[input][output]` of
    /// the output of attention, and of both dense layers.
    pub fn kernel_shape(&self, input: &[usize]) -> Option<Vec<usize>> {
        match *self {
            Self::Dense(width, _) => Some(vec![input[0], width]),
            Self::Recurrent(cell, units) => Some(vec![cell.gates() * (input[1] + units) * units]),
            Self::Causal(filters, _) => Some(vec![3, input[1], filters]),
            Self::Symbols(symbols, width) => Some(vec![symbols + input[0], width]),
            Self::Block(_, hidden) => Some(vec![(4 * input[1] + 2 * hidden) * input[1]]),
            Self::EachStep(width) => Some(vec![input[1], width]),
            Self::Conv(Conv { filters, size: [height, width], .. }) => {
                Some([height, width, input[2]].into_iter().chain(filters).collect())
            }
            _ => None,
        }
    }

    /// The number of inputs of an output, in the widest product of a block.
    fn fan_in(&self, input: &[usize]) -> usize {
        match *self {
            Self::Recurrent(_, units) => input[1] + units,
            Self::Causal(..) => 3 * input[1],
            Self::Symbols(_, width) | Self::Block(_, width) => width,
            Self::EachStep(_) => input[1],
            Self::Conv(Conv { filters, size: [height, width], .. }) => {
                height * width * if filters.is_some() { input[2] } else { 1 }
            }
            _ => input.iter().product(),
        }
    }
}

/// A network that is trained repeatedly on the same batch.
pub struct Workload {
    pub name: &'static str,
    /// The shape of the input.
    pub input: &'static [usize],
    pub parts: &'static [Part],
    pub hidden: Activation,
    pub loss: Loss,
    pub batch: usize,
    /// The number of timed steps in a round.
    pub steps: usize,
}

use Activation::{Relu, Tanh};
use Loss::{Binary, Categorical, Squared};
use Part::{Block, Causal, EachStep, Flatten, GlobalAverage, MaxPool, Recurrent, Residual, Symbols};

const fn dense(width: usize) -> Part {
    Part::Dense(width, true)
}

const fn last(width: usize) -> Part {
    Part::Dense(width, false)
}

const CONV: Conv = Conv { filters: None, size: [3; 2], stride: 1, active: true, norm: false };

const fn conv(filters: usize) -> Part {
    Part::Conv(Conv { filters: Some(filters), ..CONV })
}

const fn conv_by(size: [usize; 2], stride: usize, filters: usize) -> Part {
    Part::Conv(Conv { filters: Some(filters), size, stride, ..CONV })
}

const fn depthwise(stride: usize) -> Part {
    Part::Conv(Conv { stride, ..CONV })
}

const fn normed(filters: usize, stride: usize, active: bool) -> Part {
    Part::Conv(Conv { filters: Some(filters), stride, active, norm: true, ..CONV })
}

/// A 1×1 convolution.
const fn pointwise(filters: usize) -> Part {
    conv_by([1; 2], 1, filters)
}

/// The shortcut past a branch with stride 2.
const fn shortcut(filters: usize) -> Part {
    Part::Conv(Conv { filters: Some(filters), size: [1; 2], stride: 2, active: false, norm: false })
}

const LENET: [Part; 7] = [conv(8), MaxPool, conv(16), MaxPool, Flatten, dense(32), last(10)];

const RESNET: [Part; 6] = [
    normed(16, 1, true),
    Residual(&[normed(16, 1, true), normed(16, 1, false)], &[]),
    Residual(&[normed(32, 2, true), normed(32, 1, false)], &[shortcut(32)]),
    Residual(&[normed(64, 2, true), normed(64, 1, false)], &[shortcut(64)]),
    GlobalAverage,
    last(10),
];

#[rustfmt::skip]
const DS_CNN: [Part; 11] = [
    conv_by([10, 4], 2, 64),
    depthwise(1), pointwise(64),
    depthwise(1), pointwise(64),
    depthwise(1), pointwise(64),
    depthwise(1), pointwise(64),
    GlobalAverage, last(12),
];

#[rustfmt::skip]
const MOBILENET: [Part; 29] = [
    conv_by([3, 3], 2, 8),
    depthwise(1), pointwise(16),
    depthwise(2), pointwise(32),
    depthwise(1), pointwise(32),
    depthwise(2), pointwise(64),
    depthwise(1), pointwise(64),
    depthwise(2), pointwise(128),
    depthwise(1), pointwise(128),
    depthwise(1), pointwise(128),
    depthwise(1), pointwise(128),
    depthwise(1), pointwise(128),
    depthwise(1), pointwise(128),
    depthwise(2), pointwise(256),
    depthwise(1), pointwise(256),
    GlobalAverage, last(2),
];

const GRU: [Part; 2] = [Recurrent(Cell::Gru, 64), last(6)];
const LSTM: [Part; 2] = [Recurrent(Cell::Lstm, 64), last(6)];
const CAUSAL: [Part; 6] = [Causal(32, 1), Causal(32, 2), Causal(32, 4), Causal(32, 8), GlobalAverage, last(6)];
const DECODER: [Part; 5] = [Symbols(81, 64), Block(4, 256), Block(4, 256), Block(4, 256), EachStep(81)];

const fn workload(
    name: &'static str,
    input: &'static [usize],
    parts: &'static [Part],
    (hidden, loss): (Activation, Loss),
    batch: usize,
    steps: usize,
) -> Workload {
    Workload { name, input, parts, hidden, loss, batch, steps }
}

pub const WORKLOADS: [Workload; 12] = [
    workload("W1", &[10], &[dense(10), last(1)], (Relu, Binary), 32, 500),
    workload("W2", &[784], &[dense(128), last(10)], (Relu, Categorical), 64, 100),
    workload("W3", &[784], &[dense(512), dense(512), last(10)], (Relu, Categorical), 128, 30),
    workload("W4", &[17], &[dense(64), dense(64), last(6)], (Tanh, Squared), 256, 100),
    workload("W5", &[28, 28, 1], &LENET, (Relu, Categorical), 64, 30),
    workload("W6", &[32, 32, 3], &RESNET, (Relu, Categorical), 32, 10),
    workload("W7", &[49, 10, 1], &DS_CNN, (Relu, Categorical), 100, 10),
    workload("W8", &[96, 96, 3], &MOBILENET, (Relu, Categorical), 16, 10),
    workload("W9", &[32, 6], &GRU, (Tanh, Categorical), 64, 20),
    workload("W10", &[32, 6], &LSTM, (Tanh, Categorical), 64, 20),
    workload("W11", &[128, 6], &CAUSAL, (Relu, Categorical), 32, 20),
    workload("W12", &[64], &DECODER, (Relu, Categorical), 16, 10),
];

/// The number of steps to warm up.
pub const WARM_UP: usize = 10;

pub const LEARNING_RATE: f64 = 1e-3;
pub const EPSILON: f64 = 1e-8;

/// The share of the running statistics of batch normalization that a step keeps.
pub const MOMENTUM: f64 = 0.99;
pub const NORM_EPSILON: f64 = 1e-3;

/// A workload with its initial weights and its data. The initial biases are 0.
pub struct Problem {
    pub workload: &'static Workload,
    /// The initial kernel of each layer, the branch of a residual before its shortcut: `[input][output]`,
    /// `[row][column][input][output]` or, for each channel, `[row][column][channel]`; of series as in
    /// [`Part::kernel_shape`].
    pub kernels: Vec<Vec<f32>>,
    /// `[batch][input]`; symbols are whole numbers.
    pub x: Vec<f32>,
    /// `[batch][output]`, or `[batch][step][output]`; classes are one-hot encoded.
    pub y: Vec<f32>,
}

impl Problem {
    pub fn new(workload: &'static Workload) -> Self {
        let mut state = 1u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        let kernels = workload.layers().into_iter().map(|(layer, input)| {
            let shape = layer.kernel_shape(&input).expect("a layer has a kernel");
            // Glorot's limit for dense networks, He's for the others, whose signal would vanish otherwise.
            let outputs = if workload.widths().is_some() { shape[1] } else { 0 };
            let limit = (6.0 / (layer.fan_in(&input) + outputs) as f64).sqrt();
            (0..shape.iter().product()).map(|_| ((2.0 * uniform() - 1.0) * limit) as f32).collect()
        });
        let kernels = kernels.collect();
        let mut input = || match workload.symbols() {
            Some(symbols) => (uniform() * symbols as f64).floor() as f32,
            None => uniform() as f32,
        };
        let x = (0..workload.batch * workload.input()).map(|_| input()).collect();
        let outputs = workload.output();
        let y = (0..workload.batch * workload.rows()).flat_map(|_| match workload.loss {
            Binary => vec![uniform().round() as f32],
            Categorical => {
                let class = (uniform() * outputs as f64) as usize;
                (0..outputs).map(|output| f32::from(u8::from(output == class))).collect()
            }
            Squared => (0..outputs).map(|_| uniform() as f32).collect(),
        });
        Self { workload, kernels, x, y: y.collect() }
    }

    /// The class of each sample, or of each of its steps.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        let rows = self.y.chunks(self.workload.output());
        rows.map(|row| row.iter().position(|&share| share == 1.0).expect("a row has a class"))
    }

    /// Returns `rows` samples, which repeat the batch if necessary.
    pub fn samples(&self, rows: usize) -> Vec<f32> {
        self.x.iter().copied().cycle().take(rows * self.workload.input()).collect()
    }
}

impl Workload {
    /// The number of inputs.
    pub fn input(&self) -> usize {
        self.input.iter().product()
    }

    /// The number of outputs, for each step of a text.
    pub fn output(&self) -> usize {
        match self.parts {
            [.., Part::Dense(width, _) | EachStep(width)] => *width,
            _ => panic!("the last layer is dense"),
        }
    }

    /// The number of rows of outputs of a sample.
    pub fn rows(&self) -> usize {
        if self.symbols().is_some() { self.input() } else { 1 }
    }

    /// The number of symbols, if the input is a text.
    pub fn symbols(&self) -> Option<usize> {
        match self.parts {
            [Symbols(symbols, _), ..] => Some(*symbols),
            _ => None,
        }
    }

    /// The parts with kernels, with the shape of the input of each, in the order of [`Problem::kernels`].
    pub fn layers(&self) -> Vec<(Part, Vec<usize>)> {
        let mut layers = Vec::new();
        collect(self.parts, self.input, &mut layers);
        layers
    }

    /// The shape of the images that `Flatten` turns into rows, if the network does so.
    pub fn flattened(&self) -> Option<[usize; 3]> {
        let before = self.parts.split(|part| *part == Flatten).next()?;
        let shape = before.iter().fold(self.input.to_vec(), |shape, part| part.shape(&shape));
        if before.len() < self.parts.len() { shape.try_into().ok() } else { None }
    }

    /// The input and output width of each layer, if all are dense.
    pub fn widths(&self) -> Option<Vec<(usize, usize)>> {
        let widths = |(part, input): (Part, Vec<usize>)| match part {
            Part::Dense(width, _) => Some((input[0], width)),
            _ => None,
        };
        self.layers().into_iter().map(widths).collect()
    }
}

fn collect(parts: &[Part], input: &[usize], layers: &mut Vec<(Part, Vec<usize>)>) {
    let mut shape = input.to_vec();
    for part in parts {
        if let Residual(branch, shortcut) = part {
            collect(branch, &shape, layers);
            collect(shortcut, &shape, layers);
        } else if part.kernel_shape(&shape).is_some() {
            layers.push((*part, shape.clone()));
        }
        shape = part.shape(&shape);
    }
}
