//! The objective of most searches: the loss on validation data.

use core::fmt::{Debug, Write as _};
use std::{boxed::Box, format, string::String};

use super::{Failure, Fitting, Objective, Run, Trial, hash::Hash};
use crate::{
    Tensor,
    kernel::Element as _,
    layer::Sample,
    loss::{Follows, Label, Loss},
    metric::Metric,
    network::Network,
    optim::{Optimizer, Schedule},
    train::Trainer,
};

/// Trains each candidate with the same data, loss and optimizer. The learning rate, the L2 penalty and the seed are those
/// of the trial, if the space has such axes.
///
/// ```
/// use shiplap::{prelude::*, search::{Search, Training, candidates}};
///
/// type Small = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);
/// type Wide = (Dense<2, 16, Tanh>, Dense<16, 1, Sigmoid>);
///
/// let (x, y) = ([[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0f32], [1.0], [1.0], [0.0]]);
/// let training = Training::new(BinaryCrossentropy, Adam::default(), &x, &y)
///     .batch_size::<4>()
///     .configure(|trial, adam: &mut Adam| adam.beta1 = trial.get("beta1").unwrap_or(0.9));
/// let space = candidates![Small, Wide].learning_rates([1e-2, 1e-1]).axis("beta1", [0.8, 0.9]);
/// let results = Search::epochs(100).run(&space, &training)?;
/// println!("{results}");
/// assert!(results.best().is_some_and(|best| best.score.is_some_and(|loss| loss < 0.1)));
/// # Ok::<(), shiplap::search::SearchError>(())
/// ```
pub struct Training<'a, X, Y, L, O, const BATCH: usize = 32> {
    loss: L,
    optimizer: O,
    x: &'a [X],
    y: &'a [Y],
    validation: Option<(&'a [X], &'a [Y])>,
    shuffle: bool,
    configure: Option<Box<Configure<'a, O>>>,
}

type Configure<'a, O> = dyn Fn(&Trial, &mut O) + Sync + 'a;

impl<'a, X, Y, L, O: Optimizer> Training<'a, X, Y, L, O> {
    /// Trains on `x` and `y` in batches of 32.
    pub fn new(loss: L, optimizer: O, x: &'a [X], y: &'a [Y]) -> Self {
        Self { loss, optimizer, x, y, validation: None, shuffle: true, configure: None }
    }
}

impl<'a, X, Y, L, O: Optimizer, const BATCH: usize> Training<'a, X, Y, L, O, BATCH> {
    /// Evaluates these samples after each epoch. Their loss ranks the trials; without them, the training loss does.
    #[must_use]
    pub fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Some((x, y)), ..self }
    }

    /// Sets the number of samples in a batch.
    #[must_use]
    pub fn batch_size<const SIZE: usize>(self) -> Training<'a, X, Y, L, O, SIZE> {
        let Self { loss, optimizer, x, y, validation, shuffle, configure } = self;
        Training { loss, optimizer, x, y, validation, shuffle, configure }
    }

    /// Sets whether the order of samples is random, as it is by default.
    #[must_use]
    pub fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }

    /// Calls `configure` for each trial to change its optimizer, by the trial's [axes](super::Space::axis), after the
    /// learning rate and the penalty were set. A search in a [folder](super::Search::folder) also calls it at its
    /// beginning, to compare the optimizers with those of its journal.
    #[must_use]
    pub fn configure(self, configure: impl Fn(&Trial, &mut O) + Sync + 'a) -> Self {
        Self { configure: Some(Box::new(configure)), ..self }
    }

    pub(super) fn samples(&self) -> (&'a [X], &'a [Y]) {
        (self.x, self.y)
    }

    /// The run of a trial with these samples.
    pub(super) fn fitting<'b, N>(&self, trial: &Trial, x: &'b [X], y: &'b [Y]) -> Fitting<'b, X, Y, N, L, O, BATCH>
    where
        N: Network,
        L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head>,
    {
        let mut trainer = Trainer::<N, L, O, BATCH>::boxed(self.optimizer_of(trial), trial.seed);
        *trainer.loss_mut() = self.loss;
        Fitting::new(trainer, x, y).shuffle(self.shuffle)
    }

    pub(super) fn describe_settings(&self) -> String
    where
        L: Debug,
        O: Debug,
    {
        let Self { loss, optimizer, shuffle, .. } = self;
        format!("{loss:?}, {optimizer:?}, batches of {BATCH}, shuffled: {shuffle}")
    }

    /// The optimizer of a trial.
    pub(super) fn optimizer_of(&self, trial: &Trial) -> O {
        let mut optimizer = self.optimizer;
        let settings = optimizer.settings_mut();
        if let Some(rate) = trial.learning_rate() {
            settings.learning_rate = Schedule::Constant(rate);
        }
        if let Some(penalty) = trial.penalty() {
            settings.penalty.l2 = penalty;
        }
        if let Some(configure) = &self.configure {
            configure(trial, &mut optimizer);
        }
        optimizer
    }
}

impl<X, Y, L, O, N, const BATCH: usize> Objective<N> for Training<'_, X, Y, L, O, BATCH>
where
    N: Network + 'static,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head> + Debug,
    O: Optimizer + Debug,
    X: Sample<N>,
    Y: Label<L, N::Output> + Debug + Sync,
{
    fn start(&self, trial: &Trial) -> Result<Box<dyn Run + '_>, Failure> {
        let fitting = self.fitting::<N>(trial, self.x, self.y);
        Ok(Box::new(match self.validation {
            Some((x, y)) => fitting.validation(x, y),
            None => fitting,
        }))
    }

    /// The loss and the optimizer with their settings, and the samples and labels, whose numbers are hashed.
    fn describe(&self) -> String {
        let validation = self.validation.map_or_else(|| "none".into(), |(x, y)| describe_data(x, y));
        let training = describe_data(self.x, self.y);
        format!("{}, training: {training}, validation: {validation}", self.describe_settings())
    }

    /// The optimizer as [`configure`](Training::configure) leaves it.
    fn describe_trial(&self, trial: &Trial) -> String {
        format!("{:?}", self.optimizer_of(trial))
    }
}

/// The number of samples, with a hash of their numbers and of the labels as text.
pub(super) fn describe_data<X: Tensor, Y: Debug>(samples: &[X], labels: &[Y]) -> String {
    let mut hash = Hash::new();
    X::flat(samples).iter().for_each(|number| hash.add(number.to_f64().to_bits()));
    // The hash takes any text.
    let _ = write!(hash, "{labels:?}");
    format!("{} samples ({:016x})", samples.len(), hash.value())
}
