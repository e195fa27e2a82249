//! Tables in CSV files.

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

/// How a CSV file is read into arrays: which columns are inputs, which are labels, and what stands in them.
///
/// Unless told otherwise, the labels are the last columns, as many as a label has numbers, and the inputs are all
/// others, in the order of the file. Spaces around fields do not count.
///
/// ```
/// use shiplap::data::{Csv, Missing, Table};
///
/// let text = "id,height,colour,species\n1,0.5,red,oak\n2,,blue,elm\n3,0.7,blue,oak\n";
/// let table: Table<[f32; 3], usize> = Csv::new()
///     .ignore("id")
///     .categories("colour", ["red", "blue"]) // two columns, 1 in that of the colour
///     .classes(["elm", "oak"]) // class 0 and class 1
///     .missing(Missing::Nan) // for `Impute` to fill in
///     .read_from(text.as_bytes(), "trees")?;
/// assert_eq!(table.names, ["height", "colour=red", "colour=blue"]);
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

/// What is done where a value is missing: where a field is empty, `NA`, `N/A`, `NaN`, `null` or `?`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Missing {
    /// It is an error.
    #[default]
    Error,
    /// The row is left out, also where it is the label that is missing; [`Table::dropped`] counts these rows.
    DropRow,
    /// It becomes NaN, for [`Impute`](crate::layers::Impute) to fill in. A missing category is 0 in each column.
    Nan,
    /// It becomes this number. A missing category is 0 in each column.
    Constant(f64),
}

/// A column by its name in the first line, or by its number from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Its name.
    Name(String),
    /// Its number, from 0.
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

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<X, Y = ()> {
    /// The inputs, a sample each.
    pub x: Vec<X>,
    /// The labels.
    pub y: Vec<Y>,
    /// The name of each input; `colour=red` for that of a category.
    pub names: Vec<String>,
    /// The names of the classes, where they are known.
    pub classes: Vec<String>,
    /// How many rows were left out because a value was missing.
    pub dropped: usize,
}

/// What labels can be read into: class numbers (`usize`), numbers (`[f32; K]`, `[f64; K]`), or nothing (`()`).
///
/// Where the classes have names, `[T; 1]` is 0 or 1, and `[T; K]` is 1 in the place of the class.
pub trait Target: Sized {
    /// How many columns hold it, where it is not a class.
    const COLUMNS: usize;
    /// Whether it is always a class.
    const CLASS: bool;

    /// The label for a class out of `classes`, where it can hold so many.
    fn of_class(class: usize, classes: Option<usize>) -> Option<Self>;

    /// Whether it can hold `number` as something finite.
    fn holds(number: f64) -> bool {
        number.is_finite()
    }

    /// The label from its numbers.
    fn of_numbers(numbers: &[f64]) -> Self;
}

impl Target for () {
    const COLUMNS: usize = 0;
    const CLASS: bool = false;

    fn of_class(_: usize, _: Option<usize>) -> Option<Self> {
        Some(())
    }

    fn of_numbers(_: &[f64]) -> Self {}
}

impl Target for usize {
    const COLUMNS: usize = 1;
    const CLASS: bool = true;

    fn of_class(class: usize, _: Option<usize>) -> Option<Self> {
        Some(class)
    }

    fn of_numbers(numbers: &[f64]) -> Self {
        numbers.first().map_or(0, |&class| class as Self)
    }
}

impl<T: Element, const K: usize> Target for [T; K] {
    const COLUMNS: usize = K;
    const CLASS: bool = false;

    fn of_class(class: usize, classes: Option<usize>) -> Option<Self> {
        let classes = classes?;
        if K == 1 && classes <= 2 {
            return Some([T::from_f64(class as f64); K]);
        }
        (K == classes).then(|| core::array::from_fn(|place| if place == class { T::one() } else { T::zero() }))
    }

    fn holds(number: f64) -> bool {
        T::from_f64(number).is_finite()
    }

