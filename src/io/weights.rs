//! Weights in safetensors files.

use std::{string::ToString, vec::Vec};

use super::{
    BYTES, FileError,
    metadata::{check_layers, metadata},
    read,
    tensors::{Assign, OPTIMIZER, Reader, Writer, expected_tensors},
    write,
};
use crate::layer::{Layer, Path};

/// Saves the weights of `network` to a safetensors file.
///
/// Tensors are named after layer and parameter, such as `1.kernel` or `encoder.bias`. The metadata contain the version
/// of the crate, the layers and their activations. The write is atomic.
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
/// Returns an error if a weight is NaN or infinite, or the file cannot be written. An existing file is then unchanged.
pub fn save<N: Layer>(network: &N, path: impl AsRef<std::path::Path>) -> Result<(), FileError> {
    let path = path.as_ref();
    write(path, &encode(network, &path.display().to_string())?)
}

/// Loads the weights of `network` from a file written by [`save`] or [`save_checkpoint`](super::save_checkpoint).
///
/// `f32` weights convert to `f64` exactly, `f64` weights to the nearest `f32`.
///
/// The file lists the layers of the saved network. The network has to have the same ones, with the same windows, strides
/// and padding, because the weights alone would fit other layers, too. Only differences that do not change the function
/// are accepted: wrappers such as `Frozen`, `Regularized` and `Initialized`; `Dropout` with another rate;
/// the type of the numbers; and the size of the images. A file without such a list, from another program, is not checked.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// #[network(input = Image<8, 8, 1>)]
/// type Saved = (Conv2d<_, 2, 3, Relu>, MaxPool2d<_, 2>, GlobalAveragePool<_>);
/// #[network(input = Image<8, 8, 1>)]
/// type Other = (Conv2d<_, 2, 3, Relu>, AveragePool2d<_, 2>, GlobalAveragePool<_>);
///
/// let bytes = io::to_bytes(&Saved::new(1))?;
/// assert_eq!(
///     io::from_bytes(&mut Other::zeroed(), &bytes).unwrap_err().to_string(),
///     "the data: the layer `1` is MaxPool2d<2> in the file, but AveragePool2d<2> in the network: \
///      use the layers of the file"
/// );
/// # Ok::<(), io::FileError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the file cannot be read or is truncated, if names or shapes of tensors, layers or activations
/// differ from the network's, or if a weight is NaN or infinite. The network is then unchanged.
pub fn load<N: Layer>(network: &mut N, path: impl AsRef<std::path::Path>) -> Result<(), FileError> {
    let (file, bytes) = read(path.as_ref())?;
    decode(network, &file, &bytes)
}

/// Returns the contents of the file that [`save`] writes.
///
/// # Errors
///
/// Returns an error if a weight is NaN or infinite.
pub fn to_bytes<N: Layer>(network: &N) -> Result<Vec<u8>, FileError> {
    encode(network, BYTES)
}

/// Like [`load`], from memory: for weights embedded in the program (`include_bytes!`) or received over a network.
///
/// ```
/// use shiplap::{io, prelude::*};
///
/// let mut layer = Dense::<2, 1, Linear>::zeroed();
/// let bytes = io::to_bytes(&Dense::<2, 3, Linear>::zeroed())?;
/// assert_eq!(
///     io::from_bytes(&mut layer, &bytes).unwrap_err().to_string(),
///     "the data does not fit the network: \
///      `kernel` has shape [2, 3], expected [2, 1]; `bias` has shape [3], expected [1]"
/// );
/// # Ok::<(), io::FileError>(())
/// ```
///
/// # Errors
///
/// Returns the errors of [`load`].
pub fn from_bytes<N: Layer>(network: &mut N, bytes: &[u8]) -> Result<(), FileError> {
    decode(network, BYTES, bytes)
}

fn encode<N: Layer>(network: &N, file: &str) -> Result<Vec<u8>, FileError> {
    let mut writer = Writer::new();
    network.parameters(Path::ROOT, &mut writer);
    writer.check(file)?;
    Ok(writer.finish(metadata::<N>()))
}

fn decode<N: Layer>(network: &mut N, file: &str, bytes: &[u8]) -> Result<(), FileError> {
    let reader = Reader::new(file, bytes)?;
    let expected = expected_tensors(network);
    let values = reader.read(&expected, |name| name.starts_with(OPTIMIZER))?;
    check_layers::<N>(&reader)?;
    reader.check(&expected, &values)?;
    N::parameters_mut([network], Path::ROOT, &mut Assign::all(values.into_iter()));
    Ok(())
}
