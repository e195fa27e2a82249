//! Layers of windows, with shapes that are not in their types.

use super::{Bounds, Slide};

/// The shapes of a convolution.
#[derive(Clone, Copy)]
pub struct Shape {
    /// The height and the width of the image, and its channels.
    pub image: [usize; 3],
    /// The height and the width of the window.
    pub window: [usize; 2],
    /// The height and the width of the output.
    pub output: [usize; 2],
    /// How the window slides.
    pub slide: Slide,
}

/// A convolution, or a fully connected layer: a convolution of one pixel.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// The shapes.
    pub shape: Shape,
    /// Whether each channel has its own output: the convolution is depthwise.
    pub channelwise: bool,
    /// The weights of each output, one after the other, or those of a depthwise convolution, the channels last.
    pub weights: &'a [i8],
    /// The bias of each output.
    pub bias: &'a [i32],
    /// The mantissas of the multiplier of each output.
    pub mantissas: &'a [i32],
    /// The exponents.
    pub exponents: &'a [i8],
    /// The int8 of the input that stands for 0.
    pub zero: i8,
    /// The range of the output.
    pub bounds: Bounds,
    /// Whether sums are rounded once.
    pub once: bool,
}
