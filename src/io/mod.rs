//! Saving and loading networks.
//!
//! - Feature `safetensors`: [`save`] and [`load`] weights; [`save_checkpoint`] and [`load_checkpoint`] resume a
//!   training run, and [`Checkpoints`] saves a checkpoint every few epochs; [`Import`] loads weights from PyTorch and
//!   Keras.
//! - Feature `onnx`: [`export_onnx`] exports a network for other runtimes, and [`export_onnx_int8`] an int8 network.
//! - Feature `tflite`: [`export_tflite`] exports an int8 network as a TensorFlow Lite model.
//!
//! Writes are atomic: the data are written to a temporary file in the same folder, which then replaces the target. If
//! the program or the machine stops, the target is either the old file or the complete new one. An existing file keeps
//! its permissions, and a symbolic link stays: its target is replaced. A killed program may leave a `.tmp` file, which
//! the next write to the same path removes.

#[cfg(feature = "safetensors")]
mod checkpoint;
mod error;
#[cfg(feature = "safetensors")]
mod import;
#[cfg(feature = "safetensors")]
mod kinds;
#[cfg(feature = "safetensors")]
mod metadata;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "safetensors")]
mod tensors;
#[cfg(feature = "tflite")]
mod tflite;
#[cfg(feature = "safetensors")]
mod weights;

use std::path::Path;
#[cfg(feature = "safetensors")]
use std::{string::String, vec::Vec};

#[cfg(feature = "safetensors")]
pub use checkpoint::{Checkpoints, checkpoint_from_bytes, checkpoint_to_bytes, load_checkpoint, save_checkpoint};
pub use error::{Difference, FileError};
#[cfg(feature = "safetensors")]
pub use import::Import;
#[cfg(feature = "search")]
pub(crate) use metadata::layers;
#[cfg(feature = "onnx")]
pub use onnx::{export_onnx, export_onnx_int8, to_onnx, to_onnx_int8};
#[cfg(feature = "tflite")]
pub use tflite::{export_tflite, to_tflite};
#[cfg(feature = "safetensors")]
pub use weights::{from_bytes, load, save, to_bytes};

/// The name in error messages of data that are not in a file.
#[cfg(any(feature = "onnx", feature = "safetensors"))]
const BYTES: &str = "the data";

/// Reads a file. Also returns its name for error messages.
#[cfg(feature = "safetensors")]
fn read(path: &Path) -> Result<(String, Vec<u8>), FileError> {
    use std::io::Read as _;

    let failed = |error| FileError::Read { file: path.into(), error };
    let name = std::format!("{}", path.display());
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // A large file of another kind is not read as a whole.
    file.by_ref().take(crate::kind::START as u64).read_to_end(&mut bytes).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    tensors::header_length(&name, &bytes, if metadata.is_file() { metadata.len() } else { u64::MAX })?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok((name, bytes))
}

/// Writes a file atomically.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    crate::file::write(path, bytes).map_err(|error| FileError::Write { file: path.into(), error })
}
