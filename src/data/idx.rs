//! IDX files, as MNIST and its family come in (Y. LeCun, "The MNIST database of handwritten digits"): two zero bytes,
//! the type of the numbers, how many axes there are, the extent of each, and the numbers, high byte first.

use std::{
    format,
    io::{self, Read},
    path::Path,
    string::String,
    vec,
    vec::Vec,
};

use super::{DataError, file};
use crate::{Tensor, kernel::Element};

/// Reads pictures of bytes, each number from 0 to 1 (a byte over 255).
///
/// `X` is a picture in rows, or its pixels one after another.
///
/// # Errors
///
/// When the file cannot be read, is no IDX file of bytes, or the pictures have not as many pixels as `X`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("shiplap_images_{}", std::process::id()));
/// # std::fs::write(&path, [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 255, 51, 102])?;
/// // One picture of 2 by 2.
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

/// Like [`images`], from anything; errors call it `name`.
///
/// # Errors
///
/// Those of [`images`].
pub fn images_from<X: Tensor>(reader: impl Read, name: &str) -> Result<Vec<X>, DataError> {
    let (mut row, full) = (vec![0; X::LEN], X::Element::from_f64(255.0));
    samples(reader, name, &mut row, |pixels| {
        let mut image = X::zeroed();
        for (value, &pixel) in X::flat_mut(core::slice::from_mut(&mut image)).iter_mut().zip(pixels) {
            *value = X::Element::from_f64(f64::from(pixel)) / full;
        }
        image
    })
}

/// Reads labels: class numbers of a byte each.
///
/// # Errors
///
/// When the file cannot be read, or is no IDX file of single bytes.
pub fn labels(path: impl AsRef<Path>) -> Result<Vec<usize>, DataError> {
    let path = path.as_ref();
    labels_from(file::open(path)?, &file::name(path))
}

/// Like [`labels`], from anything; errors call it `name`.
///
/// # Errors
///
/// Those of [`labels`].
pub fn labels_from(reader: impl Read, name: &str) -> Result<Vec<usize>, DataError> {
    samples(reader, name, &mut [0], |label| usize::from(label[0]))
}

/// Reads samples one by one: what is kept grows with what is there, not with what the header says.
fn samples<S>(
    mut reader: impl Read,
    name: &str,
    row: &mut [u8],
    sample: impl Fn(&[u8]) -> S,
) -> Result<Vec<S>, DataError> {
    let cut_off = |what: String| {
        move |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DataError::format(name, "the end of the file", what.clone()),
            _ => DataError::Io { file: name.into(), error },
        }
    };
    let mut word = || -> Result<[u8; 4], DataError> {
        let mut word = [0; 4];
        reader.read_exact(&mut word).map_err(cut_off("the rest of the header of an IDX file".into()))?;
        Ok(word)
    };
    let [zero, nought, kind, axes] = word()?;
    if [zero, nought] != [0, 0] || axes == 0 {
        let found = format!("a file that starts with {:02x?}", [zero, nought, kind, axes]);
        return Err(DataError::format(
            name,
            found,
            "an IDX file, which starts with 00 00, a type and a number of axes,",
        ));
    }
    if kind != BYTE {
        return Err(DataError::format(name, format!("numbers of type {kind:#04x}"), "bytes, type 0x08"));
    }
    let count = u32::from_be_bytes(word()?);
    let extents = (1..axes).map(|_| word().map(u32::from_be_bytes)).collect::<Result<Vec<u32>, _>>()?;
    let length = extents.iter().try_fold(1usize, |length, &extent| length.checked_mul(extent as usize));
    if length != Some(row.len()) || row.is_empty() {
        let found = format!("samples of shape {extents:?}");
        return Err(DataError::format(name, found, DataError::samples_of(row.len())));
    }
    let mut samples = Vec::new();
    for number in 0..count {
        reader.read_exact(row).map_err(cut_off(format!("sample {number} of {count}")))?;
        samples.push(sample(row));
    }
    match reader.read(&mut [0]).map_err(DataError::io(name))? {
        _ if samples.is_empty() => Err(DataError::Empty { file: name.into() }),
        0 => Ok(samples),
        _ => Err(DataError::format(name, format!("more than {count} samples"), "the end of the file")),
    }
}

/// The type of unsigned bytes.
const BYTE: u8 = 8;

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    const TWO: [u8; 24] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 0];

    #[test]
    fn pictures_in_rows_or_flat() {
        let images: Vec<[[f32; 2]; 2]> = images_from(&TWO[..], "two").unwrap();
        assert_eq!(images[0], [[0.0, 0.2], [0.4, 0.6]]);
        let flat: Vec<[f64; 4]> = images_from(&TWO[..], "two").unwrap();
        assert_eq!(flat[1], [0.8, 1.0, 0.0, 0.0]);
        assert_eq!(labels_from(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1][..], "labels").unwrap(), [7, 2, 1]);
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |bytes: &[u8]| images_from::<[f32; 4]>(bytes, "f").unwrap_err().to_string();
        assert_eq!(error(&TWO[..23]), "f: the end of the file, where sample 1 of 2 should be");
        assert_eq!(error(&[&TWO[..], &[0]].concat()), "f: more than 2 samples, where the end of the file should be");
        assert_eq!(
            error(b"P5 28"),
            "f: a file that starts with [50, 35, 20, 32], where an IDX file, which starts with 00 00, a type and a number of axes, should be"
        );
        assert_eq!(
            images_from::<[f32; 9]>(&TWO[..], "f").unwrap_err().to_string(),
            "f: samples of shape [2, 2], where samples of 9 numbers should be"
        );
        assert_eq!(
            labels_from(&TWO[..], "f").unwrap_err().to_string(),
            "f: samples of shape [2, 2], where one number for each sample should be"
        );
        // Four billion samples, says the header: nothing is set aside for them.
        let huge = [0, 0, 8, 1, 255, 255, 255, 255, 1, 2];
        assert_eq!(
            labels_from(&huge[..], "f").unwrap_err().to_string(),
            "f: the end of the file, where sample 2 of 4294967295 should be"
        );
    }
}
