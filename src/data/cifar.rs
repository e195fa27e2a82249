//! The binary format of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning multiple layers of features from tiny images",
//! 2009).
//!
//! A file is a sequence of records: the label, one byte (CIFAR-100: the superclass and the class), and an image of 32×32
//! pixels as three planes of bytes, red, green and blue, each row by row.

use std::{
    format,
    io::{self, Read},
    path::Path,
    vec,
    vec::Vec,
};

use super::{DataError, file};
use crate::{
    kernel::Element,
    kind::{START, kind},
    layers::Image,
};

/// An image of 32×32 pixels, red, green and blue, in `[0, 1]`.
pub type Picture<T = f32> = Image<32, 32, 3, T>;

/// The images of a file with their labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Cifar<T = f32> {
    /// The images.
    pub x: Vec<Picture<T>>,
    /// The class of each image: 0 to 9, or 0 to 99.
    pub y: Vec<usize>,
    /// The superclass of each image of CIFAR-100, 0 to 19; empty for CIFAR-10.
    pub superclasses: Vec<usize>,
}

/// Reads a file of CIFAR-10, such as `data_batch_1.bin` or `test_batch.bin`. The training set has five files: append the
/// images of one to those of another.
///
/// # Errors
///
/// Returns an error if the file cannot be read, ends within a record, has no images, or has a label above 9.
///
/// ```
/// use shiplap::data::cifar::{self, Cifar};
///
/// # let path = std::env::temp_dir().join(format!("shiplap_cifar_{}", std::process::id()));
/// # std::fs::write(&path, [vec![7], vec![255; 1024], vec![0; 1024], vec![51; 1024]].concat())?;
/// let Cifar { x, y, .. } = cifar::cifar10::<f32>(&path)?;
/// assert_eq!((x[0][31][0], y[0]), ([1.0, 0.0, 0.2], 7));
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cifar10<T: Element>(path: impl AsRef<Path>) -> Result<Cifar<T>, DataError> {
    let path = path.as_ref();
    cifar10_from(file::open(path)?, &file::name(path))
}

/// Like [`cifar10`], from any reader. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`cifar10`].
pub fn cifar10_from<T: Element>(reader: impl Read, name: &str) -> Result<Cifar<T>, DataError> {
    read(reader, name, &[10])
}

/// Reads a file of CIFAR-100, `train.bin` or `test.bin`.
///
/// # Errors
///
/// Returns an error if the file cannot be read, ends within a record, has no images, or has a superclass above 19 or a
/// class above 99.
pub fn cifar100<T: Element>(path: impl AsRef<Path>) -> Result<Cifar<T>, DataError> {
    let path = path.as_ref();
    cifar100_from(file::open(path)?, &file::name(path))
}

/// Like [`cifar100`], from any reader. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`cifar100`].
pub fn cifar100_from<T: Element>(reader: impl Read, name: &str) -> Result<Cifar<T>, DataError> {
    read(reader, name, &[20, 100])
}

/// Pixels of an image, and numbers of a record without its labels.
const PIXELS: usize = 32 * 32;
const NUMBERS: usize = 3 * PIXELS;

