//! What can be wrong with files.

use core::fmt;
use std::{io, path::PathBuf, string::String, vec::Vec};

/// Why a file could not be written, read or understood. Nothing has changed then: neither network nor file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    Read {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The file cannot be written.
    Write {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// It is not a safetensors file, or only a part of one.
    Malformed {
        /// Which file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its tensors are not those of the network.
    Differs {
        /// Which file.
        file: String,
        /// All that differs.
        differences: Vec<Difference>,
    },
    /// Its weights were trained with other activations.
    Activations {
        /// Which file.
        file: String,
        /// The activations in the file, in order.
        saved: String,
        /// The activations of the network, in order.
        network: String,
    },
    /// A weight is NaN or infinite, or becomes so as an `f32`.
    NotFinite {
        /// Which file.
        file: String,
        /// Which tensor.
        tensor: String,
        /// Which of its numbers, from 0.
        index: usize,
    },
    /// Which of its layers is which of the network's cannot be told.
    Layers {
        /// Which file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// It is not a checkpoint of such a trainer.
    Checkpoint {
        /// Which file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A layer does what is only known by name: it cannot be exported.
    Unknown {
        /// Which layer.
        layer: String,
        /// What it does.
        operation: &'static str,
    },
}

/// One thing in which a file differs from the network that is to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The network has it, the file does not.
    Missing {
        /// Its name in the file.
        tensor: String,
        /// Its shape in the network.
        shape: Vec<usize>,
    },
    /// The file has it, the network does not.
    Extra {
        /// Its name in the file.
        tensor: String,
        /// Its shape in the file.
        shape: Vec<usize>,
    },
    /// It has another shape.
    Shape {
        /// Its name in the file.
        tensor: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape that it should have there.
        expected: Vec<usize>,
    },
    /// Its numbers are not `F32` or `F64`.
    Type {
        /// Its name in the file.
        tensor: String,
        /// The type of its numbers.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { tensor, shape } => write!(formatter, "`{tensor}` {shape:?} is missing"),
            Self::Extra { tensor, shape } => write!(formatter, "`{tensor}` {shape:?} is not in the network"),
            Self::Shape { tensor, found, expected } => {
                write!(formatter, "`{tensor}` is {found:?}, and should be {expected:?}")
            }
            Self::Type { tensor, found } => {
                write!(formatter, "`{tensor}` is of {found}: save it as F32 or F64")
            }
        }
    }
}

/// How many differences are written out.
const SHOWN: usize = 8;

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, error } => write!(formatter, "{} cannot be read: {error}", file.display()),
            Self::Write { file, error } => write!(formatter, "{} cannot be written: {error}", file.display()),
            Self::Malformed { file, reason } => write!(formatter, "{file} is not a whole safetensors file: {reason}"),
            Self::Differs { file, differences } => {
                write!(formatter, "{file} does not fit the network: ")?;
                for (index, difference) in differences.iter().take(SHOWN).enumerate() {
                    write!(formatter, "{}{difference}", if index == 0 { "" } else { "; " })?;
                }
                match differences.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(formatter, "; and {more} more"),
                }
            }
            Self::Activations { file, saved, network } => write!(
                formatter,
                "{file} was trained with the activations {saved}, but the network has {network}: \
                 give the network those of the file"
            ),
            Self::NotFinite { file, tensor, index } => write!(
                formatter,
                "{file}: number {index} of `{tensor}` is NaN, infinite or too large for the type of number"
            ),
            Self::Layers { file, reason } => write!(
                formatter,
                "{file}: {reason}: name the layer of the file for each of the network's with `Import::layers`"
            ),
            Self::Checkpoint { file, reason } => write!(formatter, "{file} is no checkpoint of this trainer: {reason}"),
            Self::Unknown { layer, operation } => write!(
                formatter,
                "the layer `{layer}` cannot be exported: what `{operation}` does is not known; \
                 write the method `operations` of its layer or activation"
            ),
        }
    }
}

impl core::error::Error for FileError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } | Self::Write { error, .. } => Some(error),
            _ => None,
        }
    }
}
