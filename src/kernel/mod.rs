//! The numeric kernels: instruction sets, matrix products and elementwise kernels.
//!
//! Some functions are `inline(never)` under `debug_assertions`: unoptimized code keeps each register in memory, so the
//! frame of a whole training step would not fit on a thread's stack.

mod array;
mod columns;
mod continued;
mod conv;
mod depthwise;
mod dispatch;
mod element;
mod elementwise;
mod form;
mod formula;
mod fpu;
pub(crate) mod int8;
mod lanes;
mod level;
mod math;
mod matmul;
mod pair;
mod panel;
mod plain;
mod real;
mod simd;
mod tile;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
mod x86;

pub use array::map_each;
#[doc(hidden)]
pub use array::tensor_of;
pub(crate) use array::{cast_rows, cast_rows_mut, copy};
pub(crate) use columns::{column_sums, for_each_row};
pub use continued::{nn_from, nt_from};
pub use conv::{Steps, conv, conv_backward, conv_gradient, conv_gradient_parts};
pub use depthwise::{depthwise, depthwise_backward, depthwise_gradient, depthwise_gradient_parts};
pub use dispatch::{Baseline, dispatch};
pub use element::{Element, MOST_AXES, Tensor};
pub use elementwise::{elementwise, largest, sum_of};
pub(crate) use elementwise::{elementwise_row, sum_of_row};
pub use form::Form;
pub use formula::{ElementwiseKernel, Summand, Unchanged};
pub(crate) use formula::{Plus, Product};
pub use level::{Level, Unavailable, level, set_level};
pub use matmul::{nn, nt, sum_rows, tn, tn_then};
pub use pair::Pair;
pub use real::Real;
pub(crate) use simd::Inlined;
pub use simd::{Simd, Vector, Work};
