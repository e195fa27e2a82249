//! Errors of reading, writing and preparing data.

use std::{fmt, io, string::String};

use crate::short::{paragraph, short};

/// The error of reading, writing or preparing a data set.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be read or written.
    Io {
        /// The path of the file.
        file: String,
        /// The error that the operating system reported.
        error: io::Error,
    },
    /// A value in a table cannot be used.
    Value {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The name of the column, or its index from 0.
        column: String,
        /// The text found in the file.
        value: String,
        /// A description of the values that are accepted.
        expected: String,
    },
    /// A line of a table is malformed.
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// A description of the content.
        found: String,
        /// A description of the content that is required.
        expected: String,
    },
    /// A line has more or fewer fields than the lines before it.
    Fields {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// The number of fields in the line.
        found: usize,
        /// The number of fields in the lines before.
        expected: usize,
    },
    /// A requested column does not exist, or its name is not unique.
    Column {
        /// The file.
        file: String,
        /// The name or index of the requested column.
        column: String,
        /// The columns of the file.
        found: String,
    },
    /// The settings of the reader are impossible, or contradict each other.
    Settings {
        /// The file.
        file: String,
        /// The setting, and what to do.
        reason: String,
    },
    /// The selected columns do not match the input width of the network.
    Width {
        /// The file.
        file: String,
        /// The selected inputs.
        found: String,
        /// The number of selected inputs, counting one for each category of a categorical column.
        width: usize,
        /// The number of inputs that the array holds.
        expected: usize,
    },
    /// The type of the labels cannot encode the number of classes.
    Classes {
        /// The file.
        file: String,
        /// The number of classes.
        classes: usize,
        /// The length of a label.
        width: usize,
    },
    /// The content is malformed, or does not have the requested shape.
    Format {
        /// The file.
        file: String,
        /// A description of the content.
        found: String,
        /// A description of the content that is required.
        expected: String,
    },
    /// The file contains no samples.
    Empty {
        /// The file.
        file: String,
    },
    /// The numbers of inputs and labels differ.
    Lengths {
        /// The number of inputs.
        inputs: usize,
        /// The number of labels.
        labels: usize,
    },
    /// A share is not above 0, or the shares do not sum to 1.
    Shares {
        /// The sum of the shares.
        sum: f64,
    },
    /// The parameter of [`mixup`](super::augment::mixup) is negative or NaN.
    Alpha {
        /// The parameter.
        alpha: f64,
    },
    /// There are too few samples for the requested number of parts, or fewer than two folds.
    TooFew {
        /// The number of samples.
        samples: usize,
        /// The number of parts.
        parts: usize,
    },
    /// The class of a label is not below the number of classes.
    Class {
        /// The index of the sample, from 0.
        sample: usize,
        /// The class of the sample.
        class: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A label stands for no class, because one of its numbers is not from 0 to 1.
    Probability {
        /// The index of the sample, from 0.
        sample: usize,
    },
    /// A series, or a part of it, has no window.
    Series {
        /// The first row that the windows may use.
        first: usize,
        /// The number of rows from there.
        rows: usize,
        /// The steps of a window.
        steps: usize,
        /// The rows of a label.
        horizon: usize,
    },
    /// A series is too short for a batch of pieces.
    Pieces {
        /// The number of rows.
        rows: usize,
        /// The rows of a piece.
        steps: usize,
        /// The number of pieces in a batch.
        batch: usize,
    },
    /// A series has no frames, or more than a sample.
    Length {
        /// The number of frames.
        frames: usize,
        /// The most frames of a sample.
        steps: usize,
    },
    /// A number of a series is NaN or infinite.
    Step {
        /// The index of the row, from 0.
        row: usize,
        /// The index of the number in the row, from 0.
        place: usize,
        /// The number.
        value: f64,
    },
    /// A symbol of a text is not in the [vocabulary](super::Vocabulary).
    Symbol {
        /// Where it is in the text.
        place: String,
        /// The symbol.
        symbol: String,
    },
    /// A token is not the number of a symbol.
    Token {
        /// The index of the token, from 0.
        place: usize,
        /// The token.
        token: f64,
        /// The number of symbols.
        tokens: usize,
    },
    /// The weight of a class is negative, NaN, or not finite as `f32`.
    Weight {
        /// The class.
        class: usize,
        /// The weight.
        weight: f64,
    },
    /// A setting of an [augmentation](super::augment) is out of range. The text names the setting and the range.
    Augmentation(&'static str),
}

impl DataError {
    /// Adds the name of the file to an I/O error, for `map_err`.
    pub(super) fn io(file: &str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io { file: file.into(), error }
    }

    /// Describes samples of `length` numbers, for the `expected` field.
    pub(super) fn samples_of(length: usize) -> String {
        if length == 1 { "one number per sample".into() } else { std::format!("samples of {length} numbers") }
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
                let (column, expected, value) = (short(column), paragraph(expected), short(value));
                write!(formatter, "{file}, line {line}, column `{column}`: expected {expected}, found `{value}`")
            }
            Self::Line { file, line, found, expected } => {
                write!(formatter, "{file}, line {line}: expected {}, found {}", paragraph(expected), paragraph(found))
            }
            Self::Fields { file, line, found, expected } => write!(
                formatter,
                "{file}, line {line}: expected {expected} fields as in the lines before, found {found}"
            ),
            Self::Column { file, column, found } => {
                let (column, found) = (short(column), paragraph(found));
                write!(formatter, "{file}: expected exactly one column `{column}`, found the columns {found}")
            }
            Self::Settings { file, reason } => write!(formatter, "{file}: {}", paragraph(reason)),
            Self::Width { file, found, width, expected } => write!(
                formatter,
                "{file}: expected {expected} inputs, found {width} ({}): \
                 select columns with `Csv::inputs` or `Csv::ignore`",
                paragraph(found)
            ),
            Self::Classes { file, classes, width } => write!(
                formatter,
                "{file}: a label of {width} numbers cannot encode {classes} classes: \
                 use one number per class, or a single number for two classes"
            ),
            Self::Format { file, found, expected } => {
                write!(formatter, "{file}: expected {}, found {}", paragraph(expected), paragraph(found))
            }
            Self::Empty { file } => write!(formatter, "{file} contains no samples"),
            Self::Lengths { inputs, labels } => {
                write!(formatter, "{inputs} inputs but {labels} labels: provide one label for each input")
            }
            Self::Shares { sum } => {
                write!(formatter, "every share must be positive, and the shares must sum to 1; they sum to {sum}")
            }
            Self::Alpha { alpha } => write!(formatter, "the `alpha` of mixup is {alpha}: it must be at least 0"),
            Self::TooFew { samples, parts } => write!(
                formatter,
                "cannot divide {samples} samples into {parts} parts: each part needs at least one sample, \
                 but a small share rounds to 0; cross-validation needs at least two parts"
            ),
            Self::Class { sample, class, classes } => write!(
                formatter,
                "sample {sample} has class {class}, but there are {classes} classes, numbered from 0: \
                 correct the label or raise the number of classes"
            ),
            Self::Probability { sample } => write!(
                formatter,
                "the label of sample {sample} holds a number that is not from 0 to 1: pass probabilities or class numbers"
            ),
            Self::Series { first, rows, steps, horizon } => write!(
                formatter,
                "the series has {rows} rows from row {first}, but a window has {steps} and its label {horizon}: \
                 use more rows, or fewer parts or steps"
            ),
            Self::Pieces { rows, steps, batch } => write!(
                formatter,
                "the series has {rows} rows, but a batch has {batch} pieces of {steps}: use more rows, fewer pieces or shorter ones"
            ),
            Self::Length { frames, steps } => {
                write!(formatter, "a series of {frames} frames: a sample has from 1 to {steps}")
            }
            Self::Step { row, place, value } => {
                write!(formatter, "number {place} of row {row} of the series is {value}: fill in missing values first")
            }
            Self::Symbol { place, symbol } => write!(
                formatter,
                "{place}: the {symbol} is not in the vocabulary: make it from a text with all symbols, or leave this one out"
            ),
            Self::Token { place, token, tokens } => {
                write!(formatter, "token {place} is {token}: the vocabulary has the numbers from 0 to below {tokens}")
            }
            Self::Weight { class, weight } => {
                write!(formatter, "the weight of class {class} is {weight}: it must be finite and at least 0")
            }
            Self::Augmentation(what) => formatter.write_str(what),
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
