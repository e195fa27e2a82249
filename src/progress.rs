//! Progress of a training in the terminal.

use core::{marker::PhantomData, ops::ControlFlow};
use std::{format, string::String};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    callback::{Callback, Epoch, Report},
    metric::Metric,
};

/// A bar for each epoch, as in Keras: epoch, bar, time left, then loss and metrics. It writes to the standard
/// error stream, and nothing at all when that is not a terminal.
///
/// `P` and `Y` are the types of predictions and labels: `Progress::<[f32; 1], [f32; 1]>::new(10)`.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// let progress = Progress::<[f32; 1], [f32; 1]>::new(20);
/// trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(20), progress)?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Debug)]
pub struct Progress<P, Y> {
    epochs: usize,
    epoch: usize,
    bar: ProgressBar,
    outputs: PhantomData<fn(P, Y)>,
}

impl<P, Y> Progress<P, Y> {
    /// For a training of `epochs` epochs.
    pub fn new(epochs: usize) -> Self {
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {eta} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
        Self { epochs, epoch: 0, bar, outputs: PhantomData }
    }

    fn describe<M: Metric<P, Y>>(report: &Report<M>, prefix: &str) -> String {
        let mut text = format!("{prefix}loss {:.4}", report.loss);
        report.metrics.report(&mut |name, value| text += &format!(" {prefix}{name} {value:.4}"));
        text
    }
}

impl<N, P, Y, M: Metric<P, Y>> Callback<N, M> for Progress<P, Y> {
    fn after_step(&mut self, seen: usize, samples: usize) {
        if self.bar.length() != Some(samples as u64) || seen < self.bar.position() as usize {
            self.bar.reset();
            self.bar.set_length(samples as u64);
        }
        self.bar.set_prefix(format!("epoch {}/{}", self.epoch + 1, self.epochs));
        self.bar.set_position(seen as u64);
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.epoch = epoch.epoch;
        let mut text = Self::describe(&epoch.training, "");
        if let Some(report) = &epoch.validation {
            text += &format!(" {}", Self::describe(report, "val_"));
        }
        self.bar.println(format!("epoch {}/{}: {text}", epoch.epoch, self.epochs));
        self.bar.set_message(text);
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) {
        self.bar.finish_and_clear();
    }
}
