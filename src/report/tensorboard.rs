//! Event files for TensorBoard.
//!
//! A file is a sequence of records (TensorFlow's TFRecord): the length of the data as 8 bytes, little-endian, the
//! masked CRC-32C of the length, the data, and the masked CRC-32C of the data. The data are `Event` messages of
//! `tensorflow/core/util/event.proto`; this module defines the fields that it uses.

use std::{
    boxed::Box,
    format,
    fs::{File, create_dir_all},
    io::{self, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    string::{String, ToString as _},
    time::{SystemTime, UNIX_EPOCH},
    vec,
    vec::Vec,
};

use prost::Message as _;

use super::{ReportError, bin};
use crate::{
    kernel::Element,
    layer::{self, Layer, Parameter, Visit},
    metric::Named,
    train::{Callback, Epoch, Report},
};

/// A callback that logs the loss and metrics of each epoch, and a histogram of each parameter, for TensorBoard.
///
/// Training and validation are separate runs in the folders `train` and `validation`, so that TensorBoard shows them in
/// the same charts, over the number of the epoch. TensorBoard takes a loss or a metric as an `f32`: it is rounded to the
/// nearest, NaN and infinities stay what they are, and a finite number beyond the range is left out, which is an error.
/// Histograms leave out numbers that are not finite. If a file cannot be written or a number is left out, training
/// continues to its last epoch; then `fit` returns an error, and [`finish`](Self::finish) the reason.
///
/// ```
/// use shiplap::{prelude::*, report::TensorBoard};
///
/// let folder = std::env::temp_dir().join(format!("shiplap-doctest-{}", std::process::id()));
/// let mut board = TensorBoard::new(&folder);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let last = trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(20), &mut board);
/// board.finish()?;
/// assert_eq!(last?.epoch, 20);
/// // tensorboard --logdir <folder>
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "`finish` returns the error if the files could not be written"]
pub struct TensorBoard {
    folder: PathBuf,
    train: Option<EventFile>,
    validation: Option<EventFile>,
    error: Option<ReportError>,
    /// The first number that TensorBoard cannot take.
    left_out: Option<ReportError>,
}

impl TensorBoard {
    /// Logs to `folder`, which is created after the first epoch if necessary. Existing files are not overwritten.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().into(), train: None, validation: None, error: None, left_out: None }
    }

    /// Syncs the files to disk.
    ///
    /// # Errors
    ///
    /// Returns the first error of creating or writing a file, including those during training, or the first number that
    /// was left out.
    pub fn finish(mut self) -> Result<(), ReportError> {
        for events in [&mut self.train, &mut self.validation].into_iter().flatten() {
            if self.error.is_none() {
                self.error = events.file.sync_all().map_err(|error| events.file_error(error)).err();
            }
        }
        self.error.or(self.left_out).map_or(Ok(()), Err)
    }

    fn write<N: Layer, M: Named>(&mut self, epoch: &Epoch<M>, network: &N) -> Result<(), ReportError> {
        let step = epoch.epoch as i64;
        let mut weights = Histograms(vec![]);
        network.parameters(layer::Path::ROOT, &mut weights);
        let training = self.scalars(epoch.epoch, &epoch.training).into_iter().chain(weights.0);
        open(&mut self.train, &self.folder, "train")?.write(step, training.collect())?;
        match &epoch.validation {
            Some(report) => {
                let scalars = self.scalars(epoch.epoch, report);
                open(&mut self.validation, &self.folder, "validation")?.write(step, scalars)
            }
            None => Ok(()),
        }
    }

    /// The loss and the metrics, without numbers that would become infinite.
    fn scalars<M: Named>(&mut self, epoch: usize, report: &Report<M>) -> Vec<Value> {
        let mut values = vec![];
        report.each(&mut |name, number| {
            let value = number as f32;
            if value.is_infinite() && number.is_finite() {
                let name = name.to_string();
                self.left_out.get_or_insert(ReportError::Range { name, epoch, number });
            } else {
                values.push(Value { tag: format!("epoch_{name}"), kind: Some(Kind::SimpleValue(value)) });
            }
        });
        values
    }
}

impl<N: Layer, M: Named> Callback<N, M> for &mut TensorBoard {
    fn after_epoch(&mut self, epoch: &Epoch<M>, network: &mut N) -> ControlFlow<()> {
        if self.error.is_none() {
            self.error = self.write(epoch, network).err();
        }
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) -> Result<(), &'static str> {
        let failed = "the files for TensorBoard could not be written: `TensorBoard::finish` returns the reason";
        let left_out = "a number is too large for TensorBoard and is left out: `TensorBoard::finish` returns which";
        match (&self.error, &self.left_out) {
            (Some(_), _) => Err(failed),
            (None, Some(_)) => Err(left_out),
            (None, None) => Ok(()),
        }
    }
}

