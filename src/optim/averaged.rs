//! A moving average of the weights.

use super::{
    Accumulate, HasRoom, InPlace, KeepsGradient, Optimizer, OptimizerState, Settings, StateOf, in_range, is_decay,
    name_of_wrapper, state::Grow,
};
use crate::kernel::Real;

/// The optimizer `O`, with an exponential moving average of the weights: `average = decay·average + (1−decay)·w` after
/// each update, and `average = w` after the first (Polyak and Juditsky 1992).
///
/// The average often predicts better than the last weights.
/// [`Trainer::swap_average`](crate::train::Trainer::swap_average) exchanges the two, to evaluate or save the average;
/// [`overwrite_every`](Self::overwrite_every) copies it to the weights at intervals. In Keras, these are `use_ema`,
/// `ema_momentum` and `ema_overwrite_frequency`. The average takes one more number of state for each weight.
///
/// ```
/// use shiplap::{optim::Averaged, prelude::*};
///
/// type Net = Dense<1, 1, Linear>;
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let adam = Averaged::new(Adam::new(0.05), 0.9);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Averaged<Adam>, 2>::new(adam, 1);
/// trainer.fit(&x, &y, Fit::epochs(500))?;
/// trainer.swap_average();
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averaged<O> {
    /// The optimizer.
    pub optimizer: O,
    /// The share of the old average that each update keeps, in [0, 1).
    pub decay: f64,
    /// The number of updates after which the average is copied to the weights, at least 1; `None` for never.
    pub overwrite: Option<u64>,
}

impl<O> Averaged<O> {
    /// Wraps an optimizer, with this decay of the average; 0.99 is usual.
    pub const fn new(optimizer: O, decay: f64) -> Self {
        Self { optimizer, decay, overwrite: None }
    }

    /// Copies the average to the weights after every `updates` updates.
    #[must_use]
    pub fn overwrite_every(self, updates: u64) -> Self {
        Self { overwrite: Some(updates), ..self }
    }
}

/// An optimizer whose last number of state is a moving average of the weights: [`Averaged`], or a wrapper around it.
///
/// ```
/// use shiplap::{optim::KeepsAverage, prelude::*};
///
/// fn averages<O: KeepsAverage>() {}
/// averages::<InPlace<Averaged<Adam>>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` keeps no average of the weights",
    label = "no average of the weights",
    note = "`Averaged` is an optimizer with one: `Averaged::new(Adam::default(), 0.99)`"
)]
pub trait KeepsAverage: Optimizer {}

impl<O: Optimizer<State: HasRoom>> KeepsAverage for Averaged<O> {}

impl<O: KeepsAverage> KeepsAverage for InPlace<O> {}

impl<O: KeepsAverage<State: KeepsGradient>> KeepsAverage for Accumulate<O> {}

/// The constants of a step of [`Averaged`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AveragedStep<S> {
    step: S,
    decay: f64,
    overwrite: bool,
}

#[diagnostic::do_not_recommend]
impl<O: Optimizer<State: HasRoom>> Optimizer for Averaged<O> {
    type State = <O::State as HasRoom>::More;
    type Step = AveragedStep<O::Step>;
    const NAME: &'static str = const { &name_of_wrapper("Averaged", O::NAME) }.as_str();

    fn settings(&self) -> &Settings {
        self.optimizer.settings()
    }

    fn settings_mut(&mut self) -> &mut Settings {
        self.optimizer.settings_mut()
    }

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        O::check_state(&state[..state.len() - 1])
    }

    fn check(&self) -> Result<(), &'static str> {
        self.optimizer.check()?;
        in_range(is_decay(self.decay), "the `decay` of averaged weights must be in [0, 1)")?;
        in_range(
            self.overwrite != Some(0),
            "`overwrite`, the updates between copies of the average, must be at least 1",
        )
    }

    /// At least 1: the average may replace a weight, and counts as a gradient in the bound of the trainer.
    fn largest_step(&self) -> f64 {
        self.optimizer.largest_step().max(1.0)
    }

    fn step(&self, number: u64, rate: f64) -> Self::Step {
        AveragedStep {
            step: self.optimizer.step(number, rate),
            decay: if number == 0 { 0.0 } else { self.decay },
            overwrite: self.overwrite.is_some_and(|updates| number.saturating_add(1).is_multiple_of(updates)),
        }
    }

    #[inline(always)]
    fn update<V: Real>(step: Self::Step, gradient: V, weight: V, state: StateOf<Self, V>) -> (V, StateOf<Self, V>) {
        type Count<O> = <<O as Optimizer>::State as OptimizerState>::Count;
        let (state, average) = Count::<O>::split(state);
        let (weight, state) = O::update(step.step, gradient, weight, state);
        let average = V::splat(step.decay) * average + V::splat(1.0 - step.decay) * weight;
        (if step.overwrite { average } else { weight }, Count::<O>::join(state, average))
    }

    fn steps_per_update(&self) -> u64 {
        self.optimizer.steps_per_update()
    }
}
