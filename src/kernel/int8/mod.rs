//! Arithmetic of int8, with the bits of TensorFlow Lite's reference kernels.

#[cfg(not(dsp))]
mod channels;
#[cfg(dsp)]
mod dsp;
pub(crate) mod fixed;
pub(crate) mod gate;
mod log_softmax;
mod multiplier;
#[cfg(quads)]
pub(super) mod quads;
#[cfg(not(any(dsp, scalar)))]
mod registers;
mod round;
#[cfg(any(scalar, test))]
mod scalar;
mod softmax;
mod tensor;
mod unit_length;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
pub(super) mod vnni;
mod window;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
pub(super) mod x86;

use super::simd::{Simd, Work};
#[cfg(not(dsp))]
pub use channels::Channels;
#[cfg(not(dsp))]
pub(crate) use channels::{convolution, depthwise};
#[cfg(dsp)]
pub use dsp::Channels;
#[cfg(dsp)]
pub(crate) use dsp::{convolution, depthwise, products};
pub use log_softmax::LogExponential;
pub(crate) use multiplier::Factor;
pub use multiplier::Multiplier;
pub(crate) use multiplier::rounding_shift;
#[cfg(not(any(dsp, scalar)))]
pub(crate) use registers::products;
pub use round::Bounds;
pub(crate) use round::{Once, Round, Twice};
#[cfg(scalar)]
pub(crate) use scalar::{ROWS as PIXELS, products};
pub use softmax::Exponential;
pub(super) use tensor::Sealed;
pub use tensor::{ForArray, Int8Tensor, Room, int8_of};
pub(crate) use tensor::{first_of, first_of_mut};
pub use unit_length::Direction;
pub(crate) use unit_length::inverse_root;
pub use window::{Layer, Shape};

/// The pixels whose sums share each load of weights.
#[cfg(not(scalar))]
pub(crate) const PIXELS: usize = if cfg!(target_pointer_width = "64") { 4 } else { 2 };

/// How a window slides over an image: each `[rows, columns]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Slide {
    /// The pixels before the first one of the image.
    pub before: [usize; 2],
    /// The distance of two windows.
    pub stride: [usize; 2],
    /// The distance of two pixels of a window.
    pub dilation: [usize; 2],
}

impl Slide {
    /// Each window is a pixel.
    pub const PIXELS: Self = Self { before: [0; 2], stride: [1; 2], dilation: [1; 2] };
}

/// A number from −128 to 127 as int8.
#[inline(always)]
pub(crate) const fn int8_fits(x: i32) -> i8 {
    x as i8
}

/// Runs the work of a layer in a function of its own, so that the layers of a network share the memory of their windows.
#[inline(never)]
pub(crate) fn apart<S: Simd, W: Work>(simd: S, work: W) -> W::Output {
    simd.run(work)
}
