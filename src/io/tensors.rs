//! The safetensors format: the length of the header as 8 bytes (little-endian), a JSON header, and the data of the
//! tensors.

use std::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde_json::json;

use super::{Difference, FileError};
use crate::{
    kernel::Element,
    kind::not_weights,
    layer::{Layer, Parameter, Path, Role, Visit, VisitMut, VisitTrainable},
};

/// The size of the field that contains the length of the header.
const LENGTH: usize = size_of::<u64>();

/// The prefix of the names of optimizer state. A layer cannot have such a name: Rust identifiers contain no `/`.
pub(super) const OPTIMIZER: &str = "optimizer/";

/// Collects the tensors of a file.
pub(super) struct Writer {
    header: BTreeMap<String, serde_json::Value>,
    data: Vec<u8>,
    /// The prefix of the names of subsequent tensors.
    pub prefix: String,
    /// The tensor, the index and the fault of the first number that files do not contain.
    fault: Option<(String, usize, Fault)>,
}

impl Writer {
    pub fn new() -> Self {
        Self { header: BTreeMap::new(), data: Vec::new(), prefix: String::new(), fault: None }
    }

    /// Returns an error if a value added so far is NaN, infinite or negative where it cannot be.
    pub fn check(&self, file: &str) -> Result<(), FileError> {
        match &self.fault {
            None => Ok(()),
            Some((tensor, index, fault)) => Err(fault.error(file, tensor, *index)),
        }
    }

    /// Returns the contents of the file. They depend on the tensors and the metadata only.
    pub fn finish(mut self, metadata: BTreeMap<&str, String>) -> Vec<u8> {
        self.header.insert("__metadata__".into(), json!(metadata));
        let mut header = json!(self.header).to_string();
        // The format aligns the data to 8 bytes.
        let padded = header.len().next_multiple_of(LENGTH);
        header.extend(core::iter::repeat_n(' ', padded - header.len()));
        [&(padded as u64).to_le_bytes(), header.as_bytes(), &self.data].concat()
    }
}

/// The reason why a number is neither written nor read.
#[derive(Clone, Copy)]
enum Fault {
    NotFinite,
    Negative,
}

impl Fault {
    /// The index of the first number with a fault.
    fn first<T: Element>(values: &[T], never_negative: bool) -> Option<(usize, Self)> {
        let fault = |value: &T| match value.is_finite() {
            false => Some(Self::NotFinite),
            true => (never_negative && value.to_f64() < 0.0).then_some(Self::Negative),
        };
        values.iter().enumerate().find_map(|(index, value)| Some((index, fault(value)?)))
    }

    fn error(self, file: &str, tensor: &str, index: usize) -> FileError {
        let (file, tensor) = (file.into(), tensor.into());
        match self {
            Self::NotFinite => FileError::NotFinite { file, tensor, index },
            Self::Negative => FileError::Negative { file, tensor, index },
        }
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
        if let (None, Some((index, fault))) = (&self.fault, Fault::first(values, parameter.never_negative)) {
            self.fault = Some((name.clone(), index, fault));
        }
        let dtype = if is_f32::<T>() { Dtype::F32 } else { Dtype::F64 };
        let info = TensorInfo { dtype, shape: parameter.shape.into(), data_offsets: (start, self.data.len()) };
        self.header.insert(name, json!(info));
    }
}

/// A tensor of the network, as expected in a file.
pub(super) struct ExpectedTensor {
    /// The path of the layer.
    pub layer: String,
    /// The name of the parameter in its layer.
    pub parameter: &'static str,
    /// The name in the file.
    pub name: String,
    /// The shape in the file.
    pub shape: Vec<usize>,
    /// The order of the axes in the file, if it is another one.
    pub axes: Option<Axes>,
    /// The place in the file's tensor of each value, if it is another one and does not follow from the order of axes.
    pub places: Option<Vec<usize>>,
    /// Another tensor of the same shape, which is added.
    pub added: Option<String>,
    /// Other tensors of the same shape, whose values follow those of the first, before `places` applies.
    pub followed_by: Vec<String>,
    /// Whether the file does not have it because it is 0.
    pub is_zero: bool,
    pub role: Role,
    /// Whether its numbers are at least 0.
    pub never_negative: bool,
}

