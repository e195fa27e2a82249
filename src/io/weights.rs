//! Weights in safetensors files.

use core::fmt::Write;
use std::{
    collections::BTreeMap,
    fs,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    BYTES, FileError,
    checkpoint::OPTIMIZER,
    tensors::{Put, Reader, Writer, wanted},
    write,
};
use crate::layer::{Layer, Path};

/// Writes the weights of `network` to a safetensors file: each under the name of its layer and its own, `1.kernel`,
/// `encoder.bias`, and with them the crate's version, the layers, and their activations.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// type Net = (Dense<2, 8, Relu>, Dense<8, 1, Sigmoid>);
/// let network: Net = Network::new(7);
/// let path = std::env::temp_dir().join("shiplap.example.safetensors");
/// io::save(&network, &path)?;
///
/// let mut loaded = Net::zeroed();
/// io::load(&mut loaded, &path)?;
/// assert_eq!(loaded.predict(&[0.5, -1.0]), network.predict(&[0.5, -1.0]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), io::FileError>(())
/// ```
///
/// # Errors
///
/// When a weight is NaN or infinite, or the file cannot be written. An older file of that name is then as it was.
pub fn save<N: Layer>(network: &N, path: impl AsRef<std::path::Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    write(path, &encode(network, &path.display().to_string())?)
}

/// Gives `network` the weights of a safetensors file that [`save`] or [`save_checkpoint`](super::save_checkpoint) wrote.
///
/// Numbers of the other width are converted: to `f64` exactly, to `f32` by rounding to the nearest.
///
/// # Errors
///
/// When the file cannot be read or is not whole, when names or shapes of its tensors are not those of the network, when
/// its activations are not, or when a weight is NaN or infinite. The network is then as it was.
pub fn load<N: Layer>(network: &mut N, path: impl AsRef<std::path::Path>) -> Result<(), FileError> {
    let (file, bytes) = read(path.as_ref())?;
    decode(network, &file, &bytes)
}

/// What [`save`] would write.
///
/// # Errors
///
/// When a weight is NaN or infinite.
pub fn to_bytes<N: Layer>(network: &N) -> Result<Vec<u8>, FileError> {
    encode(network, BYTES)
}

/// Like [`load`], from memory: for weights that come with the program (`include_bytes!`) or over a network.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// let mut layer = Dense::<2, 1, Linear>::zeroed();
/// let bytes = io::to_bytes(&Dense::<2, 3, Linear>::zeroed())?;
/// assert_eq!(
///     io::from_bytes(&mut layer, &bytes).unwrap_err().to_string(),
///     "the data does not fit the network: \
///      `kernel` is [2, 3], and should be [2, 1]; `bias` is [3], and should be [1]"
/// );
/// # Ok::<(), io::FileError>(())
/// ```
///
/// # Errors
///
/// Those of [`load`].
pub fn from_bytes<N: Layer>(network: &mut N, bytes: &[u8]) -> Result<(), FileError> {
    decode(network, BYTES, bytes)
}

/// The name of the file, for errors, and what is in it.
pub(super) fn read(path: &std::path::Path) -> Result<(String, Vec<u8>), FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok((path.display().to_string(), bytes)),
        Err(error) => Err(FileError::Read { file: path.into(), error }),
    }
}

fn encode<N: Layer>(network: &N, file: &str) -> Result<Vec<u8>, FileError> {
    let mut writer = Writer::new();
    network.parameters(Path::ROOT, &mut writer);
    finite(&writer, file)?;
    Ok(writer.finish(notes::<N>()))
}

/// An error if a number that the writer has been shown is NaN or infinite.
pub(super) fn finite(writer: &Writer, file: &str) -> Result<(), FileError> {
    match &writer.not_finite {
        None => Ok(()),
        Some((tensor, index)) => Err(FileError::NotFinite { file: file.into(), tensor: tensor.clone(), index: *index }),
    }
}

fn decode<N: Layer>(network: &mut N, file: &str, bytes: &[u8]) -> Result<(), FileError> {
    let reader = Reader::new(file, bytes)?;
    let wanted = wanted(network);
    let values = reader.read(&wanted, |name| name.starts_with(OPTIMIZER))?;
    same_activations::<N>(&reader)?;
    reader.all_finite(&wanted, &values)?;
    N::parameters_mut([network], Path::ROOT, &mut Put::all(values.into_iter()));
    Ok(())
}

const ACTIVATIONS: &str = "activations";

/// What is written beside the weights.
pub(super) fn notes<N: Layer>() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("shiplap", env!("CARGO_PKG_VERSION").into()),
        ("network", description::<N>()),
        (ACTIVATIONS, activations::<N>()),
    ])
}

/// `0: Dense<10, 10, Relu>, 1: Dense<10, 1, Sigmoid>`
fn description<N: Layer>() -> String {
    let mut text = String::new();
    N::describe(Path::ROOT, &mut |line| {
        let (comma, path) = (if text.is_empty() { "" } else { ", " }, line.path.to_string());
        let colon = if path.is_empty() { "" } else { ": " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{path}{colon}{}", line.kind);
    });
    text
}

/// An error if the file says that its activations are not those of the network.
pub(super) fn same_activations<N: Layer>(reader: &Reader<'_>) -> Result<(), FileError> {
    let own = activations::<N>();
    match reader.note(ACTIVATIONS) {
        Some(saved) if saved != own => {
            Err(FileError::Activations { file: reader.file.into(), saved: saved.into(), network: own })
        }
        _ => Ok(()),
    }
}

/// `Relu, Sigmoid`: what tensors do not tell, and a network depends on.
fn activations<N: Layer>() -> String {
    N::OUTLINE.activations().collect::<Vec<_>>().join(", ")
}
