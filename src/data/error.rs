//! What can be wrong with data on their way in.

use std::{fmt, io, string::String};

/// Why data could not be read, written or divided.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read or written.
    Io {
        /// Its path.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// A value is not what it should be.
    Value {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column by its name, or its number from 0.
        column: String,
        /// The value as it is there.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// A line has more or fewer fields than the header or the first line.
    Fields {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// How many fields it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A column that was asked for is not there, or there are several of that name.
    Column {
        /// The file.
        file: String,
        /// The column by its name or number.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// The columns are not as many as the network takes.
    Width {
        /// The file.
        file: String,
        /// The columns that are there.
        found: String,
        /// How many numbers they are.
        width: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The labels do not have as many classes as the network.
    Classes {
        /// The file.
        file: String,
        /// How many classes the labels have.
        classes: usize,
        /// How many numbers a label is to be.
        width: usize,
    },
    /// The content is not in the file's format, or not of the shape asked for.
    Format {
        /// The file.
        file: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// There is nothing to read.
    Empty {
        /// The file.
        file: String,
    },
    /// There are not as many labels as inputs.
    Lengths {
        /// How many inputs.
        inputs: usize,
        /// How many labels.
        labels: usize,
    },
    /// A share is not above 0, or the shares do not add up to 1.
    Shares {
        /// What they add up to.
        sum: f64,
    },
    /// There are fewer samples than parts to divide them into.
    TooFew {
        /// How many samples.
        samples: usize,
        /// How many parts.
        parts: usize,
    },
    /// A label is of a class that there are no weights for.
    Class {
        /// Which sample, from 0.
        sample: usize,
        /// Its class.
        class: usize,
        /// How many classes there are.
        classes: usize,
    },
}

impl DataError {
    /// For `map_err` on what the system does with `file`.
    pub(super) fn io(file: &str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io { file: file.into(), error }
    }

    /// What should be where samples are of another size.
    pub(super) fn samples_of(length: usize) -> String {
        if length == 1 { "one number for each sample".into() } else { std::format!("samples of {length} numbers") }
    }

    pub(super) fn format(file: &str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Format { file: file.into(), found: found.into(), expected: expected.into() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(formatter, "{file}: {error}"),
            Self::Value { file, line, column, value, expected } => {
                write!(formatter, "{file}, line {line}, column `{column}`: `{value}` is not {expected}")
            }
            Self::Fields { file, line, found, expected } => {
                write!(formatter, "{file}, line {line}: {found} fields, where the lines before have {expected}")
            }
            Self::Column { file, column, found } => {
                write!(formatter, "{file}: there is not exactly one column `{column}`; the columns are {found}")
            }
            Self::Width { file, found, width, expected } => write!(
                formatter,
                "{file}: the inputs are {width} numbers, where the network takes {expected}: \
                 choose columns with `inputs` or `ignore`; they are {found}"
            ),
            Self::Classes { file, classes, width } => write!(
                formatter,
                "{file}: labels of {classes} classes do not fit into {width} numbers: \
                 two fit into 1, and any number into as many"
            ),
            Self::Format { file, found, expected } => write!(formatter, "{file}: {found}, where {expected} should be"),
            Self::Empty { file } => write!(formatter, "{file}: there are no samples"),
            Self::Lengths { inputs, labels } => {
                write!(formatter, "{inputs} inputs, but {labels} labels: give one label for each input")
            }
            Self::Shares { sum } => {
                write!(formatter, "shares must each be above 0 and add up to 1, not to {sum}")
            }
            Self::TooFew { samples, parts } => {
                write!(formatter, "{samples} samples do not divide into {parts} parts of at least one")
            }
            Self::Class { sample, class, classes } => {
                write!(formatter, "the label of sample {sample} is class {class}, where there are {classes} classes")
            }
        }
    }
}

impl core::error::Error for DataError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
