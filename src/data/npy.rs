//! NumPy's file formats: NPY contains one array, NPZ several named arrays.
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
    string::String,
    vec,
    vec::Vec,
};

use npyz::{NpyFile, NpyHeader, Order, WriterBuilder};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{DataError, file};
use crate::{Tensor, kernel::Element};

/// Reads an array of samples. The first axis counts the samples; the other axes may have any shape with as many
/// elements as `X`.
///
/// The array may contain `f4`, `f8`, integers of up to 64 bits or booleans. NaN and infinities are preserved.
///
/// # Errors
///
/// Returns an error if the file cannot be read or is not an NPY file of such numbers, if there are no samples, if the
/// size of a sample differs from `X::LEN`, or if a number is too large for the element type of `X`.
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    let path = path.as_ref();
    read_from(&bytes(path)?, &file::name(path))
}

/// Like [`read`], from the contents of a file. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`read`].
pub fn read_from<X: Tensor>(bytes: &[u8], name: &str) -> Result<Vec<X>, DataError> {
    let array = Array::new(bytes, name)?;
    let samples = array.samples(X::LEN)?;
    let mut x = vec![X::zeroed_on_stack(); samples];
    let flat = X::flat_mut(&mut x);
    let mut overflow = None;
    array.for_each(|index, number| {
        flat[index] = X::Element::from_f64(number);
        if number.is_finite() && !flat[index].is_finite() {
            overflow.get_or_insert((index, number));
        }
    })?;
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
/// is negative, not an integer, or above 2⁵³.
pub fn labels(path: impl AsRef<Path>) -> Result<Vec<usize>, DataError> {
    let path = path.as_ref();
    labels_from(&bytes(path)?, &file::name(path))
}

/// Like [`labels`], from the contents of a file. Error messages refer to it as `name`.
///
/// # Errors
///
/// Returns the errors of [`labels`].
pub fn labels_from(bytes: &[u8], name: &str) -> Result<Vec<usize>, DataError> {
    let array = Array::new(bytes, name)?;
    let mut labels = vec![0; array.samples(1)?];
    let mut invalid = None;
    array.for_each(|index, number| {
        labels[index] = number as usize;
        if labels[index] as f64 != number || number > MAX_EXACT_INTEGER {
            invalid.get_or_insert((index, number));
        }
    })?;
    match invalid {
        Some((index, number)) => {
            Err(DataError::format(name, format!("the label {number} of sample {index}"), "class indices"))
        }
        None => Ok(labels),
    }
}

/// Every integer up to this one has an exact representation as `f64`.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Writes samples as an array whose first axis counts them. The write is atomic.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub fn write<X: Tensor>(path: impl AsRef<Path>, samples: &[X]) -> Result<(), DataError> {
    file::write(path.as_ref(), &encode(samples))
}

/// Writes class indices as an array of 64-bit integers. The write is atomic.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub fn write_labels(path: impl AsRef<Path>, labels: &[usize]) -> Result<(), DataError> {
    file::write(path.as_ref(), &encode_labels(labels))
}

/// The named arrays of an NPZ file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Npz {
    file: String,
    /// Each array as the contents of an NPY file.
    arrays: BTreeMap<String, Vec<u8>>,
}

impl Npz {
    /// Creates an NPZ file without arrays.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file from `np.savez` or `np.savez_compressed`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or is not an NPZ file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        Self::from_bytes(bytes(path)?, &file::name(path))
    }

    /// Like [`open`](Self::open), from the contents of a file. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes are not an NPZ file.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, DataError> {
        let malformed = |error: &dyn core::error::Error| {
            DataError::format(name, format!("a malformed one: {error}"), "an NPZ file")
        };
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| malformed(&error))?;
        let mut arrays = BTreeMap::new();
        for number in 0..archive.len() {
            let mut entry = archive.by_index(number).map_err(|error| malformed(&error))?;
            let path = entry.name().map_err(|error| malformed(&error))?.into_owned();
            let Some(array) = npyz::npz::array_name_from_file_name(&path) else { continue };
            // No capacity is reserved: the size in the archive may be forged.
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(|error| malformed(&error))?;
            arrays.insert(array.into(), content);
        }
        Ok(Self { file: name.into(), arrays })
    }

    /// The names of the arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// Returns the samples in an array, like [`read`].
    ///
    /// # Errors
    ///
    /// Returns an error if there is no array with this name, and the errors of [`read`].
    pub fn read<X: Tensor>(&self, name: &str) -> Result<Vec<X>, DataError> {
        let (bytes, location) = self.array(name)?;
        read_from(bytes, &location)
    }

    /// Returns the class indices in an array, like [`labels`].
    ///
    /// # Errors
    ///
    /// Returns an error if there is no array with this name, and the errors of [`labels`].
    pub fn labels(&self, name: &str) -> Result<Vec<usize>, DataError> {
        let (bytes, location) = self.array(name)?;
        labels_from(bytes, &location)
    }

    /// The contents of an array, and its location for error messages.
    fn array(&self, name: &str) -> Result<(&[u8], String), DataError> {
        match self.arrays.get(name) {
            Some(bytes) => Ok((bytes, format!("{}, array `{name}`", self.file))),
            None => {
                let found = self.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(DataError::format(&self.file, format!("the arrays {found}"), format!("an array `{name}`")))
            }
        }
    }

    /// Adds an array of samples.
    #[must_use]
    pub fn with<X: Tensor>(mut self, name: &str, samples: &[X]) -> Self {
        self.arrays.insert(name.into(), encode(samples));
        self
    }

    /// Adds an array of class indices.
    #[must_use]
    pub fn with_labels(mut self, name: &str, labels: &[usize]) -> Self {
        self.arrays.insert(name.into(), encode_labels(labels));
        self
    }

    /// Writes an uncompressed NPZ file. The write is atomic.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
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

