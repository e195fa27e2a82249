//! The records of a CSV file.

use std::{
    fmt, format,
    io::{Chain, Cursor, Read},
    string::{String, ToString},
    vec::Vec,
};

use ::csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator};

use super::{Csv, Header, text::Text};
use crate::{
    data::DataError,
    kind::{START, kind},
    short::short,
};

/// The records of a file, with their line numbers. All records have the same number of fields.
pub(super) struct Records<'a, R> {
    reader: ::csv::Reader<Text<'a, Chain<Cursor<Vec<u8>>, R>>>,
    name: &'a str,
    fields: Option<usize>,
    /// Whether the next record is the line of counts of a [bundled](Csv::bundled) file.
    counts_are_next: bool,
    /// The words in a header that also has numbers. If one of them recurs in its column, the header is a row.
    words: Vec<(usize, String)>,
}

/// The header that the format requires.
pub(super) const NAMES: &str = "column names in the first line (use `Csv::unnamed` for a file without a header)";

impl<'a, R: Read> Records<'a, R> {
    pub fn new(csv: &Csv, mut reader: R, name: &'a str) -> Result<Self, DataError> {
        if matches!(csv.delimiter, b'"' | b'\n' | b'\r' | 0 | 0x80..) {
            let delimiter = csv.delimiter.escape_ascii();
            let reason =
                format!("`Csv::delimiter` is `{delimiter}`: use another character of ASCII, such as `,` or `;`");
            return Err(DataError::Settings { file: name.into(), reason });
        }
        let mut start = Vec::new();
        reader.by_ref().take(START as u64).read_to_end(&mut start).map_err(DataError::io(name))?;
        if let Some(kind) = kind(&start) {
            return Err(DataError::format(name, kind.to_string(), "a CSV file"));
        }
        let mut start = Cursor::new(start);
        if start.get_ref().starts_with("\u{feff}".as_bytes()) {
            start.set_position(3);
        }
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(csv.delimiter)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(Text::new(start.chain(reader), name, csv.delimiter));
        let (fields, counts_are_next, words) = (None, csv.header == Header::Counts, Vec::new());
        Ok(Self { reader, name, fields, counts_are_next, words })
    }

    /// The header. Data in the place of column names are an error, because that row would be lost.
    pub fn header(&mut self, csv: &Csv) -> Result<Option<StringRecord>, DataError> {
        let header = self.next()?;
        let Some(names) = header.as_ref().filter(|_| csv.header == Header::Names) else { return Ok(header) };
        if let Some(number) = number_twice(names) {
            return Err(DataError::format(self.name, format!("the number `{}` twice there", short(number)), NAMES));
        }
        if is_fractional(names) {
            return Err(DataError::format(self.name, format!("the numbers {}", quoted(names)), NAMES));
        }
        if names.iter().any(|name| number(name).is_some()) {
            let words = names.iter().enumerate().filter(|(_, name)| !is_missing(name) && number(name).is_none());
            self.words = words.map(|(column, name)| (column, name.into())).collect();
        }
        Ok(header)
    }

    pub fn next(&mut self) -> Result<Option<StringRecord>, DataError> {
        let mut record = StringRecord::new();
        loop {
            if !self.reader.read_record(&mut record).map_err(|error| self.error(error))? {
                return Ok(None);
            }
            // The parser skips empty lines, but not white space. An empty field in quotes is a missing value.
            if record.len() > 1 || record.iter().any(|field| field.is_empty() || !field.trim().is_empty()) {
                break;
            }
        }
        let inside = record.iter().map(|field| field.matches('\n').count() as u64).sum();
        let line = self.lines().saturating_sub(inside);
        record.trim();
        let mut position = ::csv::Position::new();
        position.set_line(line);
        record.set_position(Some(position));
        // The line of counts may differ from the data in its number of fields.
        if self.counts_are_next {
            self.counts_are_next = false;
            return Ok(Some(record));
        }
        let expected = *self.fields.get_or_insert(record.len());
        if expected != record.len() {
            return Err(DataError::Fields { file: self.name.into(), line, found: record.len(), expected });
        }
        if let Some((_, word)) = self.words.iter().find(|(column, word)| record[*column] == **word) {
            let found = format!("a line of values: numbers and `{}`, which recurs in line {line}", short(word));
            return Err(DataError::format(self.name, found, NAMES));
        }
        Ok(Some(record))
    }

    /// The number of lines read so far. The reader's own position of a record includes the blank lines before it.
    fn lines(&self) -> u64 {
        self.reader.position().line() - 1
    }

    fn error(&self, error: ::csv::Error) -> DataError {
        match error.into_kind() {
            ErrorKind::Io(error) => error.downcast().unwrap_or_else(DataError::io(self.name)),
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

pub(super) fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, ::csv::Position::line)
}

/// The names in backquotes, separated by commas.
pub(super) fn quoted(names: impl IntoIterator<Item: fmt::Display>) -> String {
    const SHOWN: usize = 20;
    let mut names = names.into_iter();
    let shown = names.by_ref().take(SHOWN).map(|name| format!("`{}`", short(name))).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(super) fn is_missing(field: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "?"].iter().any(|mark| field.eq_ignore_ascii_case(mark))
}

pub(super) fn number(field: &str) -> Option<f64> {
    field.parse().ok()
}

/// A number that occurs twice in a header. Distinct integers, such as years, may be column names.
fn number_twice(names: &StringRecord) -> Option<&str> {
    let mut numbers: Vec<_> = names.iter().filter_map(|name| Some((number(name)?, name))).collect();
    numbers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    numbers.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1)
}

/// Whether all names in a header are numbers or missing, and at least one is fractional.
fn is_fractional(names: &StringRecord) -> bool {
    names.iter().all(|name| is_missing(name) || number(name).is_some())
        && names.iter().filter_map(number).any(|number| number.is_finite() && number.fract() != 0.0)
}

/// Checks one of the counts in the first line of a [bundled](Csv::bundled) file.
pub(super) fn check_count(
    counts: &StringRecord,
    field: usize,
    what: &str,
    count: usize,
    file: &str,
) -> Result<(), DataError> {
    let value = counts.get(field).unwrap_or("");
    if value.parse() == Ok(count) {
        return Ok(());
    }
    Err(DataError::Value {
        file: file.into(),
        line: line(counts),
        column: field.to_string(),
        value: value.into(),
        expected: format!("the number of {what}, {count}"),
    })
}

/// Returns an error if a value occurs twice, because no row could ever match the second.
pub(super) fn check_unique(values: &[String], description: &str, file: &str) -> Result<(), DataError> {
    match values.iter().enumerate().find(|(index, value)| values[..*index].contains(value)) {
        Some((_, duplicate)) => {
            Err(DataError::format(file, format!("`{}` twice", short(duplicate)), format!("distinct {description}")))
        }
        None => Ok(()),
    }
}
