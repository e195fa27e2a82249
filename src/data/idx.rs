//! The IDX format of MNIST and related data sets (Y. LeCun, "The MNIST database of handwritten digits").
//!
//! A file consists of two zero bytes, the type of the elements, the number of dimensions, the size of each dimension
//! and the elements. All numbers are big-endian.

use std::{
    format,
    io::{self, Read},
    path::Path,
    string::String,
    vec,
    vec::Vec,
};

use super::{DataError, checks::check_shape, file};
use crate::{
    Tensor,
    kernel::Element,
    kind::{START, kind},
    short::short,
};

/// Reads images with 8 bits per pixel and scales the pixels from `0..=255` to `[0, 1]`.
///
/// `X` is one image: nested arrays (`[[f32; WIDTH]; HEIGHT]`, or an `Image` of one channel) or a flat array of all pixels,
/// row by row. If it has as many axes as the images of the file, their lengths are the same.
///
/// # Errors
///
/// Returns an error if the file cannot be read, is not an IDX file of bytes, contains more or fewer samples than its
/// header states or none at all, or if the size of the images differs from that of `X`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("shiplap_images_{}", std::process::id()));
/// # std::fs::write(&path, [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51, 102])?;
/// // One image of 2×2 pixels.
/// let images: Vec<[f32; 4]> = shiplap::data::idx::images(&path)?;
/// assert_eq!(images, [[0.0, 1.0, 0.2, 0.4]]);
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
pub fn images<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    let path = path.as_ref();
    images_from(file::open(path)?, &file::name(path))
}

/// Like [`images`], from any reader. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`images`].
pub fn images_from<X: Tensor>(reader: impl Read, name: &str) -> Result<Vec<X>, DataError> {
    let full = X::Element::from_f64(255.0);
    samples::<X, _>(reader, name, |pixels| {
        let mut image = X::zeroed_on_stack();
        for (value, &pixel) in X::flat_mut(core::slice::from_mut(&mut image)).iter_mut().zip(pixels) {
            *value = X::Element::from_f64(f64::from(pixel)) / full;
        }
        image
    })
}

/// Reads labels: one byte per sample, the class index.
///
/// # Errors
///
/// Returns an error if the file cannot be read, is not an IDX file with one byte per sample, or contains more or fewer
/// samples than its header states or none at all.
pub fn labels(path: impl AsRef<Path>) -> Result<Vec<usize>, DataError> {
    let path = path.as_ref();
    labels_from(file::open(path)?, &file::name(path))
}

/// Like [`labels`], from any reader. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`labels`].
pub fn labels_from(reader: impl Read, name: &str) -> Result<Vec<usize>, DataError> {
    samples::<f32, _>(reader, name, |label| usize::from(label[0]))
}

/// Reads the samples one by one, each with the bytes of an `X`.
///
/// The vector grows as samples are read, so that a forged header does not allocate memory for samples that do not
/// exist.
fn samples<X: Tensor, S>(mut reader: impl Read, name: &str, sample: impl Fn(&[u8]) -> S) -> Result<Vec<S>, DataError> {
    let truncated = |expected: String| {
        move |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DataError::format(name, "the end of the file", expected.clone()),
            _ => DataError::Io { file: name.into(), error },
        }
    };
    let mut word = || -> Result<[u8; 4], DataError> {
        let mut word = [0; 4];
        reader.read_exact(&mut word).map_err(truncated("the rest of an IDX header".into()))?;
        Ok(word)
    };
    let magic = word()?;
    let [zero, also_zero, element, dimensions] = magic;
    if [zero, also_zero] != [0, 0] || dimensions == 0 {
        let mut start = magic.to_vec();
        reader.take(START as u64).read_to_end(&mut start).map_err(DataError::io(name))?;
        let found = kind(&start).map_or(format!("a file that starts with {magic:02x?}"), |kind| format!("{kind}"));
        let expected = "an IDX file, which starts with 00 00, the element type and the number of dimensions";
        return Err(DataError::format(name, found, expected));
    }
    if element != UNSIGNED_BYTE {
        let found = format!("elements of type {element:#04x}");
        return Err(DataError::format(name, found, "unsigned bytes, type 0x08"));
    }
    let count = u32::from_be_bytes(word()?);
    let shape = (1..dimensions).map(|_| word().map(u32::from_be_bytes)).collect::<Result<Vec<u32>, _>>()?;
    let shape: Vec<usize> = shape.into_iter().map(|size| size as usize).collect();
    if let Err(expected) = check_shape::<X>(&shape) {
        let found = format!("samples of shape {}", short(format_args!("{shape:?}")));
        return Err(DataError::format(name, found, expected));
    }
    let (mut samples, row) = (Vec::new(), &mut vec![0; X::LEN][..]);
    for number in 0..count {
        reader.read_exact(row).map_err(truncated(format!("sample {number} of {count}")))?;
        samples.push(sample(row));
    }
    match reader.read(&mut [0]).map_err(DataError::io(name))? {
        _ if samples.is_empty() => Err(DataError::Empty { file: name.into() }),
        0 => Ok(samples),
        _ => Err(DataError::format(name, format!("more than {count} samples"), "the end of the file")),
    }
}

/// The element type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 8;

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    const TWO: [u8; 24] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 0];

    #[test]
    fn images_are_nested_or_flat() {
        let images: Vec<[[f32; 2]; 2]> = images_from(&TWO[..], "two").unwrap();
        assert_eq!(images[0], [[0.0, 0.2], [0.4, 0.6]]);
        let flat: Vec<[f64; 4]> = images_from(&TWO[..], "two").unwrap();
        assert_eq!(flat[1], [0.8, 1.0, 0.0, 0.0]);
        assert_eq!(labels_from(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1][..], "labels").unwrap(), [7, 2, 1]);
    }

    #[test]
    fn errors_name_the_problem() {
        let error = |bytes: &[u8]| images_from::<[f32; 4]>(bytes, "f").unwrap_err().to_string();
        assert_eq!(error(&TWO[..23]), "f: expected sample 1 of 2, found the end of the file");
        assert_eq!(error(&[&TWO[..], &[0]].concat()), "f: expected the end of the file, found more than 2 samples");
        assert_eq!(
            error(b"P5 28"),
            "f: expected an IDX file, which starts with 00 00, the element type and the number of dimensions, \
             found a file that starts with [50, 35, 20, 32]"
        );
        assert_eq!(
            images_from::<[f32; 9]>(&TWO[..], "f").unwrap_err().to_string(),
            "f: expected samples of 9 numbers, found samples of shape [2, 2]"
        );
        assert_eq!(
            labels_from(&TWO[..], "f").unwrap_err().to_string(),
            "f: expected one number per sample, found samples of shape [2, 2]"
        );
        // The header claims four billion samples.
        let huge = [0, 0, 8, 1, 255, 255, 255, 255, 1, 2];
        assert_eq!(
            labels_from(&huge[..], "f").unwrap_err().to_string(),
            "f: expected sample 2 of 4294967295, found the end of the file"
        );
    }
}
