//! TensorFlow Lite models as layers.

mod flatbuffer;
mod graph;
mod source;

pub use graph::{Affine, Join, Layer, Model, Scale};
pub use source::{groups, sequence};
