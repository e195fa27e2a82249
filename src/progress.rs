//! Progress of a training in the terminal.

use core::ops::{ControlFlow, RangeInclusive};
use std::{
    format,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    metric::Named,
    train::{Callback, Epoch, Report, lend},
};

/// A bar for each epoch, as in Keras: epoch, bar, samples, time left, loss and metrics so far, as in
/// `epoch 3/10 [=====>    ] 64/100 0s loss 0.3100 accuracy 0.9000`; then a line with loss and metrics of the epoch. It
/// writes to the standard error stream, and nothing at all when that is not a terminal.
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
    shown: Option<Instant>,
}

/// A step may take a microsecond, and to show it more: the bar is brought up to date this often.
const PERIOD: Duration = Duration::from_millis(50);

impl Progress {
    /// A bar on the standard error stream.
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let style = ProgressStyle::with_template("{prefix} [{bar:20}] {pos}/{len} {eta} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self { epochs: 0, done: 0, bar, shown: None }
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

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        if self.bar.is_hidden() || self.shown.is_some_and(|shown| shown.elapsed() < PERIOD) {
            return;
        }
        self.shown = Some(Instant::now());
        // Only `update` draws: no frame is of two states.
        let bar = self.bar.clone().with_prefix(format!("epoch {}/{}", self.done + 1, self.epochs));
        bar.with_message(format!("{report}")).update(|state| {
            state.set_len(samples as u64);
            state.set_pos(seen as u64);
        });
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.done = epoch.epoch;
        self.shown = None;
        self.bar.println(format!("{epoch}"));
        self.bar.reset_eta();
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) {
        self.bar.finish_and_clear();
    }
}

lend!(impl[N, M: Named] for Progress);

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