/// The axes of a tensor in a file, in another order than in the network.
pub(super) struct Axes {
    /// The length of each axis in the file, outermost first.
    pub lengths: Vec<usize>,
    /// The number of the axis in the file for each axis in the network.
    pub order: &'static [usize],
}

impl Axes {
    /// The values in the order of the network.
    fn reorder<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let stride = |axis: usize| self.lengths[axis + 1..].iter().product::<usize>();
        // The places of the values, extended by one axis after another.
        let places = self.order.iter().fold(vec![0], |places: Vec<usize>, &axis| {
            places
                .iter()
                .flat_map(|place| (0..self.lengths[axis]).map(move |index| place + index * stride(axis)))
                .collect()
        });
        places.into_iter().map(|place| values[place]).collect()
    }
}

impl<T> Visit<T> for Vec<ExpectedTensor> {
    fn visit(&mut self, parameter: Parameter<'_>, _: &[T]) {
        self.push(ExpectedTensor {
            layer: parameter.path.to_string(),
            parameter: parameter.name,
            name: parameter.path.join(parameter.name).to_string(),
            shape: parameter.shape.into(),
            axes: None,
            places: None,
            added: None,
            followed_by: Vec::new(),
            is_zero: false,
            role: parameter.role,
            never_negative: parameter.never_negative,
        });
    }
}

/// All tensors of the network, under the names that [`Writer`] uses.
pub(super) fn expected_tensors<N: Layer>(network: &N) -> Vec<ExpectedTensor> {
    let mut expected = Vec::new();
    network.parameters(Path::ROOT, &mut expected);
    expected
}

/// The length of the header of a file of `size` bytes, whose first bytes are `start`.
pub(super) fn header_length(file: &str, start: &[u8], size: u64) -> Result<usize, FileError> {
    let length = start.first_chunk().map(|length| u64::from_le_bytes(*length));
    let rest = size.saturating_sub(LENGTH as u64);
    if let Some(length) = length
        && length <= rest
        && let Ok(length) = usize::try_from(length)
    {
        return Ok(length);
    }
    let reason = match (not_weights(start), length) {
        (Some(kind), _) => format!("it is {kind}"),
        (None, None) => format!("the file has {size} bytes, at least {LENGTH} are required"),
        (None, Some(length)) if start.get(LENGTH) == Some(&b'{') => {
            format!("expected a header of {length} bytes, but only {rest} bytes follow")
        }
        (None, Some(_)) => {
            let start = &start[..start.len().min(2 * LENGTH)];
            format!("it starts with {start:02x?}, but should start with the length of its header (8 bytes) and `{{`")
        }
    };
    Err(FileError::Malformed { file: file.into(), reason })
}

