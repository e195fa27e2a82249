//! Normalization: [`BatchNorm`], [`LayerNorm`], [`GroupNorm`].
//!
//! `y = act((x − mean) / √(variance + ε)·scale + shift)`. Layers differ in the numbers that share a mean and a variance.

mod batch_norm;
mod moments;
mod sample_norm;

pub use batch_norm::BatchNorm;
pub use sample_norm::{EachPixel, GroupNorm, Grouping, Groups, LayerNorm, SampleNorm};
