//! NumPy's files: NPY holds an array, NPZ several with names.
//!
//! ```
//! use shiplap::data::npy::{self, Npz};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("data.npz");
//! let (x, y) = ([[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]], [1usize, 0]);
//! Npz::new().with("x", &x).with_labels("y", &y).write(&path)?; // np.savez("data.npz", x=x, y=y)
//!
//! let file = Npz::open(&path)?; // np.load("data.npz")
//! let x: Vec<[f32; 3]> = file.read("x")?;
//! let y: Vec<usize> = file.labels("y")?;
//! assert_eq!((x[1], y[1]), ([4.0, 5.0, 6.0], 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    collections::BTreeMap,
    format,
    io::{Cursor, Read, Write},
    path::Path,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use npyz::{NpyFile, NpyHeader, Order, WriterBuilder};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{DataError, file};
use crate::{Tensor, kernel::Element};

/// Reads the samples of an array whose first axis counts them. The others may be in any shape that has as many numbers
/// as `X`; the numbers may be of any type but complex and half.
///
/// # Errors
///
/// When the file cannot be read, is no NPY file of numbers, the samples have not as many numbers as `X`, or a number is too
/// large for its type. NaN and infinities are read as they are.
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    let path = path.as_ref();
    read_from(&bytes(path)?, &file::name(path))
}

/// Like [`read`], from the content of a file; errors call it `name`.
///
/// # Errors
///
/// Those of [`read`].
pub fn read_from<X: Tensor>(bytes: &[u8], name: &str) -> Result<Vec<X>, DataError> {
    let array = Array::new(bytes, name)?;
    let samples = array.samples(X::LEN)?;
    let mut x = vec![X::zeroed(); samples];
    let flat = X::flat_mut(&mut x);
    let mut wrong = None;
    array.each_number(|place, number| {
        flat[place] = X::Element::from_f64(number);
        if number.is_finite() && !flat[place].is_finite() {
            wrong.get_or_insert((place, number));
        }
    })?;
    match wrong {
        Some((place, number)) => {
            let found = format!("{number:e} in sample {}", place / X::LEN);
            Err(DataError::format(name, found, "a number that an `f32` can hold"))
        }
        None => Ok(x),
    }
}

/// Reads class numbers: an array of whole numbers with one axis, or a second of extent 1.
///
/// # Errors
///
/// When the file cannot be read, is no NPY file of numbers, or one is negative or not whole.
pub fn labels(path: impl AsRef<Path>) -> Result<Vec<usize>, DataError> {
    let path = path.as_ref();
    labels_from(&bytes(path)?, &file::name(path))
}

/// Like [`labels`], from the content of a file; errors call it `name`.
///
/// # Errors
///
/// Those of [`labels`].
pub fn labels_from(bytes: &[u8], name: &str) -> Result<Vec<usize>, DataError> {
    let array = Array::new(bytes, name)?;
    let mut labels = vec![0; array.samples(1)?];
    let mut wrong = None;
    array.each_number(|place, number| {
        labels[place] = number as usize;
        if labels[place] as f64 != number || number > EXACT {
            wrong.get_or_insert((place, number));
        }
    })?;
    match wrong {
        Some((place, number)) => Err(DataError::format(name, format!("label {place} is {number}"), "a class number")),
        None => Ok(labels),
    }
}

/// Up to here each integer is an `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes samples as an array whose first axis counts them: all of the file, or nothing.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write<X: Tensor>(path: impl AsRef<Path>, samples: &[X]) -> Result<(), DataError> {
    file::write(path.as_ref(), &encode(samples))
}

/// Writes class numbers as an array of 64-bit integers: all of the file, or nothing.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_labels(path: impl AsRef<Path>, labels: &[usize]) -> Result<(), DataError> {
    file::write(path.as_ref(), &encode_labels(labels))
}

/// Arrays with names, as in an NPZ file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Npz {
    file: String,
    /// Each array as an NPY file.
    arrays: BTreeMap<String, Vec<u8>>,
}

