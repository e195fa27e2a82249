//! Saving and loading networks.
//!
//! - Feature `safetensors`: [`save`] and [`load`] weights; [`save_checkpoint`] and [`load_checkpoint`] resume a
//!   training run, and [`Checkpoints`] saves a checkpoint every few epochs; [`Import`] loads weights from PyTorch and
//!   Keras.
//! - Feature `onnx`: [`export_onnx`] exports a network for other runtimes.
//!
//! Writes are atomic: the data are written to a temporary file in the same folder, which then replaces the target. If
//! the program or the machine stops, the target is either the old file or the complete new one. A killed program may
//! leave a `.tmp` file.

#[cfg(feature = "safetensors")]
mod checkpoint;
mod error;
#[cfg(feature = "safetensors")]
mod import;
#[cfg(feature = "safetensors")]
mod metadata;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "safetensors")]
mod tensors;
#[cfg(feature = "safetensors")]
mod weights;

use std::path::Path;
#[cfg(feature = "safetensors")]
use std::{string::String, vec::Vec};

#[cfg(feature = "safetensors")]
pub use checkpoint::{Checkpoints, load_checkpoint, save_checkpoint};
pub use error::{Difference, FileError};
#[cfg(feature = "safetensors")]
pub use import::Import;
#[cfg(feature = "onnx")]
pub use onnx::{export_onnx, to_onnx};
#[cfg(feature = "safetensors")]
pub use weights::{from_bytes, load, save, to_bytes};

/// The name in error messages of data that are not in a file.
const BYTES: &str = "the data";

/// Reads a file. Also returns its name for error messages.
#[cfg(feature = "safetensors")]
fn read(path: &Path) -> Result<(String, Vec<u8>), FileError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok((std::format!("{}", path.display()), bytes)),
        Err(error) => Err(FileError::Read { file: path.into(), error }),
    }
}

/// Writes a file atomically.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    crate::file::write(path, bytes).map_err(|error| FileError::Write { file: path.into(), error })
}
