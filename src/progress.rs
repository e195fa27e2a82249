//! Progress of a training in the terminal.

use core::ops::{ControlFlow, RangeInclusive};
use std::format;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    metric::Named,
    train::{Callback, Epoch},
};

/// A bar for each epoch, as in Keras: epoch, bar, time left, then a line with loss and metrics. It writes to the
/// standard error stream, and nothing at all when that is not a terminal.
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(20), Progress::new())?;
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Debug)]
pub struct Progress {
    epochs: usize,
    done: usize,
    bar: ProgressBar,
}

impl Progress {
    /// A bar on the standard error stream.
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {eta} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { epochs: 0, done: 0, bar: ProgressBar::with_draw_target(None, target).with_style(style) }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl<N, M: Named> Callback<N, M> for Progress {
    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        (self.epochs, self.done) = (*epochs.end(), epochs.start() - 1);
    }

    fn after_step(&mut self, seen: usize, samples: usize) {
        if self.bar.length() != Some(samples as u64) || seen < self.bar.position() as usize {
            self.bar.reset();
            self.bar.set_length(samples as u64);
        }
        self.bar.set_prefix(format!("epoch {}/{}", self.done + 1, self.epochs));
        self.bar.set_position(seen as u64);
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.done = epoch.epoch;
        self.bar.println(format!("{epoch}"));
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use std::boxed::Box;

    use super::*;
    use crate::prelude::*;

    #[test]
    fn shows_each_epoch_with_loss_and_metrics() {
        let terminal = InMemoryTerm::new(20, 120);
        let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
        let progress = Progress::on(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
        let last = trainer.fit_with(&x, &y, Fit::epochs(3).validation(&x, &y), progress).unwrap();
        let shown = terminal.contents();
        let lines: std::vec::Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[0].starts_with("epoch 1: loss ") && lines[0].contains(" mae "), "{shown}");
        assert_eq!(lines[2], format!("{last}"));
    }
}
