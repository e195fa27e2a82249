//! What the processor runs: instruction sets, matrix products and passes over slices.
//!
//! What is `inline(never)` under `debug_assertions` is so because without optimisation each register is
//! memory: the frame of a whole training step would not fit a thread's stack.

mod element;
mod fpu;
mod lanes;
mod math;
mod matmul;
mod panel;
mod plain;
mod simd;
mod sweep;
mod tile;
#[cfg(all(target_arch = "x86_64", not(feature = "deterministic")))]
mod x86;

pub use element::{Element, Real};
pub use lanes::Lanes;
pub use matmul::{nn, nt, sum_rows, tn, tn_then};
pub use simd::{Baseline, Level, Simd, Unavailable, Vector, Work, dispatch, level, set_level};
pub use sweep::{Fold, Sweep, Unchanged, largest, sum_of, sweep};
pub(crate) use sweep::{sum_of_row, sweep_row};
