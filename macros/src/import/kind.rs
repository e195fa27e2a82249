//! Operators, and what they compute.

use super::{
    Window,
    reduce::Reduction,
    slice::{OfSplit, Slice},
};

/// What an operator computes. The weights of a convolution are `[filter, row, column, channel]`, and depthwise
/// `[1, row, column, channel]`; those of a fully connected layer `[output, input]`.
pub enum Kind {
    Dense {
        activation: &'static str,
    },
    Conv2d {
        window: Window,
        activation: &'static str,
    },
    /// The inputs are image, weights `[filter, row, column, channel]`, bias, and the shape of the output, over which the
    /// window moves.
    ConvTranspose2d {
        window: Window,
        activation: &'static str,
    },
    DepthwiseConv2d {
        window: Window,
        activation: &'static str,
    },
    MaxPool {
        window: Window,
        activation: &'static str,
    },
    AveragePool {
        window: Window,
        activation: &'static str,
    },
    Reduce(Reduction),
    LeakyRelu(f32),
    PRelu,
    /// An activation that int8 has as a table: of the approximation by tanh, if it says so.
    Gelu {
        by_tanh: bool,
    },
    /// An activation of real numbers between int8.
    ActivateReal(&'static str),
    /// Exchanges axes.
    Transpose,
    /// Puts blocks of channels side by side as pixels, of so many rows and columns; or pixels as channels.
    DepthToSpace(usize),
    SpaceToDepth(usize),
    Pad,
    /// Repeats rows and columns in the opposite order before and after them; those at the ends, too, if it is symmetric.
    MirrorPad {
        symmetric: bool,
    },
    /// `arithmetic` is the name of a join, such as `Add`.
    Combine {
        arithmetic: &'static str,
        activation: &'static str,
    },
    /// Matrix products of two tensors, each of which may be transposed.
    MatMul {
        transposed: [bool; 2],
    },
    /// Numbers of the second input or of the third, by the truth values of the first.
    Select,
    /// The numbers of an axis at some places.
    Gather {
        axis: i32,
    },
    /// Joins tensors along an axis, which is a new one if `packs`.
    Concat {
        axis: i32,
        packs: bool,
    },
    /// One of the parts into which a tensor is split.
    Part(OfSplit),
    Reshape,
    /// Repeats the tensor along its axes.
    Tile,
    /// Enlarges an image by its nearest pixels; between the corners, or the centers, of pixels.
    Enlarge {
        corners: bool,
        centers: bool,
    },
    /// Resizes an image by bilinear interpolation at these places.
    Resize(&'static str),
    Slice(Slice),
    Activate(&'static str),
    /// Its inputs are described where it becomes a layer.
    Lstm(States),
    Quantize,
    Dequantize,
    /// The second input, a constant, whatever the first one is.
    Constant,
    /// A pair of the first tensor and of the others.
    Both,
    /// The first (0) or second (1) tensor of a pair.
    Member(usize),
    /// None of the others, with the reason.
    Unsupported(String),
}

impl Kind {
    /// Whether branches may end in its inputs.
    pub fn joins(&self) -> bool {
        matches!(self, Self::Combine { .. } | Self::MatMul { .. } | Self::Concat { .. } | Self::Both)
    }
}

/// An operator of a model.
pub struct Operator {
    /// Its place in the file.
    pub number: usize,
    pub name: String,
    pub inputs: Vec<Option<usize>>,
    pub output: usize,
    pub kind: Kind,
}

/// The states of an LSTM: tensors that keep their numbers from one step to the next.
pub struct States {
    pub output: usize,
    pub cell: usize,
    /// In int8, a tensor of the scale of the output before a projection, of which there is none.
    pub hidden: Option<usize>,
    /// The largest magnitude of a cell in real numbers, if it is not 0.
    pub clip: f32,
}
