//! Callbacks that change the learning rate.

use core::ops::{ControlFlow, RangeInclusive};

use super::{Callback, Epoch, callback::lend};
use crate::{
    layer::Layer,
    optim::{Schedule, Settings},
    range::{at_least_0, in_range, is_decay},
};

/// Sets the learning rate of each epoch to the result of a closure, which is called with the number of the epoch, from
/// 1, and the current rate. The result replaces a [`Schedule`], which changes the rate in each step instead: its
/// highest rate is then the first rate that the closure receives.
///
/// ```
/// use shiplap::{prelude::*, train::LearningRateScheduler};
///
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
/// let halve = LearningRateScheduler(|epoch, rate| if epoch > 5 { rate / 2.0 } else { rate });
/// trainer.fit_with(&[[1.0f32], [2.0]], &[[2.0f32], [4.0]], Fit::epochs(7), halve)?;
/// assert_eq!(trainer.optimizer().settings.learning_rate, Schedule::Constant(0.025));
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LearningRateScheduler<F>(pub F);

impl<N: Layer, M, F: FnMut(usize, f64) -> f64> Callback<N, M> for LearningRateScheduler<F> {
    fn before_epoch(&mut self, epoch: usize, settings: &mut Settings) {
        settings.learning_rate = Schedule::Constant(self.0(epoch, settings.learning_rate.peak()));
    }

    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Lowers the learning rate when the loss (on the validation data, if there are any) no longer improves, as Keras does.
///
/// After `patience` epochs in which the loss did not fall below the best by more than `min_delta`, the rate (for a
/// [`Schedule`], its highest rate) is multiplied by `factor`, but not reduced below `min_rate`. The `cooldown` epochs
/// that follow do not count toward the patience.
///
/// ```
/// use shiplap::{prelude::*, train::ReduceLrOnPlateau};
///
/// // At a rate of 0.5 the weight swings from one side of the optimum to the other.
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::new(0.5), 1);
/// let plateau = ReduceLrOnPlateau::new(0.5, 3);
/// trainer.fit_with(&[[1.0f32]], &[[2.0f32]], Fit::epochs(100), plateau)?;
/// assert!(trainer.optimizer().settings.learning_rate.peak() < 0.5);
/// assert!(trainer.evaluate(&[[1.0f32]], &[[2.0f32]])?.loss < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReduceLrOnPlateau {
    factor: f64,
    patience: usize,
    min_delta: f64,
    cooldown: usize,
    min_rate: f64,
    best: f64,
    waited: usize,
    cooling: usize,
}

impl ReduceLrOnPlateau {
    /// Multiplies the rate by `factor`, in [0, 1), after `patience` epochs without improvement; a patience of 0 counts
    /// as 1. `min_delta` is 10⁻⁴, and `cooldown` and `min_rate` are 0.
    pub const fn new(factor: f64, patience: usize) -> Self {
        Self {
            factor,
            patience,
            min_delta: 1e-4,
            cooldown: 0,
            min_rate: 0.0,
            best: f64::INFINITY,
            waited: 0,
            cooling: 0,
        }
    }

    /// Sets the smallest decrease of the loss that counts as an improvement: finite and at least 0.
    #[must_use]
    pub const fn min_delta(self, min_delta: f64) -> Self {
        Self { min_delta, ..self }
    }

    /// Sets the number of epochs after each reduction that do not count toward the patience.
    #[must_use]
    pub const fn cooldown(self, epochs: usize) -> Self {
        Self { cooldown: epochs, ..self }
    }

    /// Sets the lowest rate: finite and at least 0.
    #[must_use]
    pub const fn min_rate(self, rate: f64) -> Self {
        Self { min_rate: rate, ..self }
    }

    /// Whether to reduce the rate after an epoch with this loss.
    fn is_due(&mut self, loss: f64) -> bool {
        if self.cooling > 0 {
            (self.cooling, self.waited) = (self.cooling - 1, 0);
        }
        if loss < self.best - self.min_delta {
            (self.best, self.waited) = (loss, 0);
        } else if self.cooling == 0 {
            self.waited += 1;
            return self.waited >= self.patience;
        }
        false
    }
}

impl<N: Layer, M> Callback<N, M> for ReduceLrOnPlateau {
    fn check(&self) -> Result<(), &'static str> {
        in_range(is_decay(self.factor), "the factor of `ReduceLrOnPlateau` must be in [0, 1)")?;
        in_range(
            at_least_0(self.min_delta),
            "the `min_delta` of `ReduceLrOnPlateau` must be finite and at least 0 as `f32`",
        )?;
        in_range(
            at_least_0(self.min_rate),
            "the `min_rate` of `ReduceLrOnPlateau` must be finite and at least 0 as `f32`",
        )
    }

    fn before_fit(&mut self, _: RangeInclusive<usize>) {
        (self.best, self.waited, self.cooling) = (f64::INFINITY, 0, 0);
    }

    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn adjust(&mut self, epoch: &Epoch<M>, settings: &mut Settings) {
        let rate = settings.learning_rate.peak();
        if self.is_due(epoch.loss()) && rate > self.min_rate {
            settings.learning_rate = settings.learning_rate.with_peak((rate * self.factor).max(self.min_rate));
            (self.waited, self.cooling) = (0, self.cooldown);
        }
    }
}

lend!(impl[N: Layer, M] for ReduceLrOnPlateau);
