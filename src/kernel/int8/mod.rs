//! Arithmetic of int8, with the bits of TensorFlow Lite's reference kernels.

#[cfg(dsp)]
mod dsp;
mod multiplier;
mod product;
mod softmax;
mod tensor;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
pub(super) mod x86;

use super::simd::{Simd, Work};
pub use multiplier::Multiplier;
pub use product::{Bounds, Channels};
pub(crate) use product::{Once, Round, Twice, products, sums_by_channel};
pub use softmax::Exponential;
pub(super) use tensor::Sealed;
pub use tensor::{Int8Tensor, int8_of};

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
