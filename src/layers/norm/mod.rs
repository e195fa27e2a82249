//! Normalization: [`BatchNorm`], [`LayerNorm`], [`GroupNorm`], and [`RmsNorm`], which does not subtract the mean.
//!
//! `y = act((x − mean) / √(variance + ε)·scale + shift)`. Layers differ in the numbers that share a mean and a variance.

mod batch_norm;
mod mean_square;
mod moments;
mod rms_norm;
mod sample_norm;

pub use batch_norm::BatchNorm;
pub use rms_norm::RmsNorm;
pub use sample_norm::{EachPixel, GroupNorm, Grouping, Groups, LayerNorm, SampleNorm};
