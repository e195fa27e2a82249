//! Normalization: [`BatchNorm`].
//!
//! `y = act((x − mean) / √(variance + ε)·scale + shift)`. Layers differ in the numbers that share a mean and a variance.

mod batch_norm;
mod moments;

pub use batch_norm::BatchNorm;
