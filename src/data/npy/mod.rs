//! NumPy's file formats: NPY contains one array, NPZ several named arrays.
//!
//! ```
//! use shiplap::data::npy::{self, Npz};
//!
//! # let path = std::env::temp_dir().join(format!("shiplap_npz_{}.npz", std::process::id()));
//! let (x, y) = ([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]], [1usize, 0]);
//! Npz::new().with("x", &x).with_labels("y", &y).write(&path)?; // np.savez("data.npz", x=x, y=y)
//!
//! let file = Npz::open(&path)?; // np.load("data.npz")
//! let x: Vec<[f32; 3]> = file.read("x")?;
//! let y: Vec<usize> = file.labels("y")?;
//! assert_eq!((x[1], y[1]), ([4.0, 5.0, 6.0], 0));
//! # std::fs::remove_file(path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod element;
mod header;
mod npz;

use std::{format, io::Read, path::Path, vec, vec::Vec};

use self::{array::Array, header::encode};
use super::{DataError, checks::class_index, file};
use crate::{Tensor, kernel::Element};

pub use npz::Npz;

/// Reads an array of samples. The first axis counts the samples. If there are as many other axes as `X` has, their
/// lengths are those of `X`: images are in the order of Keras, `[samples, height, width, channels]`. With another number
/// of axes, such as that of flat rows, the numbers of a sample are those of `X` in row-major order.
///
/// The array may contain `f4`, `f8`, integers of up to 64 bits or booleans. NaN and infinities are preserved.
///
/// # Errors
///
/// Returns an error if the file cannot be read or is not an NPY file of such numbers, if there are no samples, if the
/// shape of a sample does not match that of `X`, or if a number is too large for the element type of `X`.
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    let path = path.as_ref();
    samples(file::open(path)?, &file::name(path))
}

/// Like [`read`], from the contents of a file. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`read`].
pub fn read_from<X: Tensor>(bytes: &[u8], name: &str) -> Result<Vec<X>, DataError> {
    samples(bytes, name)
}

fn samples<X: Tensor>(reader: impl Read, name: &str) -> Result<Vec<X>, DataError> {
    let array = Array::read::<X>(reader, name)?;
    let mut x = vec![X::zeroed_on_stack(); array.samples()];
    let flat = X::flat_mut(&mut x);
    let mut overflow = None;
    array.for_each(|index, number| {
        flat[index] = X::Element::from_f64(number);
        if number.is_finite() && !flat[index].is_finite() {
            overflow.get_or_insert((index, number));
        }
    });
    match overflow {
        Some((index, number)) => {
            let found = format!("{number:e} in sample {}", index / X::LEN);
            Err(DataError::format(name, found, "numbers in the range of `f32`"))
        }
        None => Ok(x),
    }
}

/// Reads class indices from an array of shape `[samples]` or `[samples, 1]`.
///
/// # Errors
///
/// Returns an error if the file cannot be read or is not an NPY file of numbers, if there are no labels, or if a number
/// is negative, not an integer, or not below 2⁵³.
pub fn labels(path: impl AsRef<Path>) -> Result<Vec<usize>, DataError> {
    let path = path.as_ref();
    classes(file::open(path)?, &file::name(path))
}

/// Like [`labels`], from the contents of a file. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`labels`].
pub fn labels_from(bytes: &[u8], name: &str) -> Result<Vec<usize>, DataError> {
    classes(bytes, name)
}

fn classes(reader: impl Read, name: &str) -> Result<Vec<usize>, DataError> {
    let array = Array::read::<f64>(reader, name)?;
    let mut labels = vec![0; array.samples()];
    let mut invalid = None;
    array.for_each(|index, number| match class_index(number) {
        Some(class) => labels[index] = class,
        None => {
            invalid.get_or_insert((index, number));
        }
    });
    match invalid {
        Some((index, number)) => {
            Err(DataError::format(name, format!("the label {number} of sample {index}"), "class indices"))
        }
        None => Ok(labels),
    }
}

/// Writes samples as an array whose first axis counts them. The write is atomic.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub fn write<X: Tensor>(path: impl AsRef<Path>, samples: &[X]) -> Result<(), DataError> {
    file::write(path.as_ref(), &encode_samples(samples))
}

/// Writes class indices as an array of 64-bit integers. The write is atomic.
///
/// # Errors
///
/// Returns an error if a class index is not below 2⁵³, because [`labels`] could not read it, or if the file cannot be
/// written.
pub fn write_labels(path: impl AsRef<Path>, labels: &[usize]) -> Result<(), DataError> {
    let path = path.as_ref();
    file::write(path, &encode_labels(labels).map_err(|label| label.error(&file::name(path)))?)
}

fn encode_samples<X: Tensor>(samples: &[X]) -> Vec<u8> {
    let mut shape = vec![samples.len()];
    shape.extend(X::axes());
    let numbers = X::flat(samples).iter().map(|number| number.to_f64());
    let (descr, body): (_, Vec<u8>) = match size_of::<X::Element>() {
        4 => ("<f4", numbers.flat_map(|number| (number as f32).to_le_bytes()).collect()),
        _ => ("<f8", numbers.flat_map(f64::to_le_bytes).collect()),
    };
    [encode(descr, &shape), body].concat()
}

fn encode_labels(labels: &[usize]) -> Result<Vec<u8>, TooLarge> {
    if let Some(sample) = labels.iter().position(|&label| class_index(label as f64) != Some(label)) {
        return Err(TooLarge { sample, label: labels[sample] });
    }
    let body: Vec<u8> = labels.iter().flat_map(|&label| (label as i64).to_le_bytes()).collect();
    Ok([encode("<i8", &[labels.len()]), body].concat())
}

/// A class index that may be rounded to another one when it is read.
#[derive(Clone, Copy, Debug)]
struct TooLarge {
    sample: usize,
    label: usize,
}

impl TooLarge {
    fn error(self, file: &str) -> DataError {
        let Self { sample, label } = self;
        DataError::format(file, format!("the label {label} of sample {sample}"), "class indices below 2^53")
    }
}
