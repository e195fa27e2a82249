//! The results of training and evaluation.

use core::fmt;

use crate::metric::Named;

/// Mean loss and metrics over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report<M> {
    /// The mean loss, which includes penalties in training.
    pub loss: f64,
    /// The metrics.
    pub metrics: M,
}

impl<M> Report<M> {
    /// A report with these results, to test a callback.
    pub const fn new(loss: f64, metrics: M) -> Self {
        Self { loss, metrics }
    }
}

impl<M: Named> Report<M> {
    /// Calls `show` with each name and value: the loss, then the metrics. Every report of this crate uses these names.
    ///
    /// The names differ from each other, from `epoch`, and from the names with the prefix `val_`, which stand for the
    /// validation data. Of metrics with the same name, the second and third are called `precision_1` and
    /// `precision_2`, as in Keras.
    ///
    /// ```
    /// use shiplap::prelude::*;
    ///
    /// let report = shiplap::train::Report::new(0.5, (Accuracy::default(), Accuracy::default()));
    /// let mut names = Vec::new();
    /// report.each(&mut |name, _| names.push(name.to_string()));
    /// assert_eq!(names, ["loss", "accuracy", "accuracy_1"]);
    /// ```
    pub fn each(&self, show: &mut dyn FnMut(&dyn fmt::Display, f64)) {
        show(&"loss", self.loss);
        let mut index = 0;
        self.metrics.each(&mut |name, value| {
            show(&Name::unique(&self.metrics, index, name), value);
            index += 1;
        });
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>, prefix: &str) -> fmt::Result {
        let (mut result, mut space) = (Ok(()), "");
        self.each(&mut |name, value| {
            result = result.and_then(|()| write!(formatter, "{space}{prefix}{name} {value:.4}"));
            space = " ";
        });
        result
    }
}

/// `loss 0.3010 accuracy 0.9000`
impl<M: Named> fmt::Display for Report<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter, "")
    }
}

/// The results of one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Epoch<M> {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The results on the training data, measured while the weights were changing.
    pub training: Report<M>,
    /// The results on the validation data, measured after the epoch.
    pub validation: Option<Report<M>>,
}

impl<M> Epoch<M> {
    /// An epoch with these results, to test a callback.
    pub const fn new(epoch: usize, training: Report<M>, validation: Option<Report<M>>) -> Self {
        Self { epoch, training, validation }
    }

    /// The loss on the validation data, or on the training data if there are no validation data.
    pub fn loss(&self) -> f64 {
        self.validation.as_ref().map_or(self.training.loss, |report| report.loss)
    }
}

/// `epoch 3: loss 0.3010 accuracy 0.9000 val_loss 0.3522 val_accuracy 0.8800`
impl<M: Named> fmt::Display for Epoch<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "epoch {}: {}", self.epoch, self.training)?;
        match &self.validation {
            Some(report) => {
                formatter.write_str(" ")?;
                report.write(formatter, "val_")
            }
            None => Ok(()),
        }
    }
}

/// The names that reports use for other columns.
const RESERVED: [&str; 2] = ["loss", "epoch"];

/// The name of a metric in a report.
#[derive(Clone, Copy)]
struct Name {
    name: &'static str,
    /// Displayed unless it is 0.
    number: usize,
}

impl Name {
    /// The name of the metric with this index among `metrics`, which differs from those of the others.
    fn unique(metrics: &impl Named, index: usize, name: &'static str) -> Self {
        let plain = Self { name, number: 0 };
        let mut before = usize::from(RESERVED.iter().any(|reserved| plain.is(reserved)));
        let mut position = 0;
        metrics.each(&mut |other, _| {
            before += usize::from(position < index && plain.is(other));
            position += 1;
        });
        (0..).map(|number| Self { name, number }).filter(|name| name.is_free(metrics)).nth(before).unwrap_or(plain)
    }

    /// Whether the number does not make it the name of another metric.
    fn is_free(self, metrics: &impl Named) -> bool {
        let mut free = true;
        metrics.each(&mut |other, _| free &= self.number == 0 || !self.is(other));
        free
    }

    /// Whether a metric with the name `other`, and no number, is displayed like this one.
    fn is(self, other: &str) -> bool {
        let mut expected = Expected(letters(other));
        fmt::Write::write_fmt(&mut expected, format_args!("{self}")).is_ok() && expected.0.next().is_none()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        letters(self.name).try_for_each(|letter| fmt::Write::write_char(formatter, letter))?;
        if self.number > 0 { write!(formatter, "_{}", self.number) } else { Ok(()) }
    }
}

/// The letters of a name that can be shown: no control characters, and no `val_`, which marks validation data.
fn letters(name: &str) -> impl Iterator<Item = char> {
    let name = name.trim_start_matches("val_");
    let name = if name.is_empty() { "metric" } else { name };
    name.chars().map(|letter| if letter.is_control() { ' ' } else { letter })
}

/// Compares what is written with the letters that are left.
struct Expected<I>(I);

impl<I: Iterator<Item = char>> fmt::Write for Expected<I> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.chars().all(|letter| self.0.next() == Some(letter)) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::{format, string::ToString as _, vec::Vec};

    use super::*;

    /// A metric for each of the names.
    struct Names<const N: usize>([&'static str; N]);

    impl<const N: usize> Named for Names<N> {
        fn each(&self, show: &mut dyn FnMut(&'static str, f64)) {
            self.0.iter().for_each(|name| show(name, 0.5));
        }
    }

    fn shown<const N: usize>(names: [&'static str; N]) -> Vec<std::string::String> {
        let mut shown = Vec::new();
        Report { loss: 0.0, metrics: Names(names) }.each(&mut |name, _| shown.push(name.to_string()));
        shown.split_off(1)
    }

    #[test]
    fn metrics_of_the_same_name_are_numbered_as_in_keras() {
        assert_eq!(
            shown(["auc", "precision", "precision", "precision"]),
            ["auc", "precision", "precision_1", "precision_2"]
        );
        // A name that is already taken is skipped, wherever it is.
        assert_eq!(shown(["p", "p", "p", "p_1"]), ["p", "p_2", "p_3", "p_1"]);
        assert_eq!(shown(["p_1", "p", "p_1", "p"]), ["p_1", "p", "p_1_1", "p_2"]);
    }

    #[test]
    fn no_metric_has_the_name_of_another_column() {
        assert_eq!(shown(["loss", "epoch", "loss"]), ["loss_1", "epoch_1", "loss_2"]);
        assert_eq!(shown(["val_loss", "val_mae", "mae", "val_", ""]), ["loss_1", "mae", "mae_1", "metric", "metric_1"]);
    }

    #[test]
    fn control_characters_are_shown_as_spaces() {
        assert_eq!(shown(["a\nb", "a b", "\u{1b}[2J"]), ["a b", "a b_1", " [2J"]);
        let report = Report { loss: 1.0, metrics: Names(["a\r", "a\r"]) };
        assert_eq!(format!("{report}"), "loss 1.0000 a  0.5000 a _1 0.5000");
    }
}
