//! Layers as they are read.

use super::{Padding, Window};

/// A model. Several inputs, or several outputs, are a pair of the first one and of the others.
pub struct Model {
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// The scales of the inputs and of the outputs in int8; none in real numbers.
    pub scales: Option<[Vec<Scale>; 2]>,
    /// The names of the inputs and of the outputs.
    #[allow(dead_code, reason = "the macro documents them")]
    pub names: [Vec<String>; 2],
}

/// The real number of an int8 `q` is `scale·(q − zero)`.
#[derive(Clone, Copy, PartialEq)]
pub struct Scale {
    pub scale: f32,
    pub zero: i8,
}

impl Scale {
    /// That of real numbers.
    pub const REAL: Self = Self { scale: 1.0, zero: 0 };
    /// That of shares from 0 to 255/256.
    pub const OF_SHARES: Self = Self { scale: 1.0 / 256.0, zero: -128 };

    /// That of the output of an activation with a fixed range.
    pub fn of_activation(activation: &str) -> Option<Self> {
        match activation {
            "Sigmoid" | "Softmax" => Some(Self::OF_SHARES),
            "Tanh" | "UnitLength" => Some(Self { scale: 1.0 / 128.0, zero: 0 }),
            "LogSoftmax" => Some(Self { scale: 1.0 / 16.0, zero: 127 }),
            _ => None,
        }
    }
}

/// A layer. Shapes are those of one sample, and images `[height, width, channels]`.
pub enum Layer {
    Dense {
        width: [usize; 2],
        constants: Affine,
    },
    Conv2d {
        images: [[usize; 3]; 2],
        window: Window,
        constants: Affine,
    },
    ConvTranspose2d {
        images: [[usize; 3]; 2],
        window: Window,
        constants: Affine,
    },
    DepthwiseConv2d {
        images: [[usize; 3]; 2],
        window: Window,
        constants: Affine,
    },
    Pool {
        name: &'static str,
        images: [[usize; 3]; 2],
        window: Window,
    },
    /// `rescale` is the scale of the input and of the output, if they differ or the mean is rounded as by `MEAN`.
    GlobalAveragePool {
        shape: Vec<usize>,
        rescale: Option<[Scale; 2]>,
    },
    GlobalMaxPool {
        shape: Vec<usize>,
    },
    /// In int8, `alpha` is part of the constants.
    LeakyRelu {
        shape: Vec<usize>,
        alpha: f32,
        input: Scale,
        output: Scale,
    },
    PRelu {
        shape: Vec<usize>,
        /// The factors of the channels.
        alpha: Vec<u8>,
        /// Those of the input, of the factors and of the output.
        scales: [Scale; 3],
    },
    /// An activation of int8 by the output of each.
    LookUp {
        activation: &'static str,
        shape: Vec<usize>,
        table: Vec<i8>,
        output: Scale,
    },
    ZeroPad {
        images: [[usize; 3]; 2],
        /// The rows and columns before the image.
        before: [usize; 2],
        zero: i8,
    },
    /// The part of an image after so many rows and columns.
    Crop {
        images: [[usize; 3]; 2],
        before: [usize; 2],
    },
    /// Exchanges the rows and columns of an image.
    Transpose {
        images: [[usize; 3]; 2],
    },
    /// A layer for each step of a sequence.
    EachStep {
        layer: Box<Layer>,
        steps: usize,
    },
    /// Bilinear interpolation at places of this name.
    Resize {
        images: [[usize; 3]; 2],
        sampling: &'static str,
    },
    UpSample {
        images: [[usize; 3]; 2],
        factors: [usize; 2],
    },
    Reshape {
        from: Vec<usize>,
        to: Vec<usize>,
    },
    Activate {
        activation: &'static str,
        shape: Vec<usize>,
        input: Scale,
        output: Scale,
    },
    Lstm {
        /// The steps and features of the input.
        series: [usize; 2],
        units: usize,
        /// Whether all states are the output, or the last one.
        all: bool,
        constants: LstmConstants,
    },
    Branches {
        first: Vec<Layer>,
        second: Vec<Layer>,
        join: Join,
    },
    Identity {
        shape: Vec<usize>,
    },
    /// The first (0) or second (1) tensor of a pair, of these shapes: the first one, and those of the others.
    Member {
        index: usize,
        of: Vec<Vec<usize>>,
    },
    /// Numbers of shape `to`, in the order of this crate, that do not depend on the input of shape `from`.
    Constant {
        from: Vec<usize>,
        to: Vec<usize>,
        numbers: Vec<u8>,
    },
}

/// How branches are joined.
pub enum Join {
    /// `arithmetic` is the name of a join, such as `Add`.
    Combine {
        arithmetic: &'static str,
        activation: &'static str,
        inputs: [Scale; 2],
        output: Scale,
    },
    MatMul {
        inputs: [Scale; 2],
        output: Scale,
    },
    Concat {
        shape: Vec<usize>,
        inputs: [Scale; 2],
        output: Scale,
    },
    /// They are a pair.
    Both,
}

/// Weights and bias, with the activation after them.
pub struct Affine {
    /// The bytes of the weights: those of int8 by outputs, as in TensorFlow Lite; real numbers in the order of this crate.
    pub weights: Vec<u8>,
    /// The biases, of 32 bits each.
    pub bias: Vec<[u8; 4]>,
    /// The scale of the weights of each output; none in real numbers.
    pub scales: Vec<f32>,
    pub activation: &'static str,
    pub input: Scale,
    pub logits: Scale,
}

/// The constants of an LSTM, with the gates `i`, `f`, `g` and `o`.
pub struct LstmConstants {
    /// The bytes of the weights of the series: in int8 `[gate][unit][feature]`, in real numbers `[gate][feature][unit]`.
    pub kernel: Vec<u8>,
    /// Those of the state, in the same order.
    pub recurrent_kernel: Vec<u8>,
    /// The biases `[gate][unit]`, of 32 bits each.
    pub bias: Vec<[u8; 4]>,
    /// The scales of the weights of the series for each gate, and those of the state; none in real numbers.
    pub scales: Vec<f32>,
    /// The scales of the input and of the output.
    pub ends: [Scale; 2],
    /// The bits of a cell before the point, in int8.
    pub cell_bits: u8,
    /// The largest magnitude of a cell in real numbers, if it is not 0. Layers in real numbers have no limit.
    pub clip: f32,
}

impl Layer {
    /// The layers of an activation after `shape`, if the scales before and after it are these.
    pub fn rescale(shape: &[usize], input: Scale, output: Scale) -> Option<Self> {
        let requantize = || Self::Activate { activation: "Requantize", shape: shape.to_vec(), input, output };
        (input != output).then(requantize)
    }

    /// The zeros before and after an image, `[rows, columns]`.
    pub fn zeros(images: [[usize; 3]; 2], before: [usize; 2]) -> [[usize; 2]; 2] {
        let after = [0, 1].map(|axis| images[1][axis] - images[0][axis] - before[axis]);
        [before, after]
    }
}

impl Window {
    /// Whether the window stays inside the image.
    pub fn is_inside(&self) -> bool {
        matches!(self.padding, Padding::Valid)
    }
}
