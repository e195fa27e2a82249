//! Files of networks.
//!
//! - Feature `safetensors`: [`save`] and [`load`] weights; [`save_checkpoint`] and [`load_checkpoint`] trainings, and
//!   [`Checkpoints`] along the way; [`Import`] weights that PyTorch or Keras trained.
//! - Feature `onnx`: [`export_onnx`] a network for other programs to run.
//!
//! A file is written beside its place and then moved there: whenever the program or the machine stops, there is the
//! old file or the new one, whole. What a killed program may leave behind is a `.tmp` file.

#[cfg(feature = "safetensors")]
mod checkpoint;
mod error;
#[cfg(feature = "safetensors")]
mod import;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "safetensors")]
mod tensors;
#[cfg(feature = "safetensors")]
mod weights;

use std::path::Path;

#[cfg(feature = "safetensors")]
pub use checkpoint::{Checkpoints, load_checkpoint, save_checkpoint};
pub use error::{Difference, FileError};
#[cfg(feature = "safetensors")]
pub use import::Import;
#[cfg(feature = "onnx")]
pub use onnx::{export_onnx, to_onnx};
#[cfg(feature = "safetensors")]
pub use weights::{from_bytes, load, save, to_bytes};

/// How errors name data that are not in a file.
const BYTES: &str = "the data";

fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    crate::file::write(path, bytes).map_err(|error| FileError::Write { file: path.into(), error })
}
