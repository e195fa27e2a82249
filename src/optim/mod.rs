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

/// An optimiser. [`Sgd`] and [`Momentum`] show how one is written: its formula is a [`Sweep`] over gradient, weights and
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
