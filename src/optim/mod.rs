//! Optimisers: from gradients to better weights. The formulas are those of Keras.

mod adagrad;
mod adam;
mod clip;
mod in_place;
mod rmsprop;
mod schedule;
mod sgd;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use clip::Clip;
use clip::Hold;
pub(crate) use clip::{Clipping, SquareLength};
pub use in_place::InPlace;
pub(crate) use in_place::{Bound, Produced};
pub use rmsprop::RmsProp;
pub use schedule::Schedule;
pub use sgd::{Momentum, Sgd};

use crate::{
    Zeroed,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise, sum_rows, tn_then},
    layer::{Layer, Learn, Parameter, Path, VisitTrainable},
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

/// An optimiser: a formula, as a [`ElementwiseKernel`] over gradient, weights and what it remembers.
pub trait Optimizer: Copy + Send + Sync + 'static {
    /// What it remembers, as copies of all that can be learnt, `L`.
    type Moments<L: Zeroed>: Zeroed + AsRef<[L]> + AsMut<[L]>;
    /// Memory for the gradient: one copy of all that can be learnt, or none for [`InPlace`].
    type Gradient<L: Zeroed>: Zeroed + AsMut<[L]>;

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
    fn update<N: Layer, G: Gradients<N>>(
        &self,
        step: u64,
        network: &mut N,
        gradients: G,
        moments: &mut Self::Moments<N::Trainable>,
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

/// Where gradients come from.
pub trait Gradients<N: Layer> {
    /// Whether penalties are in them, and they are clipped.
    const FINISHED: bool;
    /// The instruction set in use.
    type Simd: Simd;

    /// The same, as a value.
    fn simd(&self) -> Self::Simd;

    /// Gives the gradient of each parameter to the learner, with the parameter and its moments.
    fn give<V: Learn<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        moments: [&mut N::Trainable; M],
        learner: &mut V,
    );
}

/// A gradient in memory.
pub(crate) struct Kept<'a, S, L>(pub S, pub &'a mut L);

impl<S: Simd, N: Layer> Gradients<N> for Kept<'_, S, N::Trainable> {
    const FINISHED: bool = true;
    type Simd = S;

    #[inline(always)]
    fn simd(&self) -> S {
        self.0
    }

    #[inline(always)]
    fn give<V: Learn<N::Element, M>, const M: usize>(
        self,
        network: &mut N,
        moments: [&mut N::Trainable; M],
        learner: &mut V,
    ) {
        N::trainable_mut(Some(network), self.1, moments, Path::ROOT, learner);
    }
}

/// One step of a formula over all that can be learnt.
struct Update<S, F> {
    simd: S,
    formula: Decayed<F>,
    /// What has to be done to a gradient first, if it has not been done.
    finish: Option<Finish>,
}

/// Takes the step of `formula`, given the learning rate.
#[inline(always)]
fn walk<N: Layer, G: Gradients<N>, F, const M: usize>(
    settings: &Settings,
    rate: f64,
    formula: F,
    network: &mut N,
    gradients: G,
    moments: [&mut N::Trainable; M],
) where
    Update<G::Simd, F>: Learn<N::Element, M>,
{
    let most = if let Some(Clip::Value(most)) = settings.clip { most } else { f64::INFINITY };
    let mut update = Update {
        simd: gradients.simd(),
        formula: Decayed { keep: 1.0 - rate * settings.weight_decay, then: formula },
        finish: if G::FINISHED { None } else { Some(Finish { penalty: settings.penalty, most }) },
    };
    gradients.give(network, moments, &mut update);
}

/// A formula for weights of which only the part `keep` is left first.
#[derive(Clone, Copy)]
struct Decayed<F> {
    keep: f64,
    then: F,
}

impl<F: ElementwiseKernel<1, W>, const W: usize> ElementwiseKernel<1, W> for Decayed<F> {
    #[inline(always)]
    fn apply<V: Real>(&self, read: [V; 1], mut write: [V; W]) -> [V; W] {
        write[0] = write[0] * V::splat(self.keep);
        self.then.apply(read, write)
    }
}

/// What a gradient lacks when it comes right from the slopes.
#[derive(Clone, Copy)]
struct Finish {
    penalty: Penalty,
    most: f64,
}

impl<S, F> Update<S, F> {
    /// What the gradient of this parameter lacks, if anything.
    #[inline(always)]
    fn lacking(&self, parameter: &Parameter<'_>) -> Option<Finish> {
        let Finish { penalty, most } = self.finish?;
        let penalty = parameter.penalty_with(penalty);
        (penalty != Penalty::NONE || most < f64::INFINITY).then_some(Finish { penalty, most })
    }
}

/// A formula for gradients that are finished first.
#[derive(Clone, Copy)]
struct Finished<F>(Finish, F);

impl<F: ElementwiseKernel<1, W>, const W: usize> ElementwiseKernel<1, W> for Finished<F> {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], write: [V; W]) -> [V; W] {
        let [g] = self.0.penalty.apply([write[0]], [g]);
        let [g] = Hold { scale: 1.0, most: self.0.most }.apply([], [g]);
        self.1.apply([g], write)
    }
}

/// The walk over gradient, weights, and as many moments as are named.
macro_rules! walks {
    ($([$($moment:ident),*] $moments:literal $written:literal;)*) => {
        $(
            impl<S: Simd, T: Element, F: ElementwiseKernel<1, $written>> VisitTrainable<T, $moments> for Update<S, F> {
                #[inline(always)]
                fn visit(
                    &mut self,
                    parameter: Parameter<'_>,
                    values: &mut [T],
                    gradient: &mut [T],
                    [$($moment),*]: [&mut [T]; $moments],
                ) {
                    match self.lacking(&parameter) {
                        Some(finish) => {
                            elementwise(self.simd, &Finished(finish, self.formula), [gradient], [values, $($moment),*]);
                        }
                        None => elementwise(self.simd, &self.formula, [gradient], [values, $($moment),*]),
                    }
                }
            }

            impl<S: Simd, T: Element, F: ElementwiseKernel<1, $written>> Learn<T, $moments> for Update<S, F> {
                #[inline(always)]
                fn product<const IN: usize, const OUT: usize>(
                    &mut self,
                    parameter: Parameter<'_>,
                    x: &[[T; IN]],
                    dz: &[[T; OUT]],
                    kernel: &mut [[T; OUT]; IN],
                    [$($moment),*]: [&mut [[T; OUT]; IN]; $moments],
                ) {
                    match self.lacking(&parameter) {
                        None => tn_then(self.simd, x, dz, &self.formula, [kernel, $($moment),*]),
                        Some(finish) => {
                            tn_then(self.simd, x, dz, &Finished(finish, self.formula), [kernel, $($moment),*]);
                        }
                    }
                }

                #[inline(always)]
                fn sums<const N: usize>(
                    &mut self,
                    parameter: Parameter<'_>,
                    dz: &[[T; N]],
                    bias: &mut [T; N],
                    [$($moment),*]: [&mut [T; N]; $moments],
                ) {
                    let mut gradient = [T::zero(); N];
                    sum_rows(self.simd, dz, &mut gradient);
                    VisitTrainable::<T, $moments>::visit(self, parameter, bias, &mut gradient, [$($moment),*]);
                }
            }
        )*
    };
}
walks! {
    [] 0 1;
    [first] 1 2;
    [first, second] 2 3;
}
