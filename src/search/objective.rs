//! The objective of a search: how a trial is trained and rated.

use core::{fmt, ops::RangeInclusive};
use std::{boxed::Box, string::String, vec::Vec};

use super::Trial;

/// The training of a trial of the network `N`.
///
/// [`Training`](super::Training) is the objective of most searches. One of your own is generic over the network, so that
/// it is compiled for each candidate. It may prepare the trainer and leave the rest to [`Fitting`](super::Fitting):
///
/// ```
/// use shiplap::{
///     layer::Sample,
///     loss::{Follows, Loss},
///     prelude::*,
///     search::{Failure, Fitting, Objective, Run, Search, Trial, candidates},
/// };
///
/// /// A line through points, by gradient descent with momentum.
/// struct Line {
///     x: Vec<[f32; 1]>,
///     y: Vec<[f32; 1]>,
/// }
///
/// impl<N: Network<Element = f32, Output = [f32; 1]> + 'static> Objective<N> for Line
/// where
///     [f32; 1]: Sample<N>,
///     MeanSquaredError: Follows<N::Head>,
/// {
///     fn start(&self, trial: &Trial) -> Result<Box<dyn Run + '_>, Failure> {
///         let momentum = trial.get("momentum").ok_or("the space has no axis `momentum`")?;
///         let optimizer = Momentum { momentum, ..Momentum::new(0.01) };
///         let trainer = Trainer::<N, MeanSquaredError, Momentum, 8>::boxed(optimizer, trial.seed);
///         Ok(Box::new(Fitting::new(trainer, &self.x, &self.y)))
///     }
/// }
///
/// type Net = (Dense<1, 4, Tanh>, Dense<4, 1, Linear>);
/// type Plain = Dense<1, 1, Linear>;
///
/// let line = Line { x: vec![[0.0], [1.0], [2.0]], y: vec![[1.0], [3.0], [5.0]] };
/// let space = candidates![Net, Plain].axis("momentum", [0.5, 0.9]);
/// let results = Search::epochs(50).run(&space, &line)?;
/// assert_eq!(results.outcomes().len(), 4);
/// # Ok::<(), shiplap::search::SearchError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "this objective cannot train the candidate `{N}`",
    label = "the objective does not fit a candidate",
    note = "`Training` trains networks that take its samples and end in an output that its loss compares with its labels; an objective of your own has `impl<N: Network<..>> Objective<N> for ..`"
)]
pub trait Objective<N>: Sync {
    /// Starts a trial.
    ///
    /// # Errors
    ///
    /// Returns the reason why this trial cannot start. It is then an outcome of the search, which goes on.
    fn start(&self, trial: &Trial) -> Result<Box<dyn Run + '_>, Failure>;

    /// A description of everything apart from the trial that determines its result, such as the loss and the data. The
    /// journal of a search is not continued with another description.
    fn describe(&self) -> String {
        String::new()
    }

    /// A description of the settings that the objective derives from a trial, such as those of its optimizer. The journal
    /// of a search is not continued if that of any trial differs.
    fn describe_trial(&self, trial: &Trial) -> String {
        let _ = trial;
        String::new()
    }
}

/// The results of an epoch by name, such as `loss` and `val_loss`.
pub type Row = [(String, f64)];

/// A trial that was started.
pub trait Run {
    /// Trains the epochs with these numbers. Calls `after` after each of them, and follows its answer.
    ///
    /// # Errors
    ///
    /// Returns the reason why the trial has failed, such as a loss that is not finite.
    fn train(&mut self, epochs: RangeInclusive<usize>, after: &mut dyn FnMut(&Row) -> Next) -> Result<(), Failure>;

    /// The weights that were kept last, as a safetensors file: see [`to_bytes`](crate::io::to_bytes).
    ///
    /// # Errors
    ///
    /// Returns the reason why there is no such file.
    fn weights(&self) -> Result<Vec<u8>, Failure>;

    /// The state after the last epoch, from which another run of the same trial can continue: see
    /// [`checkpoint_to_bytes`](crate::io::checkpoint_to_bytes).
    ///
    /// # Errors
    ///
    /// Returns the reason why there is no state.
    fn pause(&self) -> Result<Vec<u8>, Failure>;

    /// Restores the state of [`pause`](Self::pause). The next call of `train` continues after its last epoch.
    ///
    /// # Errors
    ///
    /// Returns the reason why the state cannot be restored.
    fn resume(&mut self, state: &[u8]) -> Result<(), Failure>;
}

/// The answer to a [`Run`] after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Keeps the weights, which are the best so far, and continues.
    Keep,
    /// Continues.
    Continue,
    /// Stops.
    Stop,
}

/// The reason why a trial has failed. `?` makes it of any error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub(super) String);

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(std::format!("{error}"))
    }
}
