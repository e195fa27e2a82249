//! What the processor runs: instruction sets, matrix products and passes over slices.
//!
//! What is `inline(never)` under `debug_assertions` is so because without optimisation each register is
//! memory: the frame of a whole training step would not fit a thread's stack.

mod array;
mod element;
mod elementwise;
mod fpu;
mod lanes;
mod math;
mod matmul;
mod panel;
mod plain;
mod simd;
mod tile;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
mod x86;

pub use array::map_each;
pub(crate) use array::{cast_rows, cast_rows_mut};
pub use element::{Element, MOST_AXES, Real, Tensor};
pub use elementwise::{ElementwiseKernel, Summand, Unchanged, elementwise, largest, sum_of};
pub(crate) use elementwise::{elementwise_row, sum_of_row};
pub use lanes::Lanes;
pub use matmul::{nn, nt, sum_rows, tn, tn_then};
pub use simd::{Baseline, Level, Simd, Unavailable, Vector, Work, dispatch, level, set_level};
