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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The learning rate.
    pub learning_rate: Schedule,
    /// Clipping, if any.
    pub clip: Option<Clip>,
    /// Each step multiplies all parameters by `1 − learning_rate·weight_decay` first.
    pub weight_decay: f64,
    /// The penalty on all kernels, beside those in the network's type.
    pub penalty: Penalty,
}

impl Settings {
    const fn new(learning_rate: f64) -> Self {
        Self { learning_rate: Schedule::Constant(learning_rate), clip: None, weight_decay: 0.0, penalty: Penalty::NONE }
    }
}

/// An optimiser. `src/optim/sgd.rs` shows how one is written: its formula is a [`Sweep`] over gradient, weights and
/// what it remembers.
pub trait Optimizer: Copy + Send + Sync + 'static {
    /// What it remembers, as copies of the network `N`.
    type Moments<N: Zeroed>: Zeroed + AsRef<[N]> + AsMut<[N]>;

    /// What every optimiser has.
    fn settings(&self) -> &Settings;

    /// The same, to change.
    fn settings_mut(&mut self) -> &mut Settings;

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

/// Goes over all parameters with a rule, after the decay of the weights.
struct Update<S, R> {
    simd: S,
    keep: f64,
    rule: R,
}

impl<S, R> Update<S, R> {
    fn new(simd: S, settings: &Settings, step: u64, rule: R) -> Self {
        Self { simd, keep: 1.0 - settings.learning_rate.at(step) * settings.weight_decay, rule }
    }
}

/// A rule for weights that shrink first.
#[derive(Clone, Copy)]
struct Decayed<R>(R, f64);

impl<R: Sweep<1, W>, const W: usize> Sweep<1, W> for Decayed<R> {
    #[inline(always)]
    fn apply<V: Real>(&self, read: [V; 1], mut write: [V; W]) -> [V; W] {
        write[0] = write[0] * V::splat(self.1);
        self.0.apply(read, write)
    }
}

macro_rules! updates {
    ($($walks:literal $write:literal ($($moment:ident)*))*) => {
        $(impl<S: Simd, T: Element, R: Sweep<1, $write>> VisitMut<T, $walks> for Update<S, R> {
            #[inline(always)]
            fn visit(&mut self, parameter: Parameter<'_>, [gradient, weights, $($moment),*]: [&mut [T]; $walks]) {
                if parameter.role == Role::Statistic {
                    return;
                }
                sweep(self.simd, &Decayed(self.rule, self.keep), [&*gradient], [weights, $($moment),*]);
            }
        })*
    };
}
updates! { 2 1 () 3 2 (first) 4 3 (first second) }
