//! Optimizers: formulas that update weights from gradients. The formulas and their defaults are those of Keras.
//!
//! - [`Sgd`], [`Momentum`], [`Lion`]: one step size for all weights;
//! - [`Adam`], [`AdamW`], [`AmsGrad`], [`Nadam`], [`Adagrad`], [`RmsProp`]: a step size for each weight;
//! - wrappers for any of them: [`InPlace`] needs no memory for the gradient, [`Accumulate`] averages gradients over
//!   several steps, [`MicroBatches`] needs a tape for a part of the batch only, [`Averaged`] keeps a moving average of
//!   the weights, `AllCores` (with the feature `rayon`) trains on several cores, and `AllRanks` (with the feature `mpi`)
//!   on several machines;
//! - [`Settings`]: learning rate ([`Schedule`]), [`Clip`]ping, weight decay and penalty, which the crate applies to
//!   every optimizer;
//! - [`Optimizer`]: the trait, for an optimizer of your own.

/// The methods of a wrapper of an optimizer that has its formula. `$field` is the wrapped optimizer.
macro_rules! formula_of {
    ($optimizer:ty, $field:tt) => {
        type Step = <$optimizer>::Step;

        fn settings(&self) -> &Settings {
            self.$field.settings()
        }

        fn settings_mut(&mut self) -> &mut Settings {
            self.$field.settings_mut()
        }

        fn check_state(state: &[f64]) -> Result<(), &'static str> {
            <$optimizer>::check_state(state)
        }

        fn largest_step(&self) -> f64 {
            self.$field.largest_step()
        }

        fn step(&self, number: u64, rate: f64) -> Self::Step {
            self.$field.step(number, rate)
        }

        #[inline(always)]
        fn update<V: Real>(step: Self::Step, gradient: V, weight: V, state: StateOf<Self, V>) -> (V, StateOf<Self, V>) {
            <$optimizer>::update(step, gradient, weight, state)
        }
    };
}

mod accumulate;
mod adagrad;
mod adam;
#[cfg(feature = "rayon")]
mod all_cores;
#[cfg(feature = "mpi")]
mod all_ranks;
mod averaged;
mod clip;
mod gradient;
mod in_place;
#[cfg(feature = "rayon")]
mod in_shards;
mod lion;
mod micro_batches;
mod nadam;
mod norm;
mod rmsprop;
mod schedule;
mod sgd;
mod state;
mod update;

pub use accumulate::Accumulate;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW, AmsGrad};
#[cfg(feature = "rayon")]
pub use all_cores::AllCores;
#[cfg(feature = "mpi")]
pub use all_ranks::AllRanks;
pub use averaged::{Averaged, KeepsAverage};
pub use clip::Clip;
pub(crate) use gradient::{AfterBackward, GradientMemory, Measured};
pub use in_place::InPlace;
#[cfg(feature = "rayon")]
pub use in_shards::OnCores;
pub use lion::Lion;
pub use micro_batches::MicroBatches;
pub use nadam::Nadam;
pub use rmsprop::RmsProp;
pub use schedule::Schedule;
pub use sgd::{Momentum, Sgd};
pub(crate) use state::StateCount;
pub use state::{HasRoom, KeepsGradient, OptimizerState, PerWeight, StateOf};

use crate::{
    kernel::Real,
    message::Message,
    range::{at_least_0, in_range, is_decay, is_divisor},
    regularize::Penalty,
};

/// The settings that every optimizer has. The crate applies clipping, weight decay and penalty for every optimizer.
///
/// ```
/// use shiplap::prelude::*;
///
/// let adam = Adam::new(0.01).clip(Clip::Norm(1.0)).weight_decay(1e-4).penalty(Penalty::l2(1e-3));
/// assert_eq!(adam.settings().clip, Some(Clip::Norm(1.0)));
/// assert_eq!(adam.settings().learning_rate, Schedule::Constant(0.01));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The learning rate: finite and at least 0.
    pub learning_rate: Schedule,
    /// The clipping of large gradients, if any.
    pub clip: Option<Clip>,
    /// Each step first multiplies all parameters by `1 − learning_rate·weight_decay`. Finite and at least 0.
    pub weight_decay: f64,
    /// The penalty on all kernels, added to those in the network's type. Finite and at least 0.
    pub penalty: Penalty,
}

impl Settings {
    /// Settings with a constant learning rate, and no clipping, decay or penalty.
    pub const fn new(learning_rate: f64) -> Self {
        Self { learning_rate: Schedule::Constant(learning_rate), clip: None, weight_decay: 0.0, penalty: Penalty::NONE }
    }

    /// Checks that each setting is in its range.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    pub fn check(&self) -> Result<(), &'static str> {
        let Self { learning_rate, clip, weight_decay, penalty } = self;
        learning_rate.check()?;
        clip.map_or(Ok(()), |clip| clip.check())?;
        in_range(at_least_0(*weight_decay), "the weight decay must be finite and at least 0 as `f32`")?;
        in_range(at_least_0(penalty.l1) && at_least_0(penalty.l2), "penalties must be finite and at least 0 as `f32`")
    }
}

