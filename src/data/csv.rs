//! CSV files.

use std::{
    fmt, format,
    io::{Chain, Read},
    path::Path,
    string::{String, ToString},
    vec::Vec,
};

use ::csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator, Trim};
use serde::de::DeserializeOwned;

use super::{DataError, file};
use crate::{Tensor, kernel::Element};

/// Reads CSV files into arrays: selects the columns of inputs and labels, and encodes their values.
///
/// By default, the label is in the last column (the last `K` columns for a label of `K` numbers), and all other columns
/// are inputs, in the order of the file. Whitespace around fields is ignored.
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
    /// Inserts this number. A missing category is encoded as all zeros.
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

/// The type of a label: a class index (`usize`), numbers (`[f32; K]`, `[f64; K]`), or no label (`()`).
///
/// If the classes have names, `[T; 1]` encodes two classes as 0 and 1, and `[T; K]` encodes `K` classes one-hot.
pub trait Target: Sized {
    /// The number of columns that a label takes, unless it is a class.
    const COLUMNS: usize;
    /// Whether the label is a class even if the classes have no names.
    const CLASS: bool;

    /// Encodes one of `classes` classes. Returns `None` if the type cannot encode that many.
    fn from_class(class: usize, classes: Option<usize>) -> Option<Self>;

    /// Whether `number` is finite when converted to the type of the label.
    fn holds(number: f64) -> bool {
        number.is_finite()
    }

    /// Creates a label from the numbers in its columns.
    fn from_numbers(numbers: &[f64]) -> Self;
}

impl Target for () {
    const COLUMNS: usize = 0;
    const CLASS: bool = false;

    fn from_class(_: usize, _: Option<usize>) -> Option<Self> {
        Some(())
    }

    fn from_numbers(_: &[f64]) -> Self {}
}

impl Target for usize {
    const COLUMNS: usize = 1;
    const CLASS: bool = true;

    fn from_class(class: usize, _: Option<usize>) -> Option<Self> {
        Some(class)
    }

    fn from_numbers(numbers: &[f64]) -> Self {
        numbers.first().map_or(0, |&class| class as Self)
    }
}

impl<T: Element, const K: usize> Target for [T; K] {
    const COLUMNS: usize = K;
    const CLASS: bool = false;

    fn from_class(class: usize, classes: Option<usize>) -> Option<Self> {
        let classes = classes?;
        if K == 1 && classes <= 2 {
            return Some([T::from_f64(class as f64); K]);
        }
        (K == classes).then(|| core::array::from_fn(|index| if index == class { T::one() } else { T::zero() }))
    }

    fn holds(number: f64) -> bool {
        T::from_f64(number).is_finite()
    }

    fn from_numbers(numbers: &[f64]) -> Self {
        core::array::from_fn(|index| numbers.get(index).map_or(T::zero(), |&number| T::from_f64(number)))
    }
}

impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}

impl Csv {
    /// Expects a header line with the names of the columns.
    ///
    /// A header of numbers, some of them fractional, is an error: it is taken for a data row, which would otherwise be
    /// lost.
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

    /// Sets the delimiter between fields (a comma by default).
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

    /// Declares a categorical input with these `values`. It is one-hot encoded: one input per value, 1 for the value of
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

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or a column, line or value is invalid; see [`DataError`].
    pub fn read<T: Element + Tensor<Element = T>, const N: usize, Y: Target>(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Table<[T; N], Y>, DataError> {
        let path = path.as_ref();
        self.read_from(file::open(path)?, &file::name(path))
    }

    /// Like [`read`](Self::read), from any reader. Error messages refer to it as `name`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`read`](Self::read).
    pub fn read_from<T: Element + Tensor<Element = T>, const N: usize, Y: Target>(
        &self,
        reader: impl Read,
        name: &str,
    ) -> Result<Table<[T; N], Y>, DataError> {
        let empty = || DataError::Empty { file: name.into() };
        let mut records = Records::new(self, reader, name);
        let header = if self.header == Header::None { None } else { Some(records.header(self)?.ok_or_else(empty)?) };
        let mut next = records.next()?;
        let columns = match &header {
            Some(header) if self.header == Header::Names => header.iter().map(Into::into).collect(),
            _ => (0..next.as_ref().ok_or_else(empty)?.len()).map(|number| number.to_string()).collect(),
        };
        let counts = header.filter(|_| self.header == Header::Counts);
        let layout = Layout::new::<Y, N>(self, columns, counts.as_ref(), name)?;
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
            layout.check_count(counts, 0, "rows", x.len() + dropped)?;
        }
        if x.is_empty() {
            return Err(empty());
        }
        Ok(Table { x, y, names: layout.names, classes: layout.classes, dropped })
    }