impl Npz {
    /// Without arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file, compressed (`np.savez_compressed`) or not.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no NPZ file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        Self::from_bytes(bytes(path)?, &file::name(path))
    }

    /// Like [`open`](Self::open), from the content of a file; errors call it `name`.
    ///
    /// # Errors
    ///
    /// When it is no NPZ file.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, DataError> {
        let wrong = |error: &dyn core::error::Error| DataError::format(name, error.to_string(), "an NPZ file");
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong(&error))?;
        let mut arrays = BTreeMap::new();
        for number in 0..archive.len() {
            let mut entry = archive.by_index(number).map_err(|error| wrong(&error))?;
            let path = entry.name().map_err(|error| wrong(&error))?.into_owned();
            let Some(array) = npyz::npz::array_name_from_file_name(&path) else { continue };
            // It grows with what is there, not with the size that the archive states.
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| wrong(&error))?;
            arrays.insert(array.into(), content);
        }
        Ok(Self { file: name.into(), arrays })
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// The samples of an array, as [`read`] gives them.
    ///
    /// # Errors
    ///
    /// When there is no array of this name, or [`read`] would fail.
    pub fn read<X: Tensor>(&self, name: &str) -> Result<Vec<X>, DataError> {
        let (bytes, place) = self.array(name)?;
        read_from(bytes, &place)
    }

    /// The class numbers of an array, as [`labels`] gives them.
    ///
    /// # Errors
    ///
    /// When there is no array of this name, or [`labels`] would fail.
    pub fn labels(&self, name: &str) -> Result<Vec<usize>, DataError> {
        let (bytes, place) = self.array(name)?;
        labels_from(bytes, &place)
    }

    fn array(&self, name: &str) -> Result<(&[u8], String), DataError> {
        match self.arrays.get(name) {
            Some(bytes) => Ok((bytes, format!("{}, array `{name}`", self.file))),
            None => {
                let found = self.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(DataError::format(&self.file, format!("the arrays {found}"), format!("an array `{name}`")))
            }
        }
    }

    /// And these samples.
    #[must_use]
    pub fn with<X: Tensor>(mut self, name: &str, samples: &[X]) -> Self {
        self.arrays.insert(name.into(), encode(samples));
        self
    }

    /// And these class numbers.
    #[must_use]
    pub fn with_labels(mut self, name: &str, labels: &[usize]) -> Self {
        self.arrays.insert(name.into(), encode_labels(labels));
        self
    }

    /// Writes a file, not compressed: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        let path = path.as_ref();
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut pack = || {
            for (name, array) in &self.arrays {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .large_file(u32::try_from(array.len()).is_err());
                archive.start_file(npyz::npz::file_name_from_array_name(name), options)?;
                archive.write_all(array)?;
            }
            Ok(())
        };
        let packed = pack().and_then(|()| archive.finish());
        let packed = packed.map_err(|error| DataError::io(&file::name(path))(error.into()))?;
        file::write(path, &packed.into_inner())
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    file::open(path)?.read_to_end(&mut bytes).map_err(DataError::io(&file::name(path)))?;
    Ok(bytes)
}

/// An NPY file that was found sound: as long as its header says.
struct Array<'a> {
    header: NpyHeader,
    body: &'a [u8],
    name: &'a str,
}

impl<'a> Array<'a> {
    fn new(bytes: &'a [u8], name: &'a str) -> Result<Self, DataError> {
        let text = header_text(bytes, name)?;
        if !is_plain(text) {
            let found = format!("the header {}", String::from_utf8_lossy(&text[..text.len().min(200)]).trim());
            return Err(DataError::format(name, found, "an array of numbers that fits into memory"));
        }
        let mut body = bytes;
        let header = NpyHeader::from_reader(&mut body)
            .map_err(|error| DataError::format(name, error.to_string(), "an NPY file"))?;
        let numbers: u64 = header.shape().iter().product();
        let size = header.dtype().num_bytes().map(|size| size as u64);
        let length = size.and_then(|size| numbers.checked_mul(size));
        if length != Some(body.len() as u64) {
            let found = format!("{} bytes after the header", body.len());
            let numbers = format!("an array of shape {:?} and type {}", header.shape(), header.dtype().descr());
            let expected = length.map_or(numbers.clone(), |length| format!("the {length} of {numbers}"));
            return Err(DataError::format(name, found, expected));
        }
        Ok(Self { header, body, name })
    }

    /// How many samples of `length` numbers there are.
    fn samples(&self, length: usize) -> Result<usize, DataError> {
        let shape = self.header.shape();
        let there = shape.iter().skip(1).product::<u64>();
        let [samples, ..] = shape else { return Err(DataError::format(self.name, "a single number", "an array")) };
        if there != length as u64 || length == 0 {
            let found = format!("an array of shape {shape:?}");
            return Err(DataError::format(self.name, found, DataError::samples_of(length)));
        }
        if *samples == 0 { Err(DataError::Empty { file: self.name.into() }) } else { Ok(*samples as usize) }
    }

