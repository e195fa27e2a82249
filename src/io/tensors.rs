//! Named tensors in the safetensors format: 8 bytes of length, a JSON header of that length, the numbers.

use std::{borrow::ToOwned, collections::BTreeMap, format, string::String, string::ToString, vec::Vec};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::json;

use super::{Difference, FileError};
use crate::{
    kernel::Element,
    layer::{Layer, Parameter, Path, Role, Visit, VisitMut, VisitTrainable},
};

const LENGTH: usize = size_of::<u64>();

/// Gathers tensors to write, in the order in which they are shown.
pub(super) struct Writer {
    header: BTreeMap<String, serde_json::Value>,
    data: Vec<u8>,
    /// What the names of the next ones begin with.
    pub prefix: String,
    /// The first number that is NaN or infinite: the name of its tensor, and its place there.
    pub not_finite: Option<(String, usize)>,
}

impl Writer {
    pub fn new() -> Self {
        Self { header: BTreeMap::new(), data: Vec::new(), prefix: String::new(), not_finite: None }
    }

    /// The whole file. The same tensors and notes give the same bytes.
    pub fn finish(mut self, notes: BTreeMap<&str, String>) -> Vec<u8> {
        self.header.insert("__metadata__".into(), json!(notes));
        let mut header = json!(self.header).to_string();
        // The numbers start at a multiple of 8.
        let padded = header.len().next_multiple_of(LENGTH);
        header.extend(core::iter::repeat_n(' ', padded - header.len()));
        [&(padded as u64).to_le_bytes(), header.as_bytes(), &self.data].concat()
    }
}

pub(super) const fn is_f32<T>() -> bool {
    size_of::<T>() == size_of::<f32>()
}

impl<T: Element> Visit<T> for Writer {
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        let name = format!("{}{}", self.prefix, parameter.path.join(parameter.name));
        let start = self.data.len();
        for &value in values {
            if is_f32::<T>() {
                self.data.extend((value.to_f64() as f32).to_le_bytes());
            } else {
                self.data.extend(value.to_f64().to_le_bytes());
            }
        }
        if let (None, Some(index)) = (&self.not_finite, values.iter().position(|value| !value.is_finite())) {
            self.not_finite = Some((name.clone(), index));
        }
        let dtype = if is_f32::<T>() { Dtype::F32 } else { Dtype::F64 };
        let info = TensorInfo { dtype, shape: parameter.shape.into(), data_offsets: (start, self.data.len()) };
        self.header.insert(name, json!(info));
    }
}

/// A tensor that a network has, and where it is in a file.
pub(super) struct Wanted {
    /// The layer that it belongs to.
    pub layer: String,
    /// Its name there.
    pub parameter: &'static str,
    /// Its name in the file.
    pub name: String,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// Whether it lies in the file as `[OUT, IN]`.
    pub transposed: bool,
    /// What it is for.
    pub role: Role,
}

impl<T> Visit<T> for Vec<Wanted> {
    fn visit(&mut self, parameter: Parameter<'_>, _: &[T]) {
        self.push(Wanted {
            layer: parameter.path.to_string(),
            parameter: parameter.name,
            name: parameter.path.join(parameter.name).to_string(),
            shape: parameter.shape.into(),
            transposed: false,
            role: parameter.role,
        });
    }
}

/// All tensors of the network, under its own names.
pub(super) fn wanted<N: Layer>(network: &N) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    network.parameters(Path::ROOT, &mut wanted);
    wanted
}