/// An optimizer: a formula that computes new weights from gradients.
///
/// An implementation defines its settings, its amount of state for each weight, and [`update`](Self::update), the
/// formula for one weight. The crate walks over the network, vectorizes the formula, and applies penalties, clipping
/// and weight decay; [`InPlace`] works with every optimizer.
///
/// Lion (Chen et al. 2023), `w −= rate·sign(beta1·m + (1−beta1)·g)`, then `m = beta2·m + (1−beta2)·g`:
///
/// ```
/// use shiplap::{kernel::Real, optim::{PerWeight, Settings}, prelude::*};
///
/// #[derive(Clone, Copy)]
/// struct MyLion {
///     settings: Settings,
///     beta1: f64,
///     beta2: f64,
/// }
///
/// impl Optimizer for MyLion {
///     type State = PerWeight<1>;
///     type Step = [f64; 3];
///     const NAME: &'static str = "MyLion";
///
///     fn settings(&self) -> &Settings { &self.settings }
///     fn settings_mut(&mut self) -> &mut Settings { &mut self.settings }
///     fn largest_step(&self) -> f64 { 1.0 }
///     fn step(&self, _number: u64, rate: f64) -> [f64; 3] { [rate, self.beta1, self.beta2] }
///
///     #[inline(always)]
///     fn update<V: Real>(step: [f64; 3], g: V, w: V, [m]: [V; 1]) -> (V, [V; 1]) {
///         let [rate, beta1, beta2] = step.map(V::splat);
///         let sign = V::splat(1.0).copysign(g + beta1 * (m - g));
///         (w - rate * sign, [g + beta2 * (m - g)])
///     }
/// }
///
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let lion = MyLion { settings: Settings::new(0.002), beta1: 0.9, beta2: 0.99 }.weight_decay(0.01);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, MyLion, 2>::new(lion, 1);
/// trainer.fit(&x, &y, Fit::epochs(3000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 0.01);
/// # Ok::<(), TrainError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an optimizer",
    label = "not an optimizer",
    note = "a trainer's parameters are the network, the loss, the optimizer and the batch size: `Trainer<Net, MeanSquaredError, Adam, 32>`"
)]
pub trait Optimizer: Copy + Send + Sync + 'static {
    /// The number of state numbers for each weight: `PerWeight<0>` to `PerWeight<6>`. They start at 0.
    type State: OptimizerState;
    /// The constants of one step, computed once for all weights.
    type Step: Copy + Send + Sync;

    /// The name in checkpoints: that of the type. A checkpoint is loaded only by an optimizer of the same name.
    const NAME: &'static str;

    /// The settings that every optimizer has.
    fn settings(&self) -> &Settings;

    /// The settings with write access.
    fn settings_mut(&mut self) -> &mut Settings;

    /// Checks that each setting is in its range. A trainer calls it before the first step and after each change.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    fn check(&self) -> Result<(), &'static str> {
        self.settings().check()
    }

    /// The factor in an upper bound on the change of a weight in one step, before weight decay. The change is at most
    /// this factor times the highest learning rate so far times the largest gradient norm so far, where each of the two
    /// counts as at least 1. The trainer uses the bound to rule out overflow without reading the weights.
    fn largest_step(&self) -> f64;

    /// The constants of step `number`, counted from 0, at this learning rate. With [`Accumulate`], updates are counted.
    fn step(&self, number: u64, rate: f64) -> Self::Step;

    /// The formula: the new weight and the new state, from the gradient, the weight and the state.
    ///
    /// `V` is one number or a register of them. Mark the method `#[inline(always)]`, so that it is compiled for the
    /// instruction set of its caller.
    fn update<V: Real>(step: Self::Step, gradient: V, weight: V, state: StateOf<Self, V>) -> (V, StateOf<Self, V>);

    /// Checks the state of one weight, in the order of [`update`](Self::update). A checkpoint with a state that no
    /// training run reaches, such as a negative mean of squares, is neither saved nor loaded.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the state.
    ///
    /// # Panics
    ///
    /// May panic if `state` is not as long as [`State`](Self::State).
    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        let _ = state;
        Ok(())
    }

    /// The number of steps whose gradients are averaged for one update.
    #[doc(hidden)]
    fn steps_per_update(&self) -> u64 {
        1
    }

    /// Sets a schedule of learning rates.
    #[must_use]
    fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings_mut().learning_rate = schedule;
        self
    }

    /// Sets clipping.
    #[must_use]
    fn clip(mut self, clip: Clip) -> Self {
        self.settings_mut().clip = Some(clip);
        self
    }

    /// Sets decoupled weight decay (Loshchilov and Hutter 2017).
    #[must_use]
    fn weight_decay(mut self, decay: f64) -> Self {
        self.settings_mut().weight_decay = decay;
        self
    }

    /// Sets a penalty on all kernels.
    #[must_use]
    fn penalty(mut self, penalty: Penalty) -> Self {
        self.settings_mut().penalty = penalty;
        self
    }
}

/// Returns an error if a mean or a sum of squares is negative.
fn check_squares(squares: f64) -> Result<(), &'static str> {
    in_range(squares >= 0.0, "the mean or sum of squared gradients is negative")
}

/// `InPlace<Adam>`
const fn name_of_wrapper(wrapper: &str, optimizer: &str) -> Message {
    Message::new().text(wrapper).text("<").text(optimizer).text(">")
}

/// The two accessors of an optimizer with a field `settings`.
macro_rules! has_settings {
    () => {
        fn settings(&self) -> &Settings {
            &self.settings
        }

        fn settings_mut(&mut self) -> &mut Settings {
            &mut self.settings
        }
    };
}
use has_settings;