/// An NPY file whose length matches its header.
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
            return Err(DataError::format(name, found, "the header of an array of numbers that fits into memory"));
        }
        let mut body = bytes;
        let header = NpyHeader::from_reader(&mut body)
            .map_err(|error| DataError::format(name, format!("a malformed one: {error}"), "an NPY file"))?;
        let numbers: u64 = header.shape().iter().product();
        let size = header.dtype().num_bytes().map(|size| size as u64);
        let length = size.and_then(|size| numbers.checked_mul(size));
        if length != Some(body.len() as u64) {
            let found = format!("{} bytes after the header", body.len());
            let numbers = format!("an array of shape {:?} and type {}", header.shape(), header.dtype().descr());
            let expected = length.map_or(numbers.clone(), |length| format!("{length} bytes for {numbers}"));
            return Err(DataError::format(name, found, expected));
        }
        Ok(Self { header, body, name })
    }

    /// The number of samples, which must have `length` elements each.
    fn samples(&self, length: usize) -> Result<usize, DataError> {
        let shape = self.header.shape();
        let sample_length = shape.iter().skip(1).product::<u64>();
        let [samples, ..] = shape else {
            return Err(DataError::format(self.name, "a scalar", "an array of one or more dimensions"));
        };
        if sample_length != length as u64 || length == 0 {
            let found = format!("an array of shape {shape:?}");
            return Err(DataError::format(self.name, found, DataError::samples_of(length)));
        }
        if *samples == 0 { Err(DataError::Empty { file: self.name.into() }) } else { Ok(*samples as usize) }
    }

    /// Calls `visit` with each element and its row-major index.
    fn for_each(&self, mut visit: impl FnMut(usize, f64)) -> Result<(), DataError> {
        let mut indices = RowMajorIndices::new(&self.header);
        macro_rules! of_type {
            ($($number:ty)*) => {
                $(if let Ok(numbers) = NpyFile::with_header(self.header.clone(), self.body).data::<$number>() {
                    for number in numbers {
                        visit(indices.next(), number.map_err(DataError::io(self.name))? as f64);
                    }
                    return Ok(());
                })*
            };
        }
        of_type!(f32 f64 u8 i8 u16 i16 u32 i32 u64 i64);
        if let Ok(numbers) = NpyFile::with_header(self.header.clone(), self.body).data::<bool>() {
            for number in numbers {
                visit(indices.next(), f64::from(u8::from(number.map_err(DataError::io(self.name))?)));
            }
            return Ok(());
        }
        let found = format!("elements of type {}", self.header.dtype().descr());
        Err(DataError::format(self.name, found, "`f4`, `f8`, integers or booleans"))
    }
}

/// Enumerates the row-major index of each element, in the order of the file.
struct RowMajorIndices {
    /// Size, row-major stride and current position of each axis, starting with the one that varies fastest in the file.
    axes: Vec<(usize, usize, usize)>,
}

impl RowMajorIndices {
    fn new(header: &NpyHeader) -> Self {
        let mut stride = 1;
        let mut axes = Vec::new();
        for &size in header.shape().iter().rev() {
            axes.push((size as usize, stride, 0));
            stride *= size as usize;
        }
        if header.order() == Order::Fortran {
            axes.reverse();
        }
        Self { axes }
    }

    fn next(&mut self) -> usize {
        let index = self.axes.iter().map(|(_, stride, position)| stride * position).sum();
        for (size, _, position) in &mut self.axes {
            *position += 1;
            if position < size {
                break;
            }
            *position = 0;
        }
        index
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// The header of an NPY file: the text of a Python dictionary.
fn header_text<'a>(bytes: &'a [u8], name: &str) -> Result<&'a [u8], DataError> {
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        let found = format!("a file that starts with {:02x?}", &bytes[..bytes.len().min(MAGIC.len())]);
        return Err(DataError::format(name, found, format!("an NPY file, which starts with {MAGIC:02x?}")));
    };
    let (length, rest) = match after {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [version @ (0 | 4..), ..] => {
            return Err(DataError::format(name, format!("version {version}"), "an NPY file of version 1 to 3"));
        }
        _ => (u32::MAX, &[][..]),
    };
    rest.get(..length as usize)
        .ok_or_else(|| DataError::format(name, "the end of the file", "the rest of an NPY header"))
}

/// Checks what the parser does not: that the header is short, that its type is not nested (structured), and that its
/// shape does not overflow. The limit of 10 000 bytes is NumPy's.
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
    shape.extend(X::axes().iter().map(|&length| length as u64));
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
    debug_assert!(written.is_ok(), "writing to a vector cannot fail, and the shape matches the elements");
    bytes
}
