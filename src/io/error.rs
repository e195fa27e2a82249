//! Errors of saving, loading and exporting networks.

use core::fmt;
use std::{io, path::PathBuf, string::String, vec::Vec};

use crate::short::{paragraph, short};

/// The error of saving, loading or exporting a network. Neither the network nor the file has changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    Read {
        /// The file.
        file: PathBuf,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// The file cannot be written.
    Write {
        /// The file.
        file: PathBuf,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// The file is not in the safetensors format, or is truncated.
    Malformed {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The tensors of the file differ from those of the network.
    Differs {
        /// The file.
        file: String,
        /// All differences.
        differences: Vec<Difference>,
    },
    /// The weights were trained with other activations.
    Activations {
        /// The file.
        file: String,
        /// The activations in the file, in order.
        saved: String,
        /// The activations of the network, in order.
        network: String,
    },
    /// A weight is NaN or infinite, or overflows when converted to `f32`.
    NotFinite {
        /// The file.
        file: String,
        /// The name of the tensor.
        tensor: String,
        /// The index of the value in the tensor, in row-major order.
        index: usize,
    },
    /// A number is negative that never is, such as a standard deviation.
    Negative {
        /// The file.
        file: String,
        /// The name of the tensor.
        tensor: String,
        /// The index of the value in the tensor, in row-major order.
        index: usize,
    },
    /// The layers of the file cannot be matched with those of the network.
    Layers {
        /// The file.
        file: String,
        /// The reason, and what to do.
        reason: String,
    },
    /// The file is not a checkpoint, or it belongs to another trainer.
    Checkpoint {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// No training run reaches the state of the trainer that is saved or loaded.
    State {
        /// The file.
        file: String,
        /// The part of the state, and what is wrong with it.
        reason: String,
    },
    /// A number of a network in `f64` is too large or too small for the `f32` of an ONNX model.
    Range {
        /// The file.
        file: String,
        /// The number: its tensor or its formula.
        what: String,
        /// Its value.
        number: f64,
    },
    /// An int8 network cannot be exported.
    Int8 {
        /// The reason, and what to do.
        reason: String,
    },
    /// A layer cannot be exported because the format has no operator for it.
    NoOperator {
        /// The path of the layer.
        layer: String,
        /// What the format lacks, and what to do.
        reason: &'static str,
    },
    /// A layer cannot be exported because it does not describe its operation.
    Unknown {
        /// The path of the layer.
        layer: String,
        /// The name of the operation.
        operation: &'static str,
    },
}

/// A difference between the tensors of a file and those of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The file lacks a tensor of the network.
    Missing {
        /// The name in the file.
        tensor: String,
        /// The shape in the network.
        shape: Vec<usize>,
    },
    /// The file contains a tensor that the network does not have.
    Extra {
        /// The name in the file.
        tensor: String,
        /// The shape in the file.
        shape: Vec<usize>,
    },
    /// The shapes differ.
    Shape {
        /// The name in the file.
        tensor: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the network requires.
        expected: Vec<usize>,
    },
    /// The element type is neither `F32` nor `F64`.
    Type {
        /// The name in the file.
        tensor: String,
        /// The element type.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { tensor, shape } => write!(formatter, "`{}` {shape:?} is missing", short(tensor)),
            Self::Extra { tensor, shape } => {
                let shape = format_args!("{shape:?}");
                write!(formatter, "`{}` {} is not in the network", short(tensor), short(shape))
            }
            Self::Shape { tensor, found, expected } => {
                let found = format_args!("{found:?}");
                write!(formatter, "`{}` has shape {}, expected {expected:?}", short(tensor), short(found))
            }
            Self::Type { tensor, found } => {
                write!(formatter, "`{}` has elements of type {}: save it as F32 or F64", short(tensor), short(found))
            }
        }
    }
}

/// The number of differences in an error message.
const SHOWN: usize = 8;

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, error } => write!(formatter, "cannot read {}: {error}", file.display()),
            Self::Write { file, error } => write!(formatter, "cannot write {}: {error}", file.display()),
            Self::Malformed { file, reason } => {
                write!(formatter, "{file} is not a valid safetensors file: {}", paragraph(reason))
            }
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
                "{file} was trained with the activations {}, but the network has {network}: \
                 use the activations of the file",
                paragraph(saved)
            ),
            Self::NotFinite { file, tensor, index } => write!(
                formatter,
                "{file}: element {index} of `{}` is NaN, infinite or too large for the element type",
                short(tensor)
            ),
            Self::Negative { file, tensor, index } => {
                write!(formatter, "{file}: element {index} of `{}` is negative: it must be at least 0", short(tensor))
            }
            Self::Layers { file, reason } => write!(formatter, "{file}: {}", paragraph(reason)),
            Self::Checkpoint { file, reason } => {
                write!(formatter, "{file} is not a checkpoint of this trainer: {}", paragraph(reason))
            }
            Self::State { file, reason } => {
                write!(formatter, "{file}: no training run reaches this state: {}", paragraph(reason))
            }
            Self::Range { file, what, number } => write!(
                formatter,
                "{file}: {what} is {number:e}, out of the range of `f32`, the type of ONNX models: \
                 use other units for the data, or another constant"
            ),
            Self::Int8 { reason } => formatter.write_str(reason),
            Self::NoOperator { layer, reason } => write!(formatter, "cannot export the layer `{layer}`: {reason}"),
            Self::Unknown { layer, operation } => write!(
                formatter,
                "cannot export the layer `{layer}`: the operation `{operation}` is unknown; \
                 implement the method `operations` of its layer or activation"
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
