//! CSV files.

mod layout;
mod records;
mod target;
mod text;

use core::{fmt, marker::PhantomData};
use std::{
    format,
    io::Read,
    path::Path,
    string::{String, ToString},
    vec::Vec,
};

use ::csv::ErrorKind;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor},
};

use self::{
    layout::Layout,
    records::{Records, check_count, check_unique, line},
};
use super::{DataError, file};
use crate::Tensor;

pub use target::Target;

/// Reads CSV files into arrays: selects the columns of inputs and labels, and encodes their values.
///
/// By default, the label is in the last column (the last `K` columns for a label of `K` numbers), and all other columns
/// are inputs, in the order of the file. Whitespace around fields is ignored. Lines may end with `\n`, `\r\n` or `\r`.
/// A quoted field that is never closed is an error, because it would contain the rest of the file.
///
/// A column is an input, a label or ignored. Settings that select it twice are an error ([`DataError::Settings`]).
///
/// ```
/// use shiplap::data::{Csv, Missing, Table};
///
/// let text = "id,height,color,species\n1,0.5,red,oak\n2,,blue,elm\n3,0.7,blue,oak\n";
/// let table: Table<[f32; 3], usize> = Csv::new()
///     .ignore("id")
///     .categories("color", ["red", "blue"]) // one-hot encoded
///     .classes(["elm", "oak"]) // class 0 and class 1
///     .missing(Missing::Nan) // for an `Impute` layer
///     .read_from(text.as_bytes(), "trees")?;
/// assert_eq!(table.names, ["height", "color=red", "color=blue"]);
/// assert_eq!(table.x[2], [0.7, 0.0, 1.0]);
/// assert_eq!(table.y, [1, 0, 1]);
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Csv {
    header: Header,
    delimiter: u8,
    inputs: Option<Vec<Column>>,
    ignored: Vec<Column>,
    targets: Option<Vec<Column>>,
    categories: Vec<(Column, Vec<String>)>,
    classes: Vec<String>,
    missing: Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Names,
    None,
    Counts,
}

/// The treatment of missing values. A value is missing if its field is empty, `NA`, `N/A`, `NaN`, `null` (in upper or
/// lower case) or `?`. A missing label is an error, except with [`DropRow`](Self::DropRow).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// Reports an error.
    #[default]
    Error,
    /// Skips the row, even if only the label is missing. [`Table::dropped`] counts the skipped rows.
    DropRow,
    /// Inserts NaN, which an [`Impute`](crate::layers::Impute) layer replaces. A missing category is encoded as all
    /// zeros.
    Nan,
    /// Inserts this number, which is finite as the type of the inputs. A missing category is encoded as all zeros.
    Constant(f64),
}

/// A column, given by its name in the header or by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Column {
    /// The name in the header.
    Name(String),
    /// The index, from 0.
    Number(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<usize> for Column {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

/// The contents of a CSV file, as arrays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Table<X, Y = ()> {
    /// The inputs, one element per sample.
    pub x: Vec<X>,
    /// The labels, one element per sample.
    pub y: Vec<Y>,
    /// The names of the inputs. A category is named after column and value: `color=red`.
    pub names: Vec<String>,
    /// The names of the classes, or empty if they have none.
    pub classes: Vec<String>,
    /// The number of rows that were skipped because a value was missing.
    pub dropped: usize,
}

impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}

impl Csv {
    /// Expects a header line with the names of the columns.
    ///
    /// A header that is a data row is an error, because that row would otherwise be lost: if a number occurs twice in it;
    /// if it consists of numbers, some of them fractional; if it has a number, and a word that recurs in its column; or
    /// if the name of a categorical column is one of its values. Distinct integers, such as years, may be column names.
    pub fn new() -> Self {
        Self {
            header: Header::Names,
            delimiter: b',',
            inputs: None,
            ignored: Vec::new(),
            targets: None,
            categories: Vec::new(),
            classes: Vec::new(),
            missing: Missing::Error,
        }
    }

