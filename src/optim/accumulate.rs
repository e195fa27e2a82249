//! Gradients averaged over several steps.

use super::{KeepsGradient, Optimizer, Settings, StateOf, in_range, name_of_wrapper};
use crate::kernel::Real;

/// The optimizer `O`, applied once every `steps` steps to the mean of their gradients: the effect of a batch `steps`
/// times as large, with the memory for one batch and for a second gradient.
///
/// As in Keras (`gradient_accumulation_steps`), clipping and weight decay apply to the update, and a
/// [`Schedule`](super::Schedule) counts all steps. All batches have the same weight in the mean, even one with fewer
/// rows. To split the batches of single steps, whose effect remains the same, use
/// [`MicroBatches`](super::MicroBatches).
///
/// ```
/// use shiplap::{optim::Accumulate, prelude::*};
///
/// type Net = Dense<1, 1, Linear>;
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut whole = Trainer::<Net, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.25), 1);
/// let mut halves = Trainer::<Net, MeanSquaredError, Accumulate<Sgd>, 1>::new(Accumulate::new(Sgd::new(0.25), 2), 1);
/// let before = halves.network().clone();
///
/// halves.step(&x[..1], &y[..1])?;
/// assert_eq!(*halves.network(), before);
/// halves.step(&x[1..], &y[1..])?;
/// whole.step(&x, &y)?;
/// assert!((halves.predict(&x[0])[0] - whole.predict(&x[0])[0]).abs() < 1e-6);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulate<O> {
    /// The optimizer.
    pub optimizer: O,
    /// The number of steps per update, at least 1.
    pub steps: u64,
}

impl<O> Accumulate<O> {
    /// Wraps an optimizer, with an update every `steps` steps.
    pub const fn new(optimizer: O, steps: u64) -> Self {
        Self { optimizer, steps }
    }
}

#[diagnostic::do_not_recommend]
impl<O: Optimizer<State: KeepsGradient>> Optimizer for Accumulate<O> {
    type State = <O::State as KeepsGradient>::Summed;
    const NAME: &'static str = const { &name_of_wrapper("Accumulate", O::NAME) }.as_str();

    formula_of!(O, optimizer);

    fn check(&self) -> Result<(), &'static str> {
        self.optimizer.check()?;
        in_range(self.steps > 0, "`steps`, over which gradients are accumulated, must be at least 1")
    }

    fn steps_per_update(&self) -> u64 {
        self.steps
    }
}