    /// Gives each number with its place, the last axis fastest.
    fn each_number(&self, mut take: impl FnMut(usize, f64)) -> Result<(), DataError> {
        let mut places = Places::new(&self.header);
        macro_rules! of_type {
            ($($number:ty)*) => {
                $(if let Ok(numbers) = NpyFile::with_header(self.header.clone(), self.body).data::<$number>() {
                    for number in numbers {
                        take(places.next(), number.map_err(DataError::io(self.name))? as f64);
                    }
                    return Ok(());
                })*
            };
        }
        of_type!(f32 f64 u8 i8 u16 i16 u32 i32 u64 i64);
        if let Ok(numbers) = NpyFile::with_header(self.header.clone(), self.body).data::<bool>() {
            for number in numbers {
                take(places.next(), f64::from(u8::from(number.map_err(DataError::io(self.name))?)));
            }
            return Ok(());
        }
        let found = format!("numbers of type {}", self.header.dtype().descr());
        Err(DataError::format(self.name, found, "floats of 4 or 8 bytes, integers or truth values"))
    }
}

/// Where the numbers of a file belong, one after another.
struct Places {
    /// The extent of each axis, how far apart its neighbours lie, and where it is; the fastest of the file first.
    axes: Vec<(usize, usize, usize)>,
}

impl Places {
    fn new(header: &NpyHeader) -> Self {
        let mut stride = 1;
        let mut axes = Vec::new();
        for &extent in header.shape().iter().rev() {
            axes.push((extent as usize, stride, 0));
            stride *= extent as usize;
        }
        if header.order() == Order::Fortran {
            axes.reverse();
        }
        Self { axes }
    }

    fn next(&mut self) -> usize {
        let place = self.axes.iter().map(|(_, stride, at)| stride * at).sum();
        for (extent, _, at) in &mut self.axes {
            *at += 1;
            if at < extent {
                break;
            }
            *at = 0;
        }
        place
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// The header of an NPY file, a Python dictionary.
fn header_text<'a>(bytes: &'a [u8], name: &str) -> Result<&'a [u8], DataError> {
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        let found = format!("a file that starts with {:02x?}", &bytes[..bytes.len().min(MAGIC.len())]);
        return Err(DataError::format(name, found, format!("an NPY file, which starts with {MAGIC:02x?},")));
    };
    let (length, rest) = match after {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [version @ (0 | 4..), ..] => {
            return Err(DataError::format(name, format!("an NPY file of version {version}"), "one of version 1 to 3"));
        }
        _ => (u32::MAX, &[][..]),
    };
    rest.get(..length as usize)
        .ok_or_else(|| DataError::format(name, "the end of the file", "the rest of the header of an NPY file"))
}

/// Whether a header is short, nests nothing (no structured types), and its shape does not overflow: what the parser does
/// not check. NumPy too refuses headers of more than 10 000 bytes.
fn is_plain(text: &[u8]) -> bool {
    let count = |bracket: u8| text.iter().filter(|&&byte| byte == bracket).count();
    let plain = text.len() <= 10_000 && count(b'{') == 1 && count(b'(') == 1 && count(b'[') == 0;
    let part_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut numbers = text.chunk_by(|a, b| part_of_word(a) && part_of_word(b));
    let product = numbers.try_fold(1u64, |product, word| match word {
        [b'0'..=b'9', ..] => product.checked_mul(str::from_utf8(word).ok()?.parse::<u64>().ok()?.max(1)),
        _ => Some(product),
    });
    plain && product.is_some_and(|product| product <= isize::MAX as u64 / 8)
}

fn encode<X: Tensor>(samples: &[X]) -> Vec<u8> {
    let mut shape = vec![samples.len() as u64];
    X::each_axis(&mut |extent| shape.push(extent as u64));
    let numbers = X::flat(samples).iter().map(|number| number.to_f64());
    match size_of::<X::Element>() {
        4 => encode_numbers(&shape, numbers.map(|number| number as f32)),
        _ => encode_numbers(&shape, numbers),
    }
}

fn encode_labels(labels: &[usize]) -> Vec<u8> {
    encode_numbers(&[labels.len() as u64], labels.iter().map(|&label| label as i64))
}

fn encode_numbers<T: npyz::AutoSerialize>(shape: &[u64], numbers: impl Iterator<Item = T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written =
        npyz::WriteOptions::new().default_dtype().shape(shape).writer(&mut bytes).begin_nd().and_then(|mut writer| {
            writer.extend(numbers)?;
            writer.finish()
        });
    debug_assert!(written.is_ok(), "memory takes what is written, and the shape is that of the numbers");
    bytes
}
