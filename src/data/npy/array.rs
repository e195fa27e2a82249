//! Reading the array in an NPY file.

use std::{format, io::Read, vec::Vec};

use super::header::Header;
use crate::{
    Tensor,
    data::{DataError, checks::check_shape},
};

/// An array of samples, whose bytes match its header.
pub(super) struct Array {
    header: Header,
    body: Vec<u8>,
}

impl Array {
    /// Reads an array of samples, each with the numbers of an `X`.
    ///
    /// The header is checked first. Memory is taken as the elements are read, because the header may be forged, and for
    /// no more bytes than it states, because a compressed file may be of any length.
    pub fn read<X: Tensor>(mut reader: impl Read, name: &str) -> Result<Self, DataError> {
        let header = Header::read(&mut reader, name)?;
        check_samples::<X>(&header.shape, name)?;
        let mut body = Vec::new();
        reader.by_ref().take(header.length as u64).read_to_end(&mut body).map_err(DataError::io(name))?;
        let more = if body.len() < header.length { "" } else { "more than " };
        if body.len() < header.length || reader.read(&mut [0]).map_err(DataError::io(name))? > 0 {
            let found = format!("{more}{} bytes after the header", body.len());
            let Header { descr, shape, length, .. } = header;
            let expected = format!("{length} bytes for an array of shape {shape:?} and type '{descr}'");
            return Err(DataError::format(name, found, expected));
        }
        Ok(Self { header, body })
    }

    pub fn samples(&self) -> usize {
        self.header.shape[0]
    }

    /// Calls `visit` with each element and its row-major index.
    pub fn for_each(&self, mut visit: impl FnMut(usize, f64)) {
        let element = &self.header.element;
        let mut indices = RowMajorIndices::new(&self.header);
        for bytes in self.body.chunks_exact(element.size) {
            visit(indices.next(), element.number(bytes));
        }
    }
}

fn check_samples<X: Tensor>(shape: &[usize], name: &str) -> Result<(), DataError> {
    let [samples, sample @ ..] = shape else {
        return Err(DataError::format(name, "a scalar", "an array of one or more dimensions"));
    };
    check_shape::<X>(sample)
        .map_err(|expected| DataError::format(name, format!("an array of shape {shape:?}"), expected))?;
    if *samples == 0 { Err(DataError::Empty { file: name.into() }) } else { Ok(()) }
}

/// Enumerates the row-major index of each element, in the order of the file.
struct RowMajorIndices {
    /// Size, row-major stride and current position of each axis, starting with the one that varies fastest in the file.
    axes: Vec<(usize, usize, usize)>,
}

impl RowMajorIndices {
    fn new(header: &Header) -> Self {
        let mut stride = 1;
        let mut axes = Vec::new();
        for &size in header.shape.iter().rev() {
            axes.push((size, stride, 0));
            stride *= size;
        }
        if header.columns_first {
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