    fn of_numbers(numbers: &[f64]) -> Self {
        core::array::from_fn(|place| numbers.get(place).map_or(T::zero(), |&number| T::from_f64(number)))
    }
}

impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}

impl Csv {
    /// A file whose first line names the columns. A first line of numbers that are not all whole is taken for data, and is
    /// an error: it would be lost.
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

    /// A file whose first line is data; columns go by their number from 0.
    pub fn unnamed() -> Self {
        Self { header: Header::None, ..Self::new() }
    }

    /// A file as scikit-learn brings them along: the first line holds the number of rows, that of inputs, and the
    /// names of the classes; the last column is the class number. Columns go by their number from 0.
    pub fn bundled() -> Self {
        Self { header: Header::Counts, ..Self::new() }
    }

    /// With this between fields instead of a comma.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// With these columns as inputs, in this order, instead of all that are not labels.
    #[must_use]
    pub fn inputs<C: Into<Column>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { inputs: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// Without this column, as a number that only identifies the row.
    #[must_use]
    pub fn ignore(mut self, column: impl Into<Column>) -> Self {
        self.ignored.push(column.into());
        self
    }

    /// With this column as label, instead of the last.
    #[must_use]
    pub fn target(self, column: impl Into<Column>) -> Self {
        self.targets([column])
    }

    /// With these columns as the numbers of a label, instead of the last ones.
    #[must_use]
    pub fn targets<C: Into<Column>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        Self { targets: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// With an input that is one of these `values`: it becomes a column for each, 1 in that of its value and 0 in the
    /// others (one-hot).
    #[must_use]
    pub fn categories<V: Into<String>>(
        mut self,
        column: impl Into<Column>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.categories.push((column.into(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// With labels that are these names: the first is class 0.
    #[must_use]
    pub fn classes<V: Into<String>>(self, names: impl IntoIterator<Item = V>) -> Self {
        Self { classes: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// What is done where a value is missing; it is an error unless told otherwise.
    #[must_use]
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or a column, a line or a value is not as it should be; see [`DataError`].
    pub fn read<T: Element + Tensor<Element = T>, const N: usize, Y: Target>(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Table<[T; N], Y>, DataError> {
        let path = path.as_ref();
        self.read_from(file::open(path)?, &file::name(path))
    }

    /// Reads from anything; errors call it `name`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn read_from<T: Element + Tensor<Element = T>, const N: usize, Y: Target>(
        &self,
        reader: impl Read,
        name: &str,
    ) -> Result<Table<[T; N], Y>, DataError> {
        let empty = || DataError::Empty { file: name.into() };
        let mut lines = Lines::new(self, reader, name);
        let header = if self.header == Header::None { None } else { Some(lines.header(self)?.ok_or_else(empty)?) };
        let mut line = lines.next()?;
        let columns = match &header {
            Some(header) if self.header == Header::Names => header.iter().map(Into::into).collect(),
            _ => (0..line.as_ref().ok_or_else(empty)?.len()).map(|number| number.to_string()).collect(),
        };
        let counts = header.filter(|_| self.header == Header::Counts);
        let plan = Plan::new::<Y, N>(self, columns, counts.as_ref(), name)?;
        let (mut x, mut y, mut dropped) = (Vec::new(), Vec::new(), 0);
        while let Some(record) = line {
            match plan.row(&record)? {
                Some((input, label)) => {
                    x.push(input);
                    y.push(label);
                }
                None => dropped += 1,
            }
            line = lines.next()?;
        }
        if let Some(counts) = &counts {
            plan.check_count(counts, 0, "rows", x.len() + dropped)?;
        }
        if x.is_empty() {
            return Err(empty());
        }
        Ok(Table { x, y, names: plan.names, classes: plan.classes, dropped })
    }

    /// Reads each row of a file into a type of your own that derives serde's `Deserialize`: by the names of the
    /// columns where the first line has them, else in their order.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or a row does not hold an `R`.
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

    /// Like [`records`](Self::records), from anything; errors call it `name`.
    ///
    /// # Errors
    ///
    /// Those of [`records`](Self::records).
    pub fn records_from<R: DeserializeOwned>(&self, reader: impl Read, name: &str) -> Result<Vec<R>, DataError> {
        let mut lines = Lines::new(self, reader, name);
        let header = if self.header == Header::None { None } else { lines.header(self)? };
        let names = header.as_ref().filter(|_| self.header == Header::Names);
        let mut records = Vec::new();
        while let Some(record) = lines.next()? {
            records.push(record.deserialize(names).map_err(|error| {
                let ErrorKind::Deserialize { err, .. } = error.kind() else {
                    return DataError::format(name, error.to_string(), "a CSV file");
                };
                let Some(field) = err.field().map(|field| field as usize) else {
                    let found = format!("{} in line {}", err.kind(), line(&record));
                    return DataError::format(name, found, "all that the record takes");
                };
                let column = names.and_then(|names| names.get(field)).map_or(field.to_string(), Into::into);
                let value = record.get(field).unwrap_or("").into();
                DataError::Value {
                    file: name.into(),
                    line: line(&record),
                    column,
                    value,
                    expected: format!("what the record takes: {}", err.kind()),
                }
            })?);
        }
        Ok(records)
    }
}

/// The records of a file, each with its line and as many fields as the first.
struct Lines<'a, R> {
    reader: ::csv::Reader<Chain<R, &'static [u8]>>,
    name: &'a str,
    fields: Option<usize>,
    counted: bool,
}

impl<'a, R: Read> Lines<'a, R> {
    /// Lines end in a line feed, the last one too, so that the lines read are the lines of the file; a carriage return
    /// before it is a space, which trimming takes away.
    fn new(csv: &Csv, reader: R, name: &'a str) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .delimiter(csv.delimiter)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(reader.chain(&b"\n"[..]));
        Self { reader, name, fields: None, counted: csv.header == Header::Counts }
    }

    /// The first line, which must not be data where it is to hold names: that row would be lost.
    fn header(&mut self, csv: &Csv) -> Result<Option<StringRecord>, DataError> {
        let header = self.next()?;
        match &header {
            Some(names) if csv.header == Header::Names && is_data(names) => {
                let found = format!("numbers in the first line, {}", listed(names));
                let expected = "names of columns (`Csv::unnamed` reads a file without)";
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
        // A first line with counts has as many fields as it likes.
        if self.counted {
            self.counted = false;
            return Ok(Some(record));
        }
        match *self.fields.get_or_insert(record.len()) {
            expected if expected != record.len() => {
                Err(DataError::Fields { file: self.name.into(), line, found: record.len(), expected })
            }
            _ => Ok(Some(record)),
        }
    }

    /// How many lines have been read. The position of a record itself is that of the empty lines before it.
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
                expected: "text in UTF-8".into(),
            },
            other => DataError::format(self.name, format!("{other:?}"), "a CSV file"),
        }
    }
}

fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, ::csv::Position::line)
}

fn listed(names: impl IntoIterator<Item: fmt::Display>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether a line is data, not names: all numbers, not all of them whole, as years may be.
fn is_data(line: &StringRecord) -> bool {
    let number = |field: &str| field.parse::<f64>().ok();
    line.iter().all(|field| is_missing(field) || number(field).is_some())
        && line.iter().filter_map(number).any(|number| number.is_finite() && number.fract() != 0.0)
}

/// An error if there is one value twice: the second would never be met.
fn check_once(values: &[String], among: &str, file: &str) -> Result<(), DataError> {
    match values.iter().enumerate().find(|(place, value)| values[..*place].contains(value)) {
        Some((_, twice)) => Err(DataError::format(file, format!("`{twice}` twice among {among}"), "different ones")),
        None => Ok(()),
    }
}

fn is_missing(field: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "?"].iter().any(|mark| field.eq_ignore_ascii_case(mark))
}

/// A class number, also one that is written as `1.0` or `1e0`.
fn class_number(field: &str) -> Option<usize> {
    let whole = |number: &f64| (0.0..=9_007_199_254_740_992.0).contains(number) && number.fract() == 0.0;
    field.parse().ok().or_else(|| field.parse().ok().filter(whole).map(|number| number as usize))
}

/// What is in the fields of each row.
struct Plan<'a> {
    csv: &'a Csv,
    file: &'a str,
    /// The names of all columns.
    columns: Vec<String>,
    /// The number of the column, and its values where they are categories.
    inputs: Vec<(usize, Option<&'a [String]>)>,
    /// The names of the inputs.
    names: Vec<String>,
    /// The numbers of the columns.
    targets: Vec<usize>,
    /// Whether a label is a class.
    by_class: bool,
    /// The names of the classes, where they are known.
    classes: Vec<String>,
}

impl<'a> Plan<'a> {
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
        check_once(&classes, "the classes", file)?;
        let by_class = Y::COLUMNS > 0 && (Y::CLASS || !classes.is_empty());
        if by_class && Y::of_class(0, Some(classes.len())).is_none() {
            return Err(DataError::Classes { file: file.into(), classes: classes.len(), width: Y::COLUMNS });
        }
        if columns.len() == 1 && csv.categories.is_empty() && N + Y::COLUMNS.min(1) > 1 {
            let expected = "several (`delimiter` says what is between them)";
            return Err(DataError::format(file, format!("a single column, {}", listed(&columns)), expected));
        }
        let (inputs, names, targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Self { csv, file, columns, inputs, names, targets, by_class, classes };
        if let Some(counts) = counts {
            plan.check_count(counts, 1, "inputs", plan.columns.len() - 1)?;
        }

        let ignored = plan.find_all(&csv.ignored)?;
        let left = |taken: &[usize]| {
            let left = (0..plan.columns.len()).filter(|column| !ignored.contains(column) && !taken.contains(column));
            left.collect::<Vec<_>>()
        };
        let wanted = if by_class { 1 } else { Y::COLUMNS };
        let targets = match &csv.targets {
            Some(targets) => plan.find_all(targets)?,
            None => {
                let all = left(&[]);
                all[all.len().saturating_sub(wanted)..].into()
            }
        };
        if targets.len() != wanted {
            let found = format!("{} columns with the label", targets.len());
            return Err(DataError::format(file, found, wanted.to_string()));
        }
        let inputs = match &csv.inputs {
            Some(inputs) => plan.find_all(inputs)?,
            None => left(&targets),
        };
        let categorical = csv.categories.iter().map(|(column, values)| {
            let place = plan.find(column)?;
            check_once(values, &format!("the categories of `{}`", plan.columns[place]), file)?;
            Ok((place, &values[..]))
        });
        let categorical = categorical.collect::<Result<Vec<_>, DataError>>()?;
        for &input in &inputs {
            let values = categorical.iter().find(|(column, _)| *column == input).map(|&(_, values)| values);
            let name = &plan.columns[input];
            match values {
                Some(values) => plan.names.extend(values.iter().map(|value| format!("{name}={value}"))),
                None => plan.names.push(name.clone()),
            }
            plan.inputs.push((input, values));
        }
        plan.targets = targets;
        if plan.names.len() != N {
            let (found, width) = (listed(&plan.names), plan.names.len());
            return Err(DataError::Width { file: file.into(), found, width, expected: N });
        }
        Ok(plan)
    }

    fn find(&self, column: &Column) -> Result<usize, DataError> {
        let mut places = (0..self.columns.len()).filter(|&place| match column {
            Column::Name(name) => self.columns[place] == *name,
            Column::Number(number) => place == *number,
        });
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            _ => {
                let column = match column {
                    Column::Name(name) => name.clone(),
                    Column::Number(number) => number.to_string(),
                };
                Err(DataError::Column { file: self.file.into(), column, found: listed(&self.columns) })
            }
        }
    }

    fn find_all(&self, columns: &[Column]) -> Result<Vec<usize>, DataError> {
        columns.iter().map(|column| self.find(column)).collect()
    }

    /// Whether a count in the first line is right.
    fn check_count(&self, counts: &StringRecord, place: usize, what: &str, count: usize) -> Result<(), DataError> {
        let value = counts.get(place).unwrap_or("");
        if value.parse() == Ok(count) {
            return Ok(());
        }
        Err(DataError::Value {
            file: self.file.into(),
            line: line(counts),
            column: place.to_string(),
            value: value.into(),
            expected: format!("the number of {what}, {count}"),
        })
    }

    /// Input and label of a row, unless it is to be left out.
    fn row<T: Element, const N: usize, Y: Target>(
        &self,
        record: &StringRecord,
    ) -> Result<Option<([T; N], Y)>, DataError> {
        let Some(label) = self.label(record)? else { return Ok(None) };
        let mut x = [T::zero(); N];
        let mut place = 0;
        for &(column, values) in &self.inputs {
            let field = &record[column];
            match values {
                None => {
                    let Some(number) = self.input(record, column)? else { return Ok(None) };
                    x[place] = number;
                    place += 1;
                }
                Some(values) => {
                    match values.iter().position(|value| value == field) {
                        Some(value) => x[place + value] = T::one(),
                        None if !is_missing(field) || self.csv.missing == Missing::Error => {
                            return Err(self.wrong(record, column, format!("one of {}", listed(values))));
                        }
                        None if self.csv.missing == Missing::DropRow => return Ok(None),
                        None => {}
                    }
                    place += values.len();
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
                Err(self.wrong(record, column, "a number; `missing` says what to do where a value is missing".into()))
            }
            Missing::DropRow => Ok(None),
            Missing::Nan => Ok(Some(T::from_f64(f64::NAN))),
            Missing::Constant(value) => Ok(Some(T::from_f64(value))),
        }
    }

    fn number<V>(&self, record: &StringRecord, column: usize, hold: impl Fn(f64) -> Option<V>) -> Result<V, DataError> {
        let number = record[column].parse().ok().and_then(hold);
        number.ok_or_else(|| self.wrong(record, column, "a finite number".into()))
    }

    fn label<Y: Target>(&self, record: &StringRecord) -> Result<Option<Y>, DataError> {
        if self.by_class {
            return self.class(record, self.targets[0]);
        }
        let mut numbers = Vec::with_capacity(self.targets.len());
        for &column in &self.targets {
            if is_missing(&record[column]) {
                return self.no_label(record, column);
            }
            numbers.push(self.number(record, column, |number| Y::holds(number).then_some(number))?);
        }
        Ok(Some(Y::of_numbers(&numbers)))
    }

    fn class<Y: Target>(&self, record: &StringRecord, column: usize) -> Result<Option<Y>, DataError> {
        let (field, named) = (&record[column], !self.csv.classes.is_empty());
        let known = if self.classes.is_empty() { None } else { Some(self.classes.len()) };
        let class = match named {
            true => self.classes.iter().position(|name| name == field),
            false => class_number(field).filter(|&class| known.is_none_or(|known| class < known)),
        };
        match class.and_then(|class| Y::of_class(class, known)) {
            Some(label) => Ok(Some(label)),
            None if is_missing(field) => self.no_label(record, column),
            None => Err(self.wrong(
                record,
                column,
                match known {
                    Some(_) if named => format!("one of the classes {}", listed(&self.classes)),
                    Some(known) => format!("a class number below {known}"),
                    None => "a class number; `classes` gives names to classes".into(),
                },
            )),
        }
    }

    fn no_label<Y>(&self, record: &StringRecord, column: usize) -> Result<Option<Y>, DataError> {
        match self.csv.missing {
            Missing::DropRow => Ok(None),
            _ => Err(self.wrong(record, column, "a label; `Missing::DropRow` leaves rows without one out".into())),
        }
    }

    fn wrong(&self, record: &StringRecord, column: usize, expected: String) -> DataError {
        DataError::Value {
            file: self.file.into(),
            line: line(record),
            column: self.columns[column].clone(),
            value: record[column].into(),
            expected,
        }
    }
}
