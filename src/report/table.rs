//! The history of a training run as a table.

use std::{
    borrow::ToOwned as _,
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use crate::{
    metric::Named,
    train::{Epoch, History},
};

/// A quantity over the epochs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// The name: `loss`, `accuracy`, `val_loss`, ...
    pub name: String,
    /// The value in each epoch; `None` in the columns of validation for epochs without it.
    pub values: Vec<Option<f64>>,
}

/// The history of a training run as a table: the training loss and metrics, and the validation loss and metrics with
/// the prefix `val_`.
///
/// ```
/// use shiplap::{prelude::*, report::Table};
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let mut history = History::default();
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// trainer.fit_with(&x, &y, Fit::epochs(20).validation(&x, &y), &mut history)?;
/// let table = Table::from(&history);
/// let names: Vec<_> = table.columns().iter().map(|column| column.name.as_str()).collect();
/// assert_eq!(names, ["loss", "mae", "val_loss", "val_mae"]);
/// assert_eq!(table.columns()[0].values.len(), table.epochs().len());
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    epochs: Vec<usize>,
    /// Each has a value for each epoch.
    columns: Vec<Column>,
}

impl<M: Named> From<&History<M>> for Table {
    fn from(history: &History<M>) -> Self {
        let mut table = Self::default();
        for epoch in &history.epochs {
            table.push(epoch.epoch, &Self::row(epoch));
        }
        table
    }
}

impl Table {
    /// The loss and metrics of an epoch by name.
    pub(crate) fn row<M: Named>(epoch: &Epoch<M>) -> Vec<(String, f64)> {
        let mut row = vec![];
        epoch.training.each(&mut |name, value| row.push((name.to_string(), value)));
        if let Some(validation) = &epoch.validation {
            validation.each(&mut |name, value| row.push((format!("val_{name}"), value)));
        }
        row
    }

    /// Adds the row of an epoch. Columns that it does not name are empty.
    pub(crate) fn push(&mut self, epoch: usize, row: &[(String, f64)]) {
        let rows = self.epochs.len();
        for (name, value) in row {
            let index = self.columns.iter().position(|column| column.name == *name).unwrap_or_else(|| {
                self.columns.push(Column { name: name.clone(), values: vec![] });
                self.columns.len() - 1
            });
            let values = &mut self.columns[index].values;
            values.resize(rows, None);
            values.push(Some(*value));
        }
        self.epochs.push(epoch);
        self.columns.iter_mut().for_each(|column| column.values.resize(rows + 1, None));
    }

    /// Adds the rows of another table.
    #[cfg(feature = "search")]
    pub(crate) fn append(&mut self, other: &Self) {
        for (index, epoch) in other.epochs.iter().enumerate() {
            let values = other.columns.iter().map(|column| (column.name.clone(), column.values[index]));
            let row: Vec<_> = values.filter_map(|(name, value)| Some((name, value?))).collect();
            self.push(*epoch, &row);
        }
    }

    /// The numbers of the epochs.
    pub fn epochs(&self) -> &[usize] {
        &self.epochs
    }

    /// The columns. Their names differ, and none is `epoch`: see [`Report::each`](crate::train::Report::each).
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The distinct column names without the prefix `val_`.
    pub fn quantities(&self) -> Vec<String> {
        let mut names: Vec<String> = vec![];
        for column in &self.columns {
            let name = column.name.strip_prefix("val_").unwrap_or(&column.name);
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// Numbers in JSON, which has none that are not finite.
#[cfg(any(feature = "report", feature = "search"))]
pub(crate) mod number {
    use core::fmt;

    use serde::ser::{Serialize, Serializer};

    /// A number as JSON and CSV write it.
    pub struct Number(pub f64);

    impl Number {
        const fn name(&self) -> Option<&'static str> {
            match self.0 {
                number if number.is_nan() => Some("NaN"),
                f64::INFINITY => Some("Infinity"),
                f64::NEG_INFINITY => Some("-Infinity"),
                _ => None,
            }
        }
    }

    impl fmt::Display for Number {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.name() {
                Some(name) => formatter.write_str(name),
                None => self.0.fmt(formatter),
            }
        }
    }

    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.name() {
                Some(name) => serializer.serialize_str(name),
                None => serializer.serialize_f64(self.0),
            }
        }
    }

    #[cfg(feature = "search")]
    mod read {
        use serde::de::{Deserialize, Deserializer, Error as _};

        use super::*;

        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Name(std::string::String),
        }

        impl<'de> Deserialize<'de> for Number {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let names = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Self);
                match Either::deserialize(deserializer)? {
                    Either::Number(number) => Ok(Self(number)),
                    Either::Name(text) => names
                        .into_iter()
                        .find(|number| number.name() == Some(&text[..]))
                        .ok_or_else(|| D::Error::custom("expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"")),
                }
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
            Number::deserialize(deserializer).map(|Number(number)| number)
        }

        pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
            Number(*number).serialize(serializer)
        }
    }
    #[cfg(feature = "search")]
    pub use read::{deserialize, serialize};
}

#[cfg(any(feature = "report", feature = "search"))]
mod json {
    use serde::ser::{Serialize, SerializeMap as _, Serializer};

    use super::{number::Number, *};

