//! Progress bars in the terminal.

use core::ops::{ControlFlow, RangeInclusive};
use std::{
    format,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    layer::Layer,
    metric::Named,
    train::{Callback, Epoch, Report, lend},
};

/// A callback that shows the progress of training, as in Keras.
///
/// During an epoch, a bar shows the number of samples, the remaining time, and the loss and metrics so far:
/// `epoch 3/10 [=====>    ] 64/100 0s loss 0.3100 accuracy 0.9000`. After an epoch, a line with its loss and metrics
/// remains. The output goes to standard error, and is suppressed if that is not a terminal.
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
    completed: usize,
    bar: ProgressBar,
    last_update: Option<Instant>,
}

/// The interval between updates of the bar. Drawing takes longer than a step, which may take less than a microsecond.
const PERIOD: Duration = Duration::from_millis(50);

impl Progress {
    /// Creates a progress bar on standard error.
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let style = ProgressStyle::with_template("{prefix} [{bar:20}] {pos}/{len} {eta} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self { epochs: 0, completed: 0, bar, last_update: None }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Layer, M: Named> Callback<N, M> for Progress {
    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        (self.epochs, self.completed) = (*epochs.end(), epochs.start() - 1);
    }

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        if self.bar.is_hidden() || self.last_update.is_some_and(|update| update.elapsed() < PERIOD) {
            return;
        }
        self.last_update = Some(Instant::now());
        // Only `update` draws, so no frame mixes old and new values.
        let bar = self.bar.clone().with_prefix(format!("epoch {}/{}", self.completed + 1, self.epochs));
        bar.with_message(format!("{report}")).update(|state| {
            state.set_len(samples as u64);
            state.set_pos(seen as u64);
        });
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.completed = epoch.epoch;
        self.last_update = None;
        self.bar.println(format!("{epoch}"));
        self.bar.reset_eta();
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) {
        self.bar.finish_and_clear();
    }
}

lend!(impl[N: Layer, M: Named] for Progress);

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use std::boxed::Box;

    use super::*;
    use crate::prelude::*;

    type Unit = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>;
    const X: [[f32; 1]; 3] = [[1.0], [2.0], [3.0]];
    const Y: [[f32; 1]; 3] = [[2.0], [4.0], [6.0]];

    fn on(terminal: &InMemoryTerm) -> Progress {
        Progress::on(ProgressDrawTarget::term_like(Box::new(terminal.clone())))
    }

    #[test]
    fn shows_loss_and_metrics_of_every_epoch() {
        let terminal = InMemoryTerm::new(20, 120);
        let mut trainer = Unit::new(Sgd::new(0.1), 1);
        let last = trainer.fit_with(&X, &Y, Fit::epochs(3).validation(&X, &Y), on(&terminal)).unwrap();
        let shown = terminal.contents();
        let lines: std::vec::Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[0].starts_with("epoch 1: loss ") && lines[0].contains(" mae "), "{shown}");
        assert_eq!(lines[2], format!("{last}"));
    }

    /// Records the contents of the terminal after each step.
    struct Frames<'a>(InMemoryTerm, &'a mut std::vec::Vec<std::string::String>);

    impl<N: Layer, M> Callback<N, M> for Frames<'_> {
        fn after_step(&mut self, _: usize, _: usize, _: &Report<M>) {
            self.1.push(self.0.contents());
        }

        fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn shows_loss_and_metrics_during_an_epoch() {
        let terminal = InMemoryTerm::new(20, 120);
        let mut frames = std::vec::Vec::new();
        let mut trainer = Unit::new(Sgd::new(0.1), 1);
        let callbacks = (on(&terminal), Frames(terminal.clone(), &mut frames));
        trainer.fit_with(&X, &Y, Fit::epochs(5).from_epoch(2), callbacks).unwrap();
        assert!(frames[0].starts_with("epoch 3/5 [=============>      ] 2/3 0s loss "), "{}", frames[0]);
        assert!(frames[0].contains(" mae "), "{}", frames[0]);
        assert!(frames.iter().all(|frame| !frame.contains("0/0")), "{frames:?}");
    }

    #[test]
    fn the_bar_disappears_if_training_diverges() {
        let terminal = InMemoryTerm::new(20, 120);
        let mut trainer = Unit::new(Sgd::new(1e30), 1);
        let mut progress = on(&terminal);
        trainer.fit_with(&X, &Y, Fit::epochs(3), &mut progress).unwrap_err();
        assert!(progress.bar.is_finished());
        assert!(!terminal.contents().contains('['), "{}", terminal.contents());
    }
}