/// The event file of a run, which is created on first use.
fn open<'a>(file: &'a mut Option<EventFile>, folder: &Path, run: &str) -> Result<&'a mut EventFile, ReportError> {
    match file {
        Some(file) => Ok(file),
        None => Ok(file.insert(EventFile::create(&folder.join(run))?)),
    }
}

#[derive(Debug)]
struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Creates a new file that starts with the record of the format's version.
    fn create(folder: &Path) -> Result<Self, ReportError> {
        let folder_error = |error| ReportError::File { path: folder.into(), error };
        create_dir_all(folder).map_err(folder_error)?;
        let (seconds, process) = (now() as u64, std::process::id());
        for count in 0.. {
            let path = folder.join(format!("events.out.tfevents.{seconds:010}.shiplap.{process}.{count}"));
            match File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(ReportError::File { path, error }),
                Ok(file) => {
                    let mut file = Self { path, file };
                    file.record(0, Content::FileVersion("brain.Event:2".to_string()))?;
                    return Ok(file);
                }
            }
        }
        Err(folder_error(io::ErrorKind::AlreadyExists.into()))
    }

    fn write(&mut self, step: i64, value: Vec<Value>) -> Result<(), ReportError> {
        self.record(step, Content::Summary(Summary { value }))
    }

    fn record(&mut self, step: i64, content: Content) -> Result<(), ReportError> {
        let event = Event { wall_time: now(), step, content: Some(content) };
        // A single call, because TensorBoard may read the file while it grows.
        self.file.write_all(&tf_record(&event.encode_to_vec())).map_err(|error| self.file_error(error))
    }

    fn file_error(&self, error: io::Error) -> ReportError {
        ReportError::File { path: self.path.clone(), error }
    }
}

/// Seconds since the Unix epoch.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A record with this data.
fn tf_record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), data, &masked_crc(data)].concat()
}

