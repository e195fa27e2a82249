//! The state of a training run, to resume it.

use core::fmt;

use crate::{Rng, layer::Layer};

/// More steps than any training run takes: `f64` counts up to this number.
#[cfg(feature = "safetensors")]
pub(crate) const MOST_STEPS: u64 = 1 << 53;

/// The state of a training run of the network `N`, without data and settings. A resumed run computes the same bits as
/// one that never stopped. With the feature `safetensors`, `io::save_checkpoint` writes the state to a file.
///
/// ```
/// use shiplap::prelude::*;
///
/// type NetTrainer = Trainer<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>;
/// let (x, y) = ([[1.0f32], [2.0], [3.0]], [[2.0f32], [4.0], [6.0]]);
/// let mut first = NetTrainer::new(Adam::default(), 1);
/// first.fit(&x, &y, Fit::epochs(3))?;
///
/// let mut second = NetTrainer::new(Adam::default(), 2);
/// let (from, to) = (first.state(), second.state_mut());
/// *to.network = from.network.clone();
/// to.optimizer_state.clone_from_slice(from.optimizer_state);
/// (*to.rng, *to.steps) = (from.rng.clone(), from.steps);
///
/// first.fit(&x, &y, Fit::epochs(5).from_epoch(3))?;
/// second.fit(&x, &y, Fit::epochs(5).from_epoch(3))?;
/// assert_eq!(first.network().kernel, second.network().kernel);
/// # Ok::<(), TrainError>(())
/// ```
#[non_exhaustive]
pub struct TrainingState<'a, N: Layer> {
    /// The network.
    pub network: &'a N,
    /// The optimizer state: one copy of the trainable parameters for each number that the optimizer keeps per weight.
    pub optimizer_state: &'a [N::Trainable],
    /// The sum of gradients of an optimizer that [accumulates](crate::optim::Accumulate) them; otherwise empty.
    pub gradient_sum: &'a [N::Trainable],
    /// The random generator, for the order of samples and for dropout.
    pub rng: &'a Rng,
    /// The number of steps taken.
    pub steps: u64,
    /// The [name](crate::optim::Optimizer::NAME) of the optimizer: its state is meaningless to any other.
    pub optimizer: &'static str,
    /// The [check](crate::optim::Optimizer::check_state) of the optimizer state of one weight.
    pub check_state: fn(&[f64]) -> Result<(), &'static str>,
}

/// The mutable version of [`TrainingState`].
#[non_exhaustive]
pub struct TrainingStateMut<'a, N: Layer> {
    /// The network.
    pub network: &'a mut N,
    /// The optimizer state: one copy of the trainable parameters for each number that the optimizer keeps per weight.
    pub optimizer_state: &'a mut [N::Trainable],
    /// The sum of gradients of an optimizer that [accumulates](crate::optim::Accumulate) them; otherwise empty.
    pub gradient_sum: &'a mut [N::Trainable],
    /// The random generator, for the order of samples and for dropout.
    pub rng: &'a mut Rng,
    /// The number of steps taken.
    pub steps: &'a mut u64,
    /// The [name](crate::optim::Optimizer::NAME) of the optimizer: its state is meaningless to any other.
    pub optimizer: &'static str,
    /// The [check](crate::optim::Optimizer::check_state) of the optimizer state of one weight.
    pub check_state: fn(&[f64]) -> Result<(), &'static str>,
}

impl<N: Layer> TrainingStateMut<'_, N> {
    /// The same state, for a shorter time.
    pub fn reborrow(&mut self) -> TrainingStateMut<'_, N> {
        let Self { network, optimizer_state, gradient_sum, rng, steps, optimizer, check_state } = self;
        TrainingStateMut { network, optimizer_state, gradient_sum, rng, steps, optimizer, check_state: *check_state }
    }
}

impl<N: Layer> Copy for TrainingState<'_, N> {}

impl<N: Layer> Clone for TrainingState<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Layer> fmt::Debug for TrainingState<'_, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "training state of {} after {} steps", self.optimizer, self.steps)
    }
}

impl<N: Layer> fmt::Debug for TrainingStateMut<'_, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "training state of {} after {} steps", self.optimizer, self.steps)
    }
}