    /// An object of columns: `{"epoch":[1,2],"loss":[0.5,"NaN"]}`. Missing values are `null`.
    impl Serialize for Table {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(self.columns.len() + 1))?;
            map.serialize_entry("epoch", &self.epochs)?;
            for column in &self.columns {
                let values: Vec<_> = column.values.iter().map(|value| value.map(Number)).collect();
                map.serialize_entry(&column.name, &values)?;
            }
            map.end()
        }
    }
}

#[cfg(feature = "search")]
mod read {
    use core::fmt;

    use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

    use super::{number::Number, *};

    /// Reads the object of columns that `Serialize` writes, whose first column is `epoch`.
    impl<'de> Deserialize<'de> for Table {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Columns;

            impl<'de> Visitor<'de> for Columns {
                type Value = Table;

                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("an object of columns")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table, A::Error> {
                    let mut table = Table::default();
                    match map.next_key::<String>()?.as_deref() {
                        Some("epoch") => table.epochs = map.next_value()?,
                        _ => return Err(A::Error::custom("expected the column `epoch`")),
                    }
                    while let Some(name) = map.next_key::<String>()? {
                        let values: Vec<Option<Number>> = map.next_value()?;
                        if values.len() != table.epochs.len() || table.column(&name).is_some() {
                            return Err(A::Error::custom(format!("the column `{name}` is not like `epoch`")));
                        }
                        let values = values.into_iter().map(|value| value.map(|Number(number)| number)).collect();
                        table.columns.push(Column { name, values });
                    }
                    Ok(table)
                }
            }

            deserializer.deserialize_map(Columns)
        }
    }
}

#[cfg(feature = "report")]
mod files {
    use std::path::Path;

    use super::{number::Number, *};
    use crate::report::{ReportError, extension, write as write_file};

    impl Table {
        /// Returns the table as JSON: an object of columns, which has the form of Keras's `History.history` and which
        /// `pandas.DataFrame` accepts. Missing values are `null`. Numbers that are not finite are the strings `"NaN"`,
        /// `"Infinity"` and `"-Infinity"`, which `pandas.to_numeric`, `float` and JavaScript's `Number` parse.
        ///
        /// # Errors
        ///
        /// Returns an error if serialization fails, which does not happen for numbers.
        pub fn json(&self) -> Result<String, ReportError> {
            serde_json::to_string(self).map_err(|error| ReportError::Draw(error.to_string()))
        }

        /// Returns the table as CSV with a header line. Missing values are empty fields. Numbers that are not finite are
        /// `NaN`, `Infinity` and `-Infinity`, as in [`json`](Self::json).
        ///
        /// # Errors
        ///
        /// Returns an error if serialization fails, which does not happen for numbers.
        pub fn csv(&self) -> Result<String, ReportError> {
            let mut writer = csv::Writer::from_writer(vec![]);
            let names = self.columns.iter().map(|column| column.name.clone());
            let mut write =
                |record: Vec<String>| writer.write_record(record).map_err(|error| ReportError::Draw(error.to_string()));
            write(core::iter::once("epoch".to_owned()).chain(names).collect())?;
            for (row, epoch) in self.epochs.iter().enumerate() {
                let values = self
                    .columns
                    .iter()
                    .map(|column| column.values[row].map_or(String::new(), |value| Number(value).to_string()));
                write(core::iter::once(epoch.to_string()).chain(values).collect())?;
            }
            let bytes = writer.into_inner().map_err(|error| ReportError::Draw(error.to_string()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }

        /// Writes the table to a `.json` or `.csv` file. The write is atomic.
        ///
        /// # Errors
        ///
        /// Returns an error if the file has another extension or cannot be written.
        pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
            let path = path.as_ref();
            match extension(path).as_str() {
                "json" => write_file(path, self.json()?.as_bytes()),
                "csv" => write_file(path, self.csv()?.as_bytes()),
                _ => Err(ReportError::Format { path: path.into(), expected: ".json or .csv" }),
            }
        }
    }
}

#[cfg(all(test, feature = "report"))]
mod tests {
    use super::*;
    use crate::train::{Epoch, Report};

    #[test]
    fn json_and_csv_contain_the_same_numbers() {
        let report = |loss| Report { loss, metrics: () };
        let losses = [0.1, 1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let epochs = losses.iter().enumerate().map(|(index, &loss)| Epoch {
            epoch: index + 1,
            training: report(loss),
            validation: (index % 2 == 0).then(|| report(-0.0)),
        });
        let table = Table::from(&History { epochs: epochs.collect() });
        assert_eq!(
            table.json().unwrap(),
            r#"{"epoch":[1,2,3,4,5,6],"loss":[0.1,1e+300,5e-324,"NaN","Infinity","-Infinity"],"val_loss":[-0.0,null,-0.0,null,-0.0,null]}"#
        );
        let csv = table.csv().unwrap();
        let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
        for (row, loss) in rows.iter().zip(losses) {
            assert_eq!(row[1].parse::<f64>().unwrap().to_bits(), loss.to_bits());
        }
        assert_eq!(rows.iter().map(|row| row[1]).skip(3).collect::<Vec<_>>(), ["NaN", "Infinity", "-Infinity"]);
        assert_eq!([rows[0][2], rows[1][2]], ["-0", ""]);
    }
}