/// A file whose header is valid and whose length matches it.
pub(super) struct Reader<'a> {
    pub file: &'a str,
    metadata: Metadata,
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, FileError> {
        let malformed = |reason: String| FileError::Malformed { file: file.into(), reason };
        let length = header_length(file, bytes, bytes.len() as u64)?;
        let (header, data) = bytes[LENGTH..].split_at(length);
        let metadata: Metadata =
            serde_json::from_slice(header).map_err(|error| malformed(format!("the header is invalid: {error}")))?;
        if metadata.data_len() != data.len() {
            return Err(malformed(format!(
                "expected {} bytes of data after the header, found {}",
                metadata.data_len(),
                data.len()
            )));
        }
        Ok(Self { file, metadata, data })
    }

    /// The names of all tensors, in the order of their data.
    pub fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    /// The number of axes of a tensor.
    pub fn rank(&self, name: &str) -> Option<usize> {
        self.metadata.info(name).map(|info| info.shape.len())
    }

    /// An entry of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// Returns the values of the expected tensors, in their order. Other tensors in the file are an error unless they
    /// are `ignored`.
    pub fn read<T: Element>(
        &self,
        expected: &[ExpectedTensor],
        ignored: impl Fn(&str) -> bool,
    ) -> Result<Vec<Vec<T>>, FileError> {
        let mut differences = Vec::new();
        let named = |tensor: &'_ ExpectedTensor| {
            [Some(tensor.name.clone()), tensor.added.clone()].into_iter().flatten().chain(tensor.followed_by.clone())
        };
        let in_file = || expected.iter().filter(|tensor| !tensor.is_zero);
        for (name, shape) in in_file().flat_map(|tensor| named(tensor).map(move |name| (name, &tensor.shape))) {
            match self.metadata.info(&name) {
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
            if !ignored(&name) && !in_file().flat_map(named).any(|expected| expected == name) {
                let shape = self.metadata.info(&name).map_or_else(Vec::new, |info| info.shape.clone());
                differences.push(Difference::Extra { tensor: name, shape });
            }
        }
        if !differences.is_empty() {
            return Err(FileError::Differs { file: self.file.into(), differences });
        }
        Ok(expected.iter().filter_map(|tensor| self.values(tensor)).collect())
    }

    fn values<T: Element>(&self, tensor: &ExpectedTensor) -> Option<Vec<T>> {
        if tensor.is_zero {
            let numbers: usize = tensor.shape.iter().product();
            let count = tensor.places.as_ref().map_or((1 + tensor.followed_by.len()) * numbers, Vec::len);
            return Some(vec![T::from_f64(0.0); count]);
        }
        let mut values: Vec<T> = self.values_of(&tensor.name)?;
        if let Some(added) = &tensor.added {
            values.iter_mut().zip(self.values_of::<T>(added)?).for_each(|(value, more)| *value += more);
        }
        for next in &tensor.followed_by {
            values.extend(self.values_of::<T>(next)?);
        }
        Some(match (&tensor.axes, &tensor.places) {
            (Some(axes), _) => axes.reorder(&values),
            (_, Some(places)) => places.iter().map(|&place| values[place]).collect(),
            (None, None) => values,
        })
    }

    fn values_of<T: Element>(&self, name: &str) -> Option<Vec<T>> {
        let info = self.metadata.info(name)?;
        let bytes = &self.data[info.data_offsets.0..info.data_offsets.1];
        Some(match info.dtype {
            Dtype::F32 => bytes.as_chunks().0.iter().map(|&x| T::from_f64(f32::from_le_bytes(x).into())).collect(),
            _ => bytes.as_chunks().0.iter().map(|&x| T::from_f64(f64::from_le_bytes(x))).collect(),
        })
    }

    /// Returns an error if a value is NaN, infinite or negative where it cannot be.
    pub fn check<T: Element>(&self, tensors: &[ExpectedTensor], values: &[Vec<T>]) -> Result<(), FileError> {
        for (ExpectedTensor { name, never_negative, .. }, values) in tensors.iter().zip(values) {
            if let Some((index, fault)) = Fault::first(values, *never_negative) {
                return Err(fault.error(self.file, name, index));
            }
        }
        Ok(())
    }
}

/// Assigns the next of `values` to each parameter, or to each part of the optimizer state, whose role is `selected`.
/// The caller has checked the shapes.
pub(super) struct Assign<I> {
    pub values: I,
    pub selected: fn(Role) -> bool,
}

impl<I> Assign<I> {
    pub fn all(values: I) -> Self {
        Self { values, selected: |_| true }
    }

    fn next<T: Copy>(&mut self, role: Role, to: &mut [T])
    where
        I: Iterator<Item = Vec<T>>,
    {
        if (self.selected)(role)
            && let Some(from) = self.values.next()
        {
            to.copy_from_slice(&from);
        }
    }
}

impl<T: Copy, I: Iterator<Item = Vec<T>>> VisitMut<T, 1> for Assign<I> {
    fn visit(&mut self, parameter: Parameter<'_>, [to]: [&mut [T]; 1]) {
        self.next(parameter.role, to);
    }
}

impl<T: Copy, I: Iterator<Item = Vec<T>>> VisitTrainable<T, 0> for Assign<I> {
    fn visit(&mut self, parameter: Parameter<'_>, _: &mut [T], to: &mut [T], []: [&mut [T]; 0]) {
        self.next(parameter.role, to);
    }
}
