//! The meaning of the columns.

use std::{
    format, slice,
    string::{String, ToString},
    vec::Vec,
};

use ::csv::StringRecord;

use super::{
    Column, Csv, Header, Missing, Target,
    records::{NAMES, check_count, check_unique, is_missing, line, number, quoted},
};
use crate::{
    Tensor,
    data::{DataError, checks::class_index},
    kernel::Element,
    short::short,
};

/// The meaning of the columns of a file.
pub(super) struct Layout<'a> {
    csv: &'a Csv,
    file: &'a str,
    /// The names of all columns.
    columns: Vec<String>,
    /// The index of each input column, with its values if it is categorical.
    inputs: Vec<(usize, Option<&'a [String]>)>,
    /// The names of the inputs.
    pub names: Vec<String>,
    /// The indices of the label columns.
    targets: Vec<usize>,
    labels_are_classes: bool,
    /// The names of the classes, or empty if they have none.
    pub classes: Vec<String>,
}

impl<'a> Layout<'a> {
    /// The layout of rows of an `X` and a label.
    pub fn new<X: Tensor, Y: Target>(
        csv: &'a Csv,
        columns: Vec<String>,
        counts: Option<&StringRecord>,
        file: &'a str,
    ) -> Result<Self, DataError> {
        let width = X::LEN;
        let mut classes = csv.classes.clone();
        if let (true, Some(counts)) = (classes.is_empty(), counts) {
            classes = counts.iter().skip(2).map(Into::into).collect();
        }
        check_unique(&classes, "class names", file)?;
        let labels_are_classes = Y::COLUMNS > 0 && (Y::CLASS || !classes.is_empty());
        if labels_are_classes && Y::from_class(0, Some(classes.len())).is_none() {
            return Err(DataError::Classes { file: file.into(), classes: classes.len(), width: Y::COLUMNS });
        }
        if columns.len() == 1 && csv.categories.is_empty() && width + Y::COLUMNS.min(1) > 1 {
            let expected = "several columns (set the delimiter with `Csv::delimiter`)";
            return Err(DataError::format(file, format!("a single one, {}", quoted(&columns)), expected));
        }
        let (inputs, names, targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut layout = Self { csv, file, columns, inputs, names, targets, labels_are_classes, classes };
        if let Some(counts) = counts {
            check_count(counts, 1, "inputs", layout.columns.len() - 1, file)?;
        }

        layout.check_missing::<X>()?;
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
        layout.check_roles(&inputs, &targets, &ignored)?;
        let categorical = layout.categorical(&inputs)?;
        let labels = targets.iter().filter(|_| labels_are_classes).map(|&column| (column, &csv.classes[..]));
        for (column, values) in categorical.iter().copied().chain(labels) {
            layout.check_name(column, values)?;
        }
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
        if layout.names.len() != width {
            let (found, columns) = (quoted(&layout.names), layout.names.len());
            return Err(DataError::Width { file: file.into(), found, width: columns, expected: width });
        }
        Ok(layout)
    }

    /// Returns an error if missing values are replaced by a number that the type of the inputs does not hold.
    fn check_missing<X: Tensor>(&self) -> Result<(), DataError> {
        let Missing::Constant(value) = self.csv.missing else { return Ok(()) };
        if <X::Element as Element>::from_f64(value).is_finite() {
            return Ok(());
        }
        let reason = if value.is_nan() {
            "`Missing::Constant` is NaN: use `Missing::Nan`".into()
        } else {
            format!("`Missing::Constant` is {value:e}: it must be finite as `{}`", X::Element::NAME)
        };
        Err(self.settings_error(reason))
    }

    /// Returns an error if a column has two roles, or the same one twice.
    fn check_roles(&self, inputs: &[usize], targets: &[usize], ignored: &[usize]) -> Result<(), DataError> {
        let mut roles = std::vec![None; self.columns.len()];
        for (role, columns) in [("an input", inputs), ("a label", targets), ("ignored", ignored)] {
            for &column in columns {
                if let Some(before) = roles[column].replace(role) {
                    let name = short(&self.columns[column]);
                    return Err(self.settings_error(match before == role {
                        true => format!("the column `{name}` is selected twice as {role}: select it once"),
                        false => format!("the column `{name}` is both {before} and {role}: select it as one of them"),
                    }));
                }
            }
        }
        Ok(())
    }

    /// The categorical columns with their values.
    fn categorical(&self, inputs: &[usize]) -> Result<Vec<(usize, &'a [String])>, DataError> {
        let mut categorical: Vec<(usize, &[String])> = Vec::new();
        for (column, values) in &self.csv.categories {
            let index = self.find(column)?;
            let name = short(&self.columns[index]);
            let error = |problem: &str| self.settings_error(format!("the categories of the column `{name}` {problem}"));
            if !inputs.contains(&index) {
                return Err(error("have no effect: it is not an input"));
            }
            if categorical.iter().any(|(other, _)| *other == index) {
                return Err(error("are declared twice: declare them once"));
            }
            if values.is_empty() {
                return Err(error("are none: declare at least one, or ignore the column"));
            }
            check_unique(values, &format!("categories of `{name}`"), self.file)?;
            categorical.push((index, values));
        }
        Ok(categorical)
    }

    fn settings_error(&self, reason: String) -> DataError {
        DataError::Settings { file: self.file.into(), reason }
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

    /// Returns an error if the name of a column is one of its values, because the header is then a row.
    fn check_name(&self, column: usize, values: &[String]) -> Result<(), DataError> {
        let name = &self.columns[column];
        if self.csv.header != Header::Names || number(name).is_some() || !values.contains(name) {
            return Ok(());
        }
        let found = format!("`{}`, a value of column {column}", short(name));
        Err(DataError::format(self.file, found, NAMES))
    }

    /// The input and the label of a row, or `None` if the row is skipped.
    pub fn sample<X: Tensor, Y: Target>(&self, record: &StringRecord) -> Result<Option<(X, Y)>, DataError> {
        let Some(label) = self.label(record)? else { return Ok(None) };
        let mut sample = X::zeroed_on_stack();
        let x = X::flat_mut(slice::from_mut(&mut sample));
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
                        Some(value) => x[start + value] = Element::from_f64(1.0),
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
        Ok(Some((sample, label)))
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
        let number = number(&record[column]).and_then(convert);
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
            numbers.push(self.label_number::<Y>(record, column)?);
        }
        Ok(Some(Y::from_numbers(&numbers)))
    }

    /// A number of a label. One that would become 0 is an error, because it would be another label.
    fn label_number<Y: Target>(&self, record: &StringRecord, column: usize) -> Result<f64, DataError> {
        let number = self.number(record, column, |number| Y::holds(number).then_some(number))?;
        if !Y::is_zero(number) || is_zero(&record[column]) {
            return Ok(number);
        }
        Err(self.value_error(record, column, "a number that the type of the label tells from 0".into()))
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

/// Parses a class index. Floating-point notation such as `1.0` or `1e0` is accepted, if the number is exact.
fn class_number(field: &str) -> Option<usize> {
    field.parse().ok().or_else(|| number(field).and_then(class_index).filter(|&class| class > 0 || is_zero(field)))
}

/// Whether the digits of a number are all 0. A tiny number is 0 only after rounding.
fn is_zero(field: &str) -> bool {
    let digits = field.split(['e', 'E']).next().unwrap_or(field);
    !digits.contains(|letter: char| matches!(letter, '1'..='9'))
}