/// The CRC-32C of `data`, masked by rotation and addition. TFRecord masks it because the CRC of data that contain a CRC
/// is weak.
fn masked_crc(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Collects a histogram of each parameter.
struct Histograms(Vec<Value>);

impl<T: Element> Visit<T> for Histograms {
    fn visit(&mut self, parameter: Parameter<'_>, values: &[T]) {
        let path = parameter.path.to_string();
        let tag = if path.is_empty() { parameter.name.to_string() } else { format!("{path}/{}", parameter.name) };
        let values: Vec<f64> = values.iter().map(|value| value.to_f64()).filter(|value| value.is_finite()).collect();
        self.0.push(Value { tag, kind: Some(Kind::Histogram(Box::new(histogram(&values)))) });
    }
}

const BUCKETS: usize = 30;

/// A histogram with buckets of equal width between the smallest and the largest value.
fn histogram(values: &[f64]) -> Histogram {
    let (min, max) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let (min, max) = if values.is_empty() { (0.0, 0.0) } else { (min, max) };
    let buckets = if max > min { BUCKETS } else { 1 };
    let mut bucket = vec![0.0; buckets];
    for value in values {
        bucket[bin(*value, &(min..max), buckets)] += 1.0;
    }
    let edge = |index: usize| if index == buckets { max } else { min + (max - min) * index as f64 / buckets as f64 };
    Histogram {
        min,
        max,
        num: values.len() as f64,
        sum: values.iter().sum(),
        sum_squares: values.iter().map(|value| value * value).sum(),
        bucket_limit: (1..=buckets).map(edge).collect(),
        bucket,
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "Content", tags = "3, 5")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Content {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(oneof = "Kind", tags = "2, 5")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    #[prost(message, boxed, tag = "5")]
    Histogram(Box<Histogram>),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Histogram {
    #[prost(double, tag = "1")]
    min: f64,
    #[prost(double, tag = "2")]
    max: f64,
    #[prost(double, tag = "3")]
    num: f64,
    #[prost(double, tag = "4")]
    sum: f64,
    #[prost(double, tag = "5")]
    sum_squares: f64,
    #[prost(double, repeated, tag = "6")]
    bucket_limit: Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    bucket: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// Decodes the records of a file and checks their CRCs.
    fn records(mut bytes: &[u8]) -> Vec<Event> {
        let mut events = vec![];
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_at(8);
            let (crc, rest) = rest.split_at(4);
            assert_eq!(crc, masked_crc(length));
            let (data, rest) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
            let (crc, rest) = rest.split_at(4);
            assert_eq!(crc, masked_crc(data));
            events.push(Event::decode(data).unwrap());
            bytes = rest;
        }
        events
    }

    /// The expected value comes from TensorBoard's `masked_crc32c`.
    #[test]
    fn the_crc_agrees_with_tensorflow() {
        assert_eq!(masked_crc(b"123456789"), 0xc78a_b0e5_u32.to_le_bytes());
    }

    #[test]
    fn files_contain_every_epoch_and_parameter() {
        let folder = std::env::temp_dir().join(format!("shiplap_tensorboard_{}", std::process::id()));
        let mut board = TensorBoard::new(&folder);
        let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
        type Net = (Dense<1, 3, Tanh>, Dense<3, 1, Linear>);
        type Metrics = (MeanAbsolute, MeanAbsolute);
        let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 4, Metrics>::new(Sgd::new(0.1), 1);
        let mut history = History::default();
        trainer.fit_with(&x, &y, Fit::epochs(3).validation(&x, &y), (&mut board, &mut history)).unwrap();
        board.finish().unwrap();
        for (run, tags) in [
            ("train", &["epoch_loss", "epoch_mae", "epoch_mae_1", "0/kernel", "0/bias", "1/kernel", "1/bias"][..]),
            ("validation", &["epoch_loss", "epoch_mae", "epoch_mae_1"]),
        ] {
            let files: Vec<_> = std::fs::read_dir(folder.join(run)).unwrap().collect();
            assert_eq!(files.len(), 1);
            let events = records(&std::fs::read(files[0].as_ref().unwrap().path()).unwrap());
            assert_eq!(events[0].content, Some(Content::FileVersion("brain.Event:2".to_string())));
            assert_eq!(events.len(), 4);
            for (event, epoch) in events[1..].iter().zip(&history.epochs) {
                assert_eq!(event.step, epoch.epoch as i64);
                let Some(Content::Summary(summary)) = &event.content else { panic!("{event:?}") };
                assert_eq!(summary.value.iter().map(|value| value.tag.as_str()).collect::<Vec<_>>(), tags);
                let report = if run == "train" { Some(epoch.training) } else { epoch.validation };
                assert_eq!(summary.value[0].kind, Some(Kind::SimpleValue(report.unwrap().loss as f32)));
            }
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn numbers_beyond_single_precision_are_left_out_with_an_error() {
        let folder = std::env::temp_dir().join(format!("shiplap_tensorboard_range_{}", std::process::id()));
        let mut board = TensorBoard::new(&folder);
        let network = Dense::<1, 1, Linear>::zeroed();
        let losses = [0.5, 1e300, 1e-50, f64::NAN, f64::NEG_INFINITY, -1e39, 2.0];
        for (index, loss) in losses.into_iter().enumerate() {
            let epoch = Epoch { epoch: index + 1, training: Report { loss, metrics: () }, validation: None };
            let _ = Callback::<_, ()>::after_epoch(&mut &mut board, &epoch, &mut network.clone());
        }
        let file = board.train.as_ref().unwrap().path.clone();
        let result = Callback::<_, ()>::after_fit(&mut &mut board, &mut network.clone());
        assert!(result.unwrap_err().contains("`TensorBoard::finish`"));
        let error = board.finish().unwrap_err().to_string();
        let expected = "the value of `loss` in epoch 2, 1e300, is too large for TensorBoard, whose numbers are `f32`: \
                        it is left out";
        assert_eq!(error, expected);
        let written: Vec<_> = records(&std::fs::read(file).unwrap())[1..]
            .iter()
            .map(|event| match &event.content {
                Some(Content::Summary(summary)) => match summary.value[0].kind {
                    Some(Kind::SimpleValue(loss)) => Some(loss),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert_eq!([written[0], written[1], written[2]], [Some(0.5), None, Some(0.0)]);
        assert!(written[3].unwrap().is_nan());
        assert_eq!([written[4], written[5], written[6]], [Some(f32::NEG_INFINITY), None, Some(2.0)]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let histogram = histogram(&[-1.0, 0.0, 0.5, 2.0]);
        assert_eq!((histogram.min, histogram.max, histogram.num, histogram.sum), (-1.0, 2.0, 4.0, 1.5));
        assert_eq!(histogram.bucket.iter().sum::<f64>(), 4.0);
        assert_eq!(histogram.bucket_limit.last(), Some(&2.0));
        assert!(histogram.bucket_limit.is_sorted());
        let single = super::histogram(&[0.5; 7]);
        assert_eq!((single.bucket, single.bucket_limit), (vec![7.0], vec![0.5]));
        assert_eq!(super::histogram(&[]).bucket, [0.0]);
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_an_error_of_fit_and_finish() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let mut board = TensorBoard::new(file);
        let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
        let result = trainer.fit_with(&[[1.0f32]], &[[2.0f32]], Fit::epochs(2), &mut board);
        assert!(matches!(result, Err(TrainError::CallbackFailed(what)) if what.contains("TensorBoard")), "{result:?}");
        assert_eq!(trainer.state().steps, 2, "training continues");
        let error = board.finish().unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
    }
}
