//! Optimisers: from gradients to better weights. The formulas are those of Keras.

mod adagrad;
mod adam;
mod clip;
mod rmsprop;
mod schedule;
mod sgd;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use clip::Clip;
pub(crate) use clip::{Clipping, SquareLength};
pub use rmsprop::RmsProp;
pub use schedule::Schedule;
pub use sgd::{Momentum, Sgd};

use crate::{
    Zeroed,
    kernel::{Element, Real, Simd, Sweep, sweep},
    layer::{Layer, Parameter, Role, VisitMut},
    regularize::Penalty,
};

/// What every optimiser has.
///
/// ```
/// use shiplap::prelude::*;
///
/// let adam = Adam::new(0.01).clip(Clip::Norm(1.0)).weight_decay(1e-4).penalty(Penalty::l2(1e-3));
/// assert_eq!(adam.settings().clip, Some(Clip::Norm(1.0)));
/// assert_eq!(adam.settings().learning_rate, Schedule::Constant(0.01));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The learning rate, finite and at least 0.
    pub learning_rate: Schedule,
    /// Clipping, if any.
    pub clip: Option<Clip>,
    /// Each step multiplies all parameters by `1 − learning_rate·weight_decay` first. Finite and at least 0.
    pub weight_decay: f64,
    /// The penalty on all kernels, beside those in the network's type. Finite and at least 0.
    pub penalty: Penalty,
}

impl Settings {
    const fn new(learning_rate: f64) -> Self {
        Self { learning_rate: Schedule::Constant(learning_rate), clip: None, weight_decay: 0.0, penalty: Penalty::NONE }
    }

    /// Whether each is in its range.
    ///
    /// # Errors
    ///
    /// Which is not, and what it should be.
    pub fn check(&self) -> Result<(), &'static str> {
        let Self { learning_rate, clip, weight_decay, penalty } = self;
        learning_rate.check()?;
        clip.map_or(Ok(()), |clip| clip.check())?;
        in_range(at_least_0(*weight_decay), "the weight decay must be finite and at least 0")?;
        in_range(at_least_0(penalty.l1) && at_least_0(penalty.l2), "penalties must be finite and at least 0")
    }
}

/// An optimiser. [`Sgd`] and [`Momentum`] show how one is written: its formula is a [`Sweep`] over gradient, weights and
/// what it remembers.
pub trait Optimizer: Copy + Send + Sync + 'static {
    /// What it remembers, as copies of the network `N`.
    type Moments<N: Zeroed>: Zeroed + AsRef<[N]> + AsMut<[N]>;

    /// What every optimiser has.
    fn settings(&self) -> &Settings;

    /// The same, to change.
    fn settings_mut(&mut self) -> &mut Settings;

    /// Whether each setting is in its range. A trainer asks before it trains.
    ///
    /// # Errors
    ///
    /// Which is not, and what it should be.
    fn check(&self) -> Result<(), &'static str> {
        self.settings().check()
    }

    /// How far a step can move a weight at most, beside the decay of weights: this times the highest learning rate times
    /// the length of the longest gradient so far, each taken as at least 1. From it the trainer knows, without looking at
    /// the weights, that a step does not make them infinite.
    fn most_movement(&self) -> f64;

    /// Makes step `step`, counted from 0.
    fn update<S: Simd, N: Layer>(
        &self,
        simd: S,
        step: u64,
        network: &mut N,
        gradient: &mut N,
        moments: &mut Self::Moments<N>,
    );

    /// With this schedule of learning rates.
    #[must_use]
    fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings_mut().learning_rate = schedule;
        self
    }

    /// With clipping.
    #[must_use]
    fn clip(mut self, clip: Clip) -> Self {
        self.settings_mut().clip = Some(clip);
        self
    }

    /// With decoupled weight decay (Loshchilov and Hutter 2017).
    #[must_use]
    fn weight_decay(mut self, decay: f64) -> Self {
        self.settings_mut().weight_decay = decay;
        self
    }

    /// With a penalty on all kernels.
    #[must_use]
    fn penalty(mut self, penalty: Penalty) -> Self {
        self.settings_mut().penalty = penalty;
        self
    }
}

/// The two methods that every optimiser with a field `settings` has.
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

fn in_range(is: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if is { Ok(()) } else { Err(otherwise) }
}

fn at_least_0(value: f64) -> bool {
    (0.0..f64::INFINITY).contains(&value)
}

/// Whether it divides well, also as `f32`.
fn is_divisor(value: f64) -> bool {
    (f64::from(f32::MIN_POSITIVE)..f64::INFINITY).contains(&value)
}

fn is_share(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

/// The formula of the optimiser `O` at a learning rate.
#[derive(Clone, Copy)]
struct At<O> {
    rate: f64,
    optimizer: O,
}

/// One step over all parameters.
struct Update<S, O> {
    simd: S,
    formula: Decayed<At<O>>,
}

impl<S, O: Optimizer> Update<S, O> {
    #[inline(always)]
    fn new(simd: S, optimizer: O, step: u64) -> Self {
        let Settings { learning_rate, weight_decay, .. } = optimizer.settings();
        let rate = learning_rate.at(step);
        Self { simd, formula: Decayed { keep: 1.0 - rate * weight_decay, then: At { rate, optimizer } } }
    }
}

/// A formula for weights of which only the part `keep` is left first.
#[derive(Clone, Copy)]
struct Decayed<F> {
    keep: f64,
    then: F,
}

impl<F: Sweep<1, W>, const W: usize> Sweep<1, W> for Decayed<F> {
    #[inline(always)]
    fn apply<V: Real>(&self, read: [V; 1], mut write: [V; W]) -> [V; W] {
        write[0] = write[0] * V::splat(self.keep);
        self.then.apply(read, write)
    }
}

/// The walk over gradient, weights, and as many moments as are named.
macro_rules! walks {
    ($([gradient, $($written:ident),+];)*) => {
        $(impl<S: Simd, T: Element, O> VisitMut<T, { 1 + [$(stringify!($written)),+].len() }> for Update<S, O>
        where
            At<O>: Sweep<1, { [$(stringify!($written)),+].len() }>,
        {
            #[inline(always)]
            fn visit(
                &mut self,
                parameter: Parameter<'_>,
                [gradient, $($written),+]: [&mut [T]; 1 + [$(stringify!($written)),+].len()],
            ) {
                if parameter.role != Role::Statistic {
                    sweep(self.simd, &self.formula, [&*gradient], [$($written),+]);
                }
            }
        })*
    };
}
walks! {
    [gradient, weights];
    [gradient, weights, first];
    [gradient, weights, first, second];
}
