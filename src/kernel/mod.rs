//! What the processor runs: instruction sets, matrix products and passes over slices.

mod element;
mod matmul;
mod simd;
mod sweep;

pub use element::{Element, Real};
pub use matmul::{nn, nt, sum_rows, tn};
pub use simd::{Baseline, Lanes, Level, Simd, Unavailable, Work, dispatch, level, set_level};
pub use sweep::{Fold, Sweep, largest, sum_of, sweep};