    /// Deserializes each row into a type that implements serde's `Deserialize`. Fields are matched by column name if
    /// the file has a header with names, and by position otherwise. Of the settings, only the kind of header and the
    /// delimiter apply.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or a row cannot be deserialized.
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
        let mut records = Records::new(self, reader, name);
        let header = if self.header == Header::None { None } else { records.header(self)? };
        let names = header.as_ref().filter(|_| self.header == Header::Names);
        let mut rows = Vec::new();
        while let Some(record) = records.next()? {
            rows.push(record.deserialize(names).map_err(|error| {
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
            })?);
        }
        Ok(rows)
    }
}

/// The records of a file, with their line numbers. All records have the same number of fields.
struct Records<'a, R> {
    reader: ::csv::Reader<Chain<R, &'static [u8]>>,
    name: &'a str,
    fields: Option<usize>,
    /// Whether the next record is the line of counts of a [bundled](Csv::bundled) file.
    counts_are_next: bool,
}

impl<'a, R: Read> Records<'a, R> {
    /// A line feed after the last record, as after all others, keeps line numbers equal to those of the file. Trimming
    /// removes the carriage returns of Windows line endings.
    fn new(csv: &Csv, reader: R, name: &'a str) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .delimiter(csv.delimiter)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(reader.chain(&b"\n"[..]));
        Self { reader, name, fields: None, counts_are_next: csv.header == Header::Counts }
    }

    /// The header. Data in the place of column names are an error, because that row would be lost.
    fn header(&mut self, csv: &Csv) -> Result<Option<StringRecord>, DataError> {
        let header = self.next()?;
        match &header {
            Some(names) if csv.header == Header::Names && is_data(names) => {
                let found = format!("the numbers {}", quoted(names));
                let expected = "column names in the first line (use `Csv::unnamed` for a file without a header)";
                Err(DataError::format(self.name, found, expected))
            }
            _ => Ok(header),
        }
    }

    fn next(&mut self) -> Result<Option<StringRecord>, DataError> {
        let mut record = StringRecord::new();
        loop {
            if !self.reader.read_record(&mut record).map_err(|error| self.error(error))? {
                return Ok(None);
            }
            if record.len() > 1 || record.iter().any(|field| !field.is_empty()) {
                break;
            }
        }
        let inside = record.iter().map(|field| field.matches('\n').count() as u64).sum();
        let line = self.lines().saturating_sub(inside);
        let mut position = ::csv::Position::new();
        position.set_line(line);
        record.set_position(Some(position));
        // The line of counts may differ from the data in its number of fields.
        if self.counts_are_next {
            self.counts_are_next = false;
            return Ok(Some(record));
        }
        match *self.fields.get_or_insert(record.len()) {
            expected if expected != record.len() => {
                Err(DataError::Fields { file: self.name.into(), line, found: record.len(), expected })
            }
            _ => Ok(Some(record)),
        }
    }

    /// The number of lines read so far. The reader's own position of a record includes the blank lines before it.
    fn lines(&self) -> u64 {
        self.reader.position().line() - 1
    }

    fn error(&self, error: ::csv::Error) -> DataError {
        match error.into_kind() {
            ErrorKind::Io(error) => DataError::Io { file: self.name.into(), error },
            ErrorKind::Utf8 { err, .. } => DataError::Value {
                file: self.name.into(),
                line: self.lines(),
                column: err.field().to_string(),
                value: "\u{fffd}".into(),
                expected: "UTF-8 text".into(),
            },
            other => DataError::format(self.name, format!("{other:?}"), "a CSV file"),
        }
    }
}

fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, ::csv::Position::line)
}

/// The names in backquotes, separated by commas.
fn quoted(names: impl IntoIterator<Item: fmt::Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether a header is a data row: all fields are numbers or missing, and at least one number is fractional. Integers,
/// such as years, may be column names.
fn is_data(line: &StringRecord) -> bool {
    let number = |field: &str| field.parse::<f64>().ok();
    line.iter().all(|field| is_missing(field) || number(field).is_some())
        && line.iter().filter_map(number).any(|number| number.is_finite() && number.fract() != 0.0)
}

/// Returns an error if a value occurs twice, because no row could ever match the second.
fn check_unique(values: &[String], description: &str, file: &str) -> Result<(), DataError> {
    match values.iter().enumerate().find(|(index, value)| values[..*index].contains(value)) {
        Some((_, duplicate)) => {
            Err(DataError::format(file, format!("`{duplicate}` twice"), format!("distinct {description}")))
        }
        None => Ok(()),
    }
}

fn is_missing(field: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "?"].iter().any(|mark| field.eq_ignore_ascii_case(mark))
}