/// A file that has been found to be whole.
pub(super) struct Reader<'a> {
    pub file: &'a str,
    metadata: Metadata,
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, FileError> {
        let malformed = |reason: String| FileError::Malformed { file: file.into(), reason };
        let (length, rest) = bytes
            .split_first_chunk::<LENGTH>()
            .ok_or_else(|| malformed(format!("it has {} bytes, and the length of the header takes 8", bytes.len())))?;
        let length = u64::from_le_bytes(*length);
        let (header, data) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| malformed(format!("its header should have {length} bytes, but {} follow", rest.len())))?;
        let metadata: Metadata =
            serde_json::from_slice(header).map_err(|error| malformed(format!("its header is wrong: {error}")))?;
        if metadata.data_len() != data.len() {
            return Err(malformed(format!(
                "its header tells of {} bytes of numbers, but {} follow",
                metadata.data_len(),
                data.len()
            )));
        }
        Ok(Self { file, metadata, data })
    }

    /// The names of all tensors, in the order in which they lie in the file.
    pub fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    /// What is written in the file beside tensors.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.metadata.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// The numbers of each of the tensors, in the order of `wanted`; tensors in `also` may be in the file as well.
    pub fn read<T: Element>(&self, wanted: &[Wanted], also: impl Fn(&str) -> bool) -> Result<Vec<Vec<T>>, FileError> {
        let mut differences = Vec::new();
        for Wanted { name, shape, .. } in wanted {
            match self.metadata.info(name) {
                None => differences.push(Difference::Missing { tensor: name.clone(), shape: shape.clone() }),
                Some(info) if info.shape != *shape => differences.push(Difference::Shape {
                    tensor: name.clone(),
                    found: info.shape.clone(),
                    expected: shape.clone(),
                }),
                Some(info) if !matches!(info.dtype, Dtype::F32 | Dtype::F64) => {
                    differences.push(Difference::Type { tensor: name.clone(), found: info.dtype.to_string() });
                }
                Some(_) => {}
            }
        }
        for name in self.names() {
            if !also(&name) && !wanted.iter().any(|wanted| wanted.name == name) {
                let shape = self.metadata.info(&name).map_or_else(Vec::new, |info| info.shape.clone());
                differences.push(Difference::Extra { tensor: name, shape });
            }
        }
        if !differences.is_empty() {
            return Err(FileError::Differs { file: self.file.into(), differences });
        }
        Ok(wanted.iter().filter_map(|wanted| self.numbers(wanted)).collect())
    }

    fn numbers<T: Element>(&self, wanted: &Wanted) -> Option<Vec<T>> {
        let info = self.metadata.info(&wanted.name)?;
        let bytes = &self.data[info.data_offsets.0..info.data_offsets.1];
        let numbers: Vec<T> = match info.dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&x| T::from_f64(f32::from_le_bytes(x).into())).collect(),
            _ => bytes.as_chunks().0.iter().map(|&x| T::from_f64(f64::from_le_bytes(x))).collect(),
        };
        Some(match (wanted.transposed, &wanted.shape[..]) {
            (true, &[rows, columns]) => {
                (0..rows * columns).map(|index| numbers[index % rows * columns + index / rows]).collect()
            }
            _ => numbers,
        })
    }

    /// An error if one of the numbers is NaN or infinite.
    pub fn all_finite<T: Element>(&self, wanted: &[Wanted], values: &[Vec<T>]) -> Result<(), FileError> {
        for (Wanted { name, .. }, values) in wanted.iter().zip(values) {
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(FileError::NotFinite { file: self.file.to_owned(), tensor: name.clone(), index });
            }
        }
        Ok(())
    }
}

/// Gives the parameters of the roles that are `meant` the next of the values, which are known to fit: those of a network, or
/// what is kept beside them.
pub(super) struct Put<I> {
    pub values: I,
    pub meant: fn(Role) -> bool,
}

impl<I> Put<I> {
    pub fn all(values: I) -> Self {
        Self { values, meant: |_| true }
    }

    fn next<T: Copy>(&mut self, role: Role, to: &mut [T])
    where
        I: Iterator<Item = Vec<T>>,
    {
        if (self.meant)(role)
            && let Some(from) = self.values.next()
        {
            to.copy_from_slice(&from);
        }
    }
}

impl<T: Copy, I: Iterator<Item = Vec<T>>> VisitMut<T, 1> for Put<I> {
    fn visit(&mut self, parameter: Parameter<'_>, [to]: [&mut [T]; 1]) {
        self.next(parameter.role, to);
    }
}

impl<T: Copy, I: Iterator<Item = Vec<T>>> VisitTrainable<T, 0> for Put<I> {
    fn visit(&mut self, parameter: Parameter<'_>, _: &mut [T], to: &mut [T], []: [&mut [T]; 0]) {
        self.next(parameter.role, to);
    }
}