/// Reads records that begin with a label below each of `classes`.
fn read<T: Element>(mut reader: impl Read, name: &str, classes: &[usize]) -> Result<Cifar<T>, DataError> {
    let mut cifar = Cifar { x: Vec::new(), y: Vec::new(), superclasses: Vec::new() };
    let mut record = vec![0; classes.len() + NUMBERS];
    let full = T::from_f64(255.0);
    for number in 0.. {
        let length = fill(&mut reader, &mut record).map_err(DataError::io(name))?;
        if length == 0 {
            break;
        }
        let (labels, planes) = record.split_at(classes.len());
        let wrong = labels.iter().zip(classes).find(|&(&label, &classes)| usize::from(label) >= classes);
        // Another kind of file is named rather than its first label.
        if number == 0
            && (wrong.is_some() || length < record.len())
            && let Some(kind) = kind(&record[..length.min(START)])
        {
            return Err(DataError::format(name, format!("{kind}"), "the binary version of a CIFAR data set"));
        }
        if length < record.len() {
            let found = format!("{length} bytes of record {number}");
            return Err(DataError::format(name, found, format!("records of {} bytes", record.len())));
        }
        if let Some((label, classes)) = wrong {
            let found = format!("the label {label} in record {number}");
            return Err(DataError::format(name, found, format!("labels below {classes}")));
        }
        let mut picture = [[[T::zero(); 3]; 32]; 32];
        for (place, pixel) in picture.as_flattened_mut().iter_mut().enumerate() {
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = T::from_f64(f64::from(planes[channel * PIXELS + place])) / full;
            }
        }
        cifar.x.push(picture);
        match *labels {
            [class] => cifar.y.push(class.into()),
            [superclass, class] => {
                cifar.superclasses.push(superclass.into());
                cifar.y.push(class.into());
            }
            _ => {}
        }
    }
    if cifar.x.is_empty() { Err(DataError::Empty { file: name.into() }) } else { Ok(cifar) }
}

/// Reads until the buffer is full or the file ends. Returns the number of bytes.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};

    use super::*;

    /// A record whose values are the number of the byte, modulo 251.
    fn record(labels: &[u8]) -> Vec<u8> {
        [labels, &(0..NUMBERS).map(|number| (number % 251) as u8).collect::<Vec<_>>()].concat()
    }

    #[test]
    fn planes_become_pixels() {
        let file = [record(&[0]), record(&[9])].concat();
        let Cifar { x, y, superclasses } = cifar10_from::<f64>(&file[..], "f").unwrap();
        assert_eq!((x.len(), y, superclasses), (2, vec![0, 9], vec![]));
        for (row, column) in [(0, 0), (0, 31), (17, 3), (31, 31)] {
            let byte = |channel: usize| ((channel * 1024 + row * 32 + column) % 251) as f64 / 255.0;
            assert_eq!(x[1][row][column], [byte(0), byte(1), byte(2)]);
        }
        let fine = cifar100_from::<f32>(&[record(&[19, 99]), record(&[0, 5])].concat()[..], "f").unwrap();
        assert_eq!((fine.y, fine.superclasses), (vec![99, 5], vec![19, 0]));
        assert_eq!(fine.x[0][0][1], [1.0 / 255.0, (1025 % 251) as f32 / 255.0, (2049 % 251) as f32 / 255.0]);
    }

    #[test]
    fn errors_name_the_problem() {
        fn ten(bytes: &[u8]) -> String {
            cifar10_from::<f32>(bytes, "f").unwrap_err().to_string()
        }
        let two = [record(&[0]), record(&[9])].concat();
        assert_eq!(ten(&[]), "f contains no samples");
        assert_eq!(ten(&two[..1]), "f: expected records of 3073 bytes, found 1 bytes of record 0");
        assert_eq!(ten(&two[..6145]), "f: expected records of 3073 bytes, found 3072 bytes of record 1");
        assert_eq!(ten(&[two, record(&[10])].concat()), "f: expected labels below 10, found the label 10 in record 2");
        let hundred = |bytes: &[u8]| cifar100_from::<f32>(bytes, "f").unwrap_err().to_string();
        assert_eq!(hundred(&record(&[20, 0])), "f: expected labels below 20, found the label 20 in record 0");
        assert_eq!(hundred(&record(&[0, 100])), "f: expected labels below 100, found the label 100 in record 0");
        // A file of CIFAR-100 has records of another length.
        assert!(cifar10_from::<f32>(&record(&[3, 7])[..], "f").is_err());
        let pickle = ten(&[b"\x80\x02}q\x01", &[0; 4000][..]].concat());
        assert!(pickle.starts_with("f: expected the binary version of a CIFAR data set, found a Python pickle"));
    }
}