    /// Expects no header: the first line is data. Columns are named by their index, from 0.
    pub fn unnamed() -> Self {
        Self { header: Header::None, ..Self::new() }
    }

    /// Expects the format of the data sets that are bundled with scikit-learn. The first line contains the number of
    /// rows, the number of inputs and the names of the classes. The last column is the class index. Columns are named
    /// by their index, from 0.
    pub fn bundled() -> Self {
        Self { header: Header::Counts, ..Self::new() }
    }

    /// Sets the delimiter between fields (a comma by default): a character of ASCII, but not a quote or a line ending.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Selects the input columns and their order (by default all columns except the label).
    #[must_use]
    pub fn inputs<C: Into<Column>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { inputs: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// Ignores a column, such as the identifier of the row.
    #[must_use]
    pub fn ignore(mut self, column: impl Into<Column>) -> Self {
        self.ignored.push(column.into());
        self
    }

    /// Selects the column of the label (by default the last).
    #[must_use]
    pub fn target(self, column: impl Into<Column>) -> Self {
        self.targets([column])
    }

    /// Selects the columns of a label of several numbers (by default the last ones).
    #[must_use]
    pub fn targets<C: Into<Column>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { targets: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// Declares a categorical input with these `values`, at least one. It is one-hot encoded: one input per value, 1 for the value of
    /// the row and 0 for the others.
    #[must_use]
    pub fn categories<V: Into<String>>(
        mut self,
        column: impl Into<Column>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.categories.push((column.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Declares that labels are class names. The first name is class 0.
    #[must_use]
    pub fn classes<V: Into<String>>(self, names: impl IntoIterator<Item = V>) -> Self {
        Self { classes: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets the treatment of missing values (an error by default).
    #[must_use]
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Reads a file. The inputs of a row are a vector, `[f32; 4]`, or the numbers of another tensor in row-major order, such
    /// as the pixels of an image.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or a column, line or value is invalid; see [`DataError`].
    pub fn read<X: Tensor, Y: Target>(&self, path: impl AsRef<Path>) -> Result<Table<X, Y>, DataError> {
        let path = path.as_ref();
        self.read_from(file::open(path)?, &file::name(path))
    }

    /// Like [`read`](Self::read), from any reader. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub fn read_from<X: Tensor, Y: Target>(&self, reader: impl Read, name: &str) -> Result<Table<X, Y>, DataError> {
        let empty = || DataError::Empty { file: name.into() };
        let mut records = Records::new(self, reader, name)?;
        let header = if self.header == Header::None { None } else { Some(records.header(self)?.ok_or_else(empty)?) };
        let mut next = records.next()?;
        let columns = match &header {
            Some(header) if self.header == Header::Names => header.iter().map(Into::into).collect(),
            _ => (0..next.as_ref().ok_or_else(empty)?.len()).map(|number| number.to_string()).collect(),
        };
        let counts = header.filter(|_| self.header == Header::Counts);
        let layout = Layout::new::<X, Y>(self, columns, counts.as_ref(), name)?;
        let (mut x, mut y, mut dropped) = (Vec::new(), Vec::new(), 0);
        while let Some(record) = next {
            match layout.sample(&record)? {
                Some((input, label)) => {
                    x.push(input);
                    y.push(label);
                }
                None => dropped += 1,
            }
            next = records.next()?;
        }
        if let Some(counts) = &counts {
            check_count(counts, 0, "rows", x.len() + dropped, name)?;
        }
        if x.is_empty() {
            return Err(empty());
        }
        Ok(Table { x, y, names: layout.names, classes: layout.classes, dropped })
    }

    /// Deserializes each row into a type that implements serde's `Deserialize`. Fields are matched by column name if
    /// the file has a header with names and the type is a struct or a map; other columns are then ignored. Otherwise,
    /// they are matched by position, and the type takes all fields of a row. Of the settings, only the kind of header
    /// and the delimiter apply.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or has no rows, or a row cannot be deserialized or has more fields
    /// than the type takes.
    ///
    // The derive comes with serde's own feature, which `safetensors` needs and this does not.
    #[cfg_attr(feature = "safetensors", doc = "```")]
    #[cfg_attr(not(feature = "safetensors"), doc = "```ignore")]
    /// #[derive(serde::Deserialize)]
    /// struct Tree {
    ///     height: f32,
    ///     species: String,
    /// }
    ///
    /// let text = "species,height\noak,7.5\n";
    /// let trees: Vec<Tree> = shiplap::data::Csv::new().records_from(text.as_bytes(), "trees")?;
    /// assert_eq!((trees[0].height, trees[0].species.as_str()), (7.5, "oak"));
    /// # Ok::<(), shiplap::data::DataError>(())
    /// ```
    pub fn records<R: DeserializeOwned>(&self, path: impl AsRef<Path>) -> Result<Vec<R>, DataError> {
        let path = path.as_ref();
        self.records_from(file::open(path)?, &file::name(path))
    }

    /// Like [`records`](Self::records), from any reader. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`records`](Self::records).
    pub fn records_from<R: DeserializeOwned>(&self, reader: impl Read, name: &str) -> Result<Vec<R>, DataError> {
        let mut records = Records::new(self, reader, name)?;
        let header = if self.header == Header::None { None } else { records.header(self)? };
        let names = header.as_ref().filter(|_| self.header == Header::Names);
        // A map would contain only the last of the columns with the same name.
        let named = names.iter().flat_map(|names| names.iter()).filter(|name| !name.is_empty()).map(Into::into);
        check_unique(&named.collect::<Vec<String>>(), "column names", name)?;
        let mut rows = Vec::new();
        while let Some(record) = records.next()? {
            let Counted(row, rest) = record.deserialize(names).map_err(|error| {
                let ErrorKind::Deserialize { err, .. } = error.kind() else {
                    return DataError::format(name, error.to_string(), "a CSV file");
                };
                let Some(field) = err.field().map(|field| field as usize) else {
                    let found = format!("line {} ({})", line(&record), err.kind());
                    return DataError::format(name, found, "rows of the record type");
                };
                let column = names.and_then(|names| names.get(field)).map_or(field.to_string(), Into::into);
                let value = record.get(field).unwrap_or("").into();
                DataError::Value {
                    file: name.into(),
                    line: line(&record),
                    column,
                    value,
                    expected: format!("a value of the record type ({})", err.kind()),
                }
            })?;
            if rest > 0 {
                let found = format!("{}", record.len());
                let expected = format!("{} fields, which the record type takes", record.len() - rest);
                return Err(DataError::Line { file: name.into(), line: line(&record), found, expected });
            }
            rows.push(row);
        }
        if let Some(counts) = header.as_ref().filter(|_| self.header == Header::Counts) {
            check_count(counts, 0, "rows", rows.len(), name)?;
        }
        if rows.is_empty() { Err(DataError::Empty { file: name.into() }) } else { Ok(rows) }
    }
}

/// A record, and the number of fields of its row that it did not take.
struct Counted<R>(R, usize);

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Counted<R> {
    fn deserialize<D: Deserializer<'de>>(row: D) -> Result<Self, D::Error> {
        struct Fields<R>(PhantomData<R>);

        impl<'de, R: Deserialize<'de>> Visitor<'de> for Fields<R> {
            type Value = Counted<R>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a row with fields")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Counted<R>, A::Error> {
                let record = row.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let mut rest = 0;
                while row.next_element::<IgnoredAny>()?.is_some() {
                    rest += 1;
                }
                Ok(Counted(record, rest))
            }
        }

        row.deserialize_seq(Fields(PhantomData))
    }
}