/// Parses a class index. Floating-point notation such as `1.0` or `1e0` is accepted.
fn class_number(field: &str) -> Option<usize> {
    let whole = |number: &f64| (0.0..=9_007_199_254_740_992.0).contains(number) && number.fract() == 0.0;
    field.parse().ok().or_else(|| field.parse().ok().filter(whole).map(|number| number as usize))
}

/// The meaning of the columns of a file.
struct Layout<'a> {
    csv: &'a Csv,
    file: &'a str,
    /// The names of all columns.
    columns: Vec<String>,
    /// The index of each input column, with its values if it is categorical.
    inputs: Vec<(usize, Option<&'a [String]>)>,
    /// The names of the inputs.
    names: Vec<String>,
    /// The indices of the label columns.
    targets: Vec<usize>,
    labels_are_classes: bool,
    /// The names of the classes, or empty if they have none.
    classes: Vec<String>,
}

impl<'a> Layout<'a> {
    fn new<Y: Target, const N: usize>(
        csv: &'a Csv,
        columns: Vec<String>,
        counts: Option<&StringRecord>,
        file: &'a str,
    ) -> Result<Self, DataError> {
        let mut classes = csv.classes.clone();
        if let (true, Some(counts)) = (classes.is_empty(), counts) {
            classes = counts.iter().skip(2).map(Into::into).collect();
        }
        check_unique(&classes, "class names", file)?;
        let labels_are_classes = Y::COLUMNS > 0 && (Y::CLASS || !classes.is_empty());
        if labels_are_classes && Y::from_class(0, Some(classes.len())).is_none() {
            return Err(DataError::Classes { file: file.into(), classes: classes.len(), width: Y::COLUMNS });
        }
        if columns.len() == 1 && csv.categories.is_empty() && N + Y::COLUMNS.min(1) > 1 {
            let expected = "several columns (set the delimiter with `Csv::delimiter`)";
            return Err(DataError::format(file, format!("a single one, {}", quoted(&columns)), expected));
        }
        let (inputs, names, targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut layout = Self { csv, file, columns, inputs, names, targets, labels_are_classes, classes };
        if let Some(counts) = counts {
            layout.check_count(counts, 1, "inputs", layout.columns.len() - 1)?;
        }

        let ignored = layout.find_all(&csv.ignored)?;
        let all_except = |taken: &[usize]| {
            let columns = 0..layout.columns.len();
            columns.filter(|column| !ignored.contains(column) && !taken.contains(column)).collect::<Vec<_>>()
        };
        let label_columns = if labels_are_classes { 1 } else { Y::COLUMNS };
        let targets = match &csv.targets {
            Some(targets) => layout.find_all(targets)?,
            None => {
                let all = all_except(&[]);
                all[all.len().saturating_sub(label_columns)..].into()
            }
        };
        if targets.len() != label_columns {
            let expected = format!("{label_columns} label columns");
            return Err(DataError::format(file, targets.len().to_string(), expected));
        }
        let inputs = match &csv.inputs {
            Some(inputs) => layout.find_all(inputs)?,
            None => all_except(&targets),
        };
        let categorical = csv.categories.iter().map(|(column, values)| {
            let index = layout.find(column)?;
            check_unique(values, &format!("categories of `{}`", layout.columns[index]), file)?;
            Ok((index, &values[..]))
        });
        let categorical = categorical.collect::<Result<Vec<_>, DataError>>()?;
        for &input in &inputs {
            let values = categorical.iter().find(|(column, _)| *column == input).map(|&(_, values)| values);
            let name = &layout.columns[input];
            match values {
                Some(values) => layout.names.extend(values.iter().map(|value| format!("{name}={value}"))),
                None => layout.names.push(name.clone()),
            }
            layout.inputs.push((input, values));
        }
        layout.targets = targets;
        if layout.names.len() != N {
            let (found, width) = (quoted(&layout.names), layout.names.len());
            return Err(DataError::Width { file: file.into(), found, width, expected: N });
        }
        Ok(layout)
    }

    /// The index of a column.
    fn find(&self, column: &Column) -> Result<usize, DataError> {
        let mut matches = (0..self.columns.len()).filter(|&index| match column {
            Column::Name(name) => self.columns[index] == *name,
            Column::Number(number) => index == *number,
        });
        match (matches.next(), matches.next()) {
            (Some(index), None) => Ok(index),
            _ => {
                let column = match column {
                    Column::Name(name) => name.clone(),
                    Column::Number(number) => number.to_string(),
                };
                Err(DataError::Column { file: self.file.into(), column, found: quoted(&self.columns) })
            }
        }
    }

    fn find_all(&self, columns: &[Column]) -> Result<Vec<usize>, DataError> {
        columns.iter().map(|column| self.find(column)).collect()
    }

    /// Checks one of the counts in the first line of a [bundled](Csv::bundled) file.
    fn check_count(&self, counts: &StringRecord, field: usize, what: &str, count: usize) -> Result<(), DataError> {
        let value = counts.get(field).unwrap_or("");
        if value.parse() == Ok(count) {
            return Ok(());
        }
        Err(DataError::Value {
            file: self.file.into(),
            line: line(counts),
            column: field.to_string(),
            value: value.into(),
            expected: format!("the number of {what}, {count}"),
        })
    }

    /// The input and the label of a row, or `None` if the row is skipped.
    fn sample<T: Element, const N: usize, Y: Target>(
        &self,
        record: &StringRecord,
    ) -> Result<Option<([T; N], Y)>, DataError> {
        let Some(label) = self.label(record)? else { return Ok(None) };
        let mut x = [T::zero(); N];
        let mut start = 0;
        for &(column, values) in &self.inputs {
            let field = &record[column];
            match values {
                None => {
                    let Some(number) = self.input(record, column)? else { return Ok(None) };
                    x[start] = number;
                    start += 1;
                }
                Some(values) => {
                    match values.iter().position(|value| value == field) {
                        Some(value) => x[start + value] = T::one(),
                        None if !is_missing(field) || self.csv.missing == Missing::Error => {
                            return Err(self.value_error(record, column, format!("one of {}", quoted(values))));
                        }
                        None if self.csv.missing == Missing::DropRow => return Ok(None),
                        None => {}
                    }
                    start += values.len();
                }
            }
        }
        Ok(Some((x, label)))
    }

    fn input<T: Element>(&self, record: &StringRecord, column: usize) -> Result<Option<T>, DataError> {
        if !is_missing(&record[column]) {
            return self.number(record, column, |number| Some(T::from_f64(number)).filter(|x| x.is_finite())).map(Some);
        }
        match self.csv.missing {
            Missing::Error => {
                let expected = "a number (choose how to treat missing values with `Csv::missing`)";
                Err(self.value_error(record, column, expected.into()))
            }
            Missing::DropRow => Ok(None),
            Missing::Nan => Ok(Some(T::from_f64(f64::NAN))),
            Missing::Constant(value) => Ok(Some(T::from_f64(value))),
        }
    }

    fn number<V>(
        &self,
        record: &StringRecord,
        column: usize,
        convert: impl Fn(f64) -> Option<V>,
    ) -> Result<V, DataError> {
        let number = record[column].parse().ok().and_then(convert);
        number.ok_or_else(|| self.value_error(record, column, "a finite number".into()))
    }

    fn label<Y: Target>(&self, record: &StringRecord) -> Result<Option<Y>, DataError> {
        if self.labels_are_classes {
            return self.class(record, self.targets[0]);
        }
        let mut numbers = Vec::with_capacity(self.targets.len());
        for &column in &self.targets {
            if is_missing(&record[column]) {
                return self.missing_label(record, column);
            }
            numbers.push(self.number(record, column, |number| Y::holds(number).then_some(number))?);
        }
        Ok(Some(Y::from_numbers(&numbers)))
    }

    fn class<Y: Target>(&self, record: &StringRecord, column: usize) -> Result<Option<Y>, DataError> {
        let (field, named) = (&record[column], !self.csv.classes.is_empty());
        let known = if self.classes.is_empty() { None } else { Some(self.classes.len()) };
        let class = match named {
            true => self.classes.iter().position(|name| name == field),
            false => class_number(field).filter(|&class| known.is_none_or(|known| class < known)),
        };
        match class.and_then(|class| Y::from_class(class, known)) {
            Some(label) => Ok(Some(label)),
            None if is_missing(field) => self.missing_label(record, column),
            None => Err(self.value_error(
                record,
                column,
                match known {
                    Some(_) if named => format!("one of the classes {}", quoted(&self.classes)),
                    Some(known) => format!("a class index below {known}"),
                    None => "a class index (declare class names with `Csv::classes`)".into(),
                },
            )),
        }
    }

    fn missing_label<Y>(&self, record: &StringRecord, column: usize) -> Result<Option<Y>, DataError> {
        match self.csv.missing {
            Missing::DropRow => Ok(None),
            _ => {
                let expected = "a label (skip rows without one with `Missing::DropRow`)";
                Err(self.value_error(record, column, expected.into()))
            }
        }
    }

    fn value_error(&self, record: &StringRecord, column: usize, expected: String) -> DataError {
        DataError::Value {
            file: self.file.into(),
            line: line(record),
            column: self.columns[column].clone(),
            value: record[column].into(),
            expected,
        }
    }
}
