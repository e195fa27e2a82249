//! Progress bars in the terminal.

use core::ops::{ControlFlow, RangeInclusive};
use std::{
    format,
    io::{IsTerminal as _, Write as _, stderr},
    string::String,
    time::{Duration, Instant},
};

use crate::{
    layer::Layer,
    metric::Named,
    train::{Callback, Epoch, Report, lend},
};

/// A callback that shows the progress of training, as in Keras.
///
/// During an epoch, a bar shows the number of samples, the remaining time, and the loss and metrics so far:
/// `epoch 3/10 [=====>    ] 64/100 0s loss 0.3100 accuracy 0.9000`. After an epoch, a line with its loss and metrics
/// remains. The output goes to standard error. There is none if standard error is not a terminal, or if the environment
/// variable `TERM` is `dumb`.
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
    epoch_start: Instant,
    last_update: Option<Instant>,
    terminal: Terminal,
}

/// The interval between updates of the bar. Drawing takes longer than a step, which may take less than a microsecond.
const PERIOD: Duration = Duration::from_millis(50);

impl Progress {
    /// Creates a progress bar on standard error.
    pub fn new() -> Self {
        let understands = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self::on(if understands && stderr().is_terminal() { Terminal::Stderr } else { Terminal::None })
    }

    fn on(terminal: Terminal) -> Self {
        Self { epochs: 0, completed: 0, epoch_start: Instant::now(), last_update: None, terminal }
    }
}

/// The place where the bar is drawn.
#[derive(Debug)]
enum Terminal {
    None,
    Stderr,
    #[cfg(test)]
    Memory(std::sync::Arc<std::sync::Mutex<String>>),
}

/// Moves the cursor to the start of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

impl Terminal {
    fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Replaces the line. Wrapping is off, because a line that wraps cannot be replaced.
    fn replace(&self, line: &str) {
        self.write(&format!("{CLEAR}\x1b[?7l{line}\x1b[?7h"));
    }

    fn write(&self, text: &str) {
        match self {
            Self::None => {}
            // Training continues if its progress cannot be shown.
            Self::Stderr => drop(stderr().write_all(text.as_bytes())),
            #[cfg(test)]
            Self::Memory(written) => written.lock().unwrap().push_str(text),
        }
    }
}

/// A bar of 20 characters.
fn bar(seen: usize, samples: usize) -> String {
    let done = 20 * seen / samples.max(1);
    let tip = usize::from(done < 20);
    format!("{}{}{}", "=".repeat(done), ">".repeat(tip), " ".repeat(20_usize.saturating_sub(done + tip)))
}

fn time(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3600),
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
        self.epoch_start = Instant::now();
    }

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<M>) {
        if self.terminal.is_none() || self.last_update.is_some_and(|update| update.elapsed() < PERIOD) {
            return;
        }
        self.last_update = Some(Instant::now());
        let left = self.epoch_start.elapsed().mul_f64((samples - seen) as f64 / seen.max(1) as f64);
        self.terminal.replace(&format!(
            "epoch {}/{} [{}] {seen}/{samples} {} {report}",
            self.completed + 1,
            self.epochs,
            bar(seen, samples),
            time(left)
        ));
    }

    fn after_epoch(&mut self, epoch: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        self.completed = epoch.epoch;
        (self.epoch_start, self.last_update) = (Instant::now(), None);
        if !self.terminal.is_none() {
            self.terminal.write(&format!("{CLEAR}{epoch}\n"));
        }
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut N) -> Result<(), &'static str> {
        self.terminal.write(CLEAR);
        Ok(())
    }
}

lend!(impl[N: Layer, M: Named] for Progress);

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        vec::Vec,
    };

    use super::*;
    use crate::prelude::*;

    type Unit = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>;
    const X: [[f32; 1]; 3] = [[1.0], [2.0], [3.0]];
    const Y: [[f32; 1]; 3] = [[2.0], [4.0], [6.0]];

    /// The text written, and the contents of a terminal that displays it.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn contents(&self) -> String {
            let mut lines = std::vec![String::new()];
            let written = self.0.lock().unwrap().replace("\x1b[?7l", "").replace("\x1b[?7h", "");
            for part in written.split_inclusive('\n') {
                let (part, ends) = part.strip_suffix('\n').map_or((part, false), |part| (part, true));
                if let Some(line) = part.split(CLEAR).last() {
                    *lines.last_mut().unwrap() = line.into();
                }
                if ends {
                    lines.push(String::new());
                }
            }
            lines.join("\n").trim_end().into()
        }
    }

    fn on(screen: &Screen) -> Progress {
        Progress::on(Terminal::Memory(screen.0.clone()))
    }

    #[test]
    fn shows_loss_and_metrics_of_every_epoch() {
        let terminal = Screen::default();
        let mut trainer = Unit::new(Sgd::new(0.1), 1);
        let last = trainer.fit_with(&X, &Y, Fit::epochs(3).validation(&X, &Y), on(&terminal)).unwrap();
        let shown = terminal.contents();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(lines[0].starts_with("epoch 1: loss ") && lines[0].contains(" mae "), "{shown}");
        assert_eq!(lines[2], format!("{last}"));
    }

    /// Records the contents of the terminal after each step.
    struct Frames<'a>(Screen, &'a mut Vec<String>);

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
        let terminal = Screen::default();
        let mut frames = Vec::new();
        let mut trainer = Unit::new(Sgd::new(0.1), 1);
        let callbacks = (on(&terminal), Frames(terminal.clone(), &mut frames));
        trainer.fit_with(&X, &Y, Fit::epochs(5).from_epoch(2), callbacks).unwrap();
        assert!(frames[0].starts_with("epoch 3/5 [=============>      ] 2/3 0s loss "), "{}", frames[0]);
        assert!(frames[0].contains(" mae "), "{}", frames[0]);
        assert!(frames.iter().all(|frame| !frame.contains("0/0")), "{frames:?}");
    }

    #[test]
    fn the_bar_disappears_if_training_diverges() {
        let terminal = Screen::default();
        let mut trainer = Unit::new(Sgd::new(1e30), 1);
        let mut progress = on(&terminal);
        trainer.fit_with(&X, &Y, Fit::epochs(3), &mut progress).unwrap_err();
        assert!(!terminal.contents().contains('['), "{}", terminal.contents());
    }

    #[test]
    fn bars_and_times_are_short() {
        assert_eq!(bar(0, 3), ">                   ");
        assert_eq!(bar(2, 3), "=============>      ");
        assert_eq!(bar(3, 3), "====================");
        assert_eq!([0, 59, 61, 7200].map(|seconds| time(Duration::from_secs(seconds))), ["0s", "59s", "1m", "2h"]);
    }
}
