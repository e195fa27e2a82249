//! Optimisers: from gradients to better weights. The formulas are those of Keras.

use crate::{
    Zeroed,
    kernel::{Element, Fold, Real, Simd, Sweep, sum_of, sweep},
    layer::{Layer, Parameter, Path, Role, VisitMut},
    regularize::Penalty,
};

/// The learning rate of each step, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// Always the same.
    Constant(f64),
    /// `initial·factor^⌊step / every⌋`.
    Step {
        /// The first rate.
        initial: f64,
        /// After how many steps it changes.
        every: u64,
        /// What it is multiplied with then.
        factor: f64,
    },
    /// `initial·factor^(step / every)`.
    Exponential {
        /// The first rate.
        initial: f64,
        /// Over how many steps it changes by `factor`.
        every: u64,
        /// What it is multiplied with over `every` steps.
        factor: f64,
    },
    /// From 0 to `peak` in `warm_up` steps, then down to 0 along half a cosine in `steps` more
    /// (Loshchilov and Hutter 2016).
    Cosine {
        /// The highest rate.
        peak: f64,
        /// Steps of rise.
        warm_up: u64,
        /// Steps of fall.
        steps: u64,
    },
}

impl Schedule {
    /// The rate of step `step`.
    pub fn at(&self, step: u64) -> f64 {
        match *self {
            Self::Constant(rate) => rate,
            Self::Step { initial, every, factor } => initial * libm::pow(factor, (step / every.max(1)) as f64),
            Self::Exponential { initial, every, factor } => {
                initial * libm::pow(factor, step as f64 / every.max(1) as f64)
            }
            Self::Cosine { peak, warm_up, .. } if step < warm_up => peak * step as f64 / warm_up as f64,
            Self::Cosine { peak, warm_up, steps } => {
                let share = ((step - warm_up) as f64 / steps.max(1) as f64).min(1.0);
                0.5 * peak * (1.0 + libm::cos(core::f64::consts::PI * share))
            }
        }
    }
}

/// What is done to gradients that are too large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Each number is held in ±value.
    Value(f64),
    /// All are scaled so that the length of the whole gradient is at most this.
    Norm(f64),
}

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

/// An optimiser.
pub trait Optimizer: Copy + Send + Sync + 'static {
    /// What it remembers, as copies of the network `N`.
    type Moments<N: Zeroed>: Zeroed;

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

macro_rules! optimizers {
    ($($(#[$doc:meta])* $optimizer:ident { $($(#[$field_doc:meta])* $field:ident: $default:expr),* }
       rate $rate:literal decay $decay:literal memory $memory:literal walks $walks:literal ($($moment:ident)*)
       constants |$this:ident, $time:ident, $learning_rate:ident| $constants:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct $optimizer {
                /// Learning rate, clipping, decay, penalty.
                pub settings: Settings,
                $($(#[$field_doc])* pub $field: f64,)*
            }

            impl $optimizer {
                /// With this learning rate, and the usual for the rest.
                pub const fn new(learning_rate: f64) -> Self {
                    Self { settings: Settings { weight_decay: $decay, ..Settings::new(learning_rate) }, $($field: $default),* }
                }
            }

            impl Default for $optimizer {
                fn default() -> Self {
                    Self::new($rate)
                }
            }

            impl Optimizer for $optimizer {
                type Moments<N: Zeroed> = [N; $memory];

                fn settings(&self) -> &Settings {
                    &self.settings
                }

                fn settings_mut(&mut self) -> &mut Settings {
                    &mut self.settings
                }

                #[inline(always)]
                fn update<S: Simd, N: Layer>(
                    &self,
                    simd: S,
                    step: u64,
                    network: &mut N,
                    gradient: &mut N,
                    moments: &mut [N; $memory],
                ) {
                    let ($this, $time, $learning_rate) = (self, (step + 1) as f64, self.settings.learning_rate.at(step));
                    let keep = 1.0 - $learning_rate * self.settings.weight_decay;
                    let [$($moment),*] = moments;
                    let mut update = Update { simd, keep, rule: $constants };
                    N::parameters_mut::<_, $walks>([gradient, network, $($moment),*], Path::ROOT, &mut update);
                }
            }
        )*
    };
}
optimizers! {
    /// `w −= rate·g`: gradient descent when the batch is the whole data set. It remembers nothing.
    Sgd {} rate 0.01 decay 0.0 memory 0 walks 2 ()
    constants |_this, _time, rate| SgdRule { rate };

    /// `v = momentum·v − rate·g`, `w += v` (Polyak 1964); with Nesterov's look-ahead,
    /// `w += momentum·v − rate·g`.
    Momentum {
        /// How much of the last movement goes on, in [0, 1).
        momentum: 0.9,
        /// 1 to look ahead (Nesterov 1983), 0 not to.
        nesterov: 0.0
    } rate 0.01 decay 0.0 memory 1 walks 3 (velocity)
    constants |this, _time, rate| MomentumRule { rate, momentum: this.momentum, nesterov: this.nesterov };

    /// Adaptive moments (Kingma and Ba 2014).
    Adam {
        /// Decay of the mean of gradients.
        beta1: 0.9,
        /// Decay of the mean of their squares.
        beta2: 0.999,
        /// Keeps the divisor above 0.
        epsilon: 1e-7
    } rate 1e-3 decay 0.0 memory 2 walks 4 (mean square)
    constants |this, time, rate| AdamRule::new(rate, this.beta1, this.beta2, this.epsilon, time);

    /// [`Adam`] with weight decay of 0.004 unless told otherwise (Loshchilov and Hutter 2017).
    AdamW {
        /// Decay of the mean of gradients.
        beta1: 0.9,
        /// Decay of the mean of their squares.
        beta2: 0.999,
        /// Keeps the divisor above 0.
        epsilon: 1e-7
    } rate 1e-3 decay 0.004 memory 2 walks 4 (mean square)
    constants |this, time, rate| AdamRule::new(rate, this.beta1, this.beta2, this.epsilon, time);

    /// `v = rho·v + (1−rho)·g²`, `w −= rate·g / √(v + epsilon)` (Hinton 2012).
    RmsProp {
        /// Decay of the mean of squares.
        rho: 0.9,
        /// Keeps the divisor above 0.
        epsilon: 1e-7
    } rate 1e-3 decay 0.0 memory 1 walks 3 (square)
    constants |this, _time, rate| RmsPropRule { rate, rho: this.rho, epsilon: this.epsilon };

    /// `a += g²`, `w −= rate·g / √(initial + a + epsilon)` (Duchi et al. 2011).
    Adagrad {
        /// Where the sum of squares starts.
        initial: 0.1,
        /// Keeps the divisor above 0.
        epsilon: 1e-7
    } rate 1e-3 decay 0.0 memory 1 walks 3 (square)
    constants |this, _time, rate| AdagradRule { rate, start: this.initial + this.epsilon };
}

impl Momentum {
    /// With Nesterov's look-ahead.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: 1.0, ..self }
    }
}

/// Goes over all parameters with a rule.
struct Update<S, R> {
    simd: S,
    keep: f64,
    rule: R,
}

struct Decayed<'a, R>(&'a R, f64);

impl<R: Sweep<1, W>, const W: usize> Sweep<1, W> for Decayed<'_, R> {
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
            fn visit(&mut self, _: Parameter<'_>, [gradient, weights, $($moment),*]: [&mut [T]; $walks]) {
                sweep(self.simd, &Decayed(&self.rule, self.keep), [&*gradient], [weights, $($moment),*]);
            }
        })*
    };
}
updates! { 2 1 () 3 2 (first) 4 3 (first second) }

struct SgdRule {
    rate: f64,
}

impl Sweep<1, 1> for SgdRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w]: [V; 1]) -> [V; 1] {
        [w - V::splat(self.rate) * g]
    }
}

struct MomentumRule {
    rate: f64,
    momentum: f64,
    nesterov: f64,
}

impl Sweep<1, 2> for MomentumRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let (momentum, step) = (V::splat(self.momentum), V::splat(self.rate) * g);
        let v = momentum * v - step;
        let ahead = V::splat(self.nesterov);
        [w + v + ahead * (momentum * v - step - v), v]
    }
}

struct AdamRule {
    rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl AdamRule {
    fn new(rate: f64, beta1: f64, beta2: f64, epsilon: f64, time: f64) -> Self {
        let correction = libm::sqrt(1.0 - libm::pow(beta2, time)) / (1.0 - libm::pow(beta1, time));
        Self { rate: rate * correction, beta1, beta2, epsilon }
    }
}

impl Sweep<1, 3> for AdamRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, m, v]: [V; 3]) -> [V; 3] {
        let m = m + (g - m) * V::splat(1.0 - self.beta1);
        let v = v + (g * g - v) * V::splat(1.0 - self.beta2);
        [w - V::splat(self.rate) * m / (v.sqrt() + V::splat(self.epsilon)), m, v]
    }
}

struct RmsPropRule {
    rate: f64,
    rho: f64,
    epsilon: f64,
}

impl Sweep<1, 2> for RmsPropRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, v]: [V; 2]) -> [V; 2] {
        let v = V::splat(self.rho) * v + V::splat(1.0 - self.rho) * g * g;
        [w - V::splat(self.rate) * g / (v + V::splat(self.epsilon)).sqrt(), v]
    }
}

struct AdagradRule {
    rate: f64,
    start: f64,
}

impl Sweep<1, 2> for AdagradRule {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1], [w, a]: [V; 2]) -> [V; 2] {
        let a = a + g * g;
        [w - V::splat(self.rate) * g / (a + V::splat(self.start)).sqrt(), a]
    }
}

/// Adds the penalties to the gradient, and up.
pub(crate) struct Penalise<S> {
    pub(crate) simd: S,
    pub(crate) everywhere: Penalty,
    pub(crate) cost: f64,
}

impl<S: Simd, T: Element> VisitMut<T, 2> for Penalise<S> {
    #[inline(always)]
    fn visit(&mut self, parameter: Parameter<'_>, [gradient, weights]: [&mut [T]; 2]) {
        let penalty = match parameter.role {
            Role::Kernel => parameter.penalty + self.everywhere,
            Role::Bias => parameter.penalty,
        };
        if penalty != Penalty::NONE {
            self.cost += sum_of(self.simd, &penalty, [&*weights]).to_f64();
            sweep(self.simd, &penalty, [&*weights], [gradient]);
        }
    }
}

impl Fold<1> for Penalty {
    #[inline(always)]
    fn apply<V: Real>(&self, [w]: [V; 1]) -> V {
        V::splat(self.l1) * w.abs() + V::splat(self.l2) * w * w
    }
}

impl Sweep<1, 1> for Penalty {
    #[inline(always)]
    fn apply<V: Real>(&self, [w]: [V; 1], [g]: [V; 1]) -> [V; 1] {
        let zero = V::splat(0.0);
        let sign = w.if_gt(zero, V::splat(1.0), zero.if_gt(w, V::splat(-1.0), zero));
        [g + V::splat(self.l1) * sign + V::splat(2.0 * self.l2) * w]
    }
}

/// Adds up the squares of a gradient.
pub(crate) struct SquareLength<S>(pub(crate) S, pub(crate) f64);

struct Square;

impl Fold<1> for Square {
    #[inline(always)]
    fn apply<V: Real>(&self, [g]: [V; 1]) -> V {
        g * g
    }
}

impl<S: Simd, T: Element> VisitMut<T, 1> for SquareLength<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, [gradient]: [&mut [T]; 1]) {
        self.1 += sum_of(self.0, &Square, [&*gradient]).to_f64();
    }
}

/// Clips a gradient whose length is known.
pub(crate) struct Clipping<S> {
    pub(crate) simd: S,
    pub(crate) scale: f64,
    pub(crate) most: f64,
}

impl<S> Clipping<S> {
    pub(crate) fn new(simd: S, clip: Clip, square_length: f64) -> Self {
        match clip {
            Clip::Value(most) => Self { simd, scale: 1.0, most },
            Clip::Norm(most) => Self { simd, scale: most / libm::sqrt(square_length).max(most), most: f64::INFINITY },
        }
    }
}

struct Hold(f64, f64);

impl Sweep<0, 1> for Hold {
    #[inline(always)]
    fn apply<V: Real>(&self, []: [V; 0], [g]: [V; 1]) -> [V; 1] {
        [V::splat(-self.1).max(V::splat(self.1).min(g * V::splat(self.0)))]
    }
}

impl<S: Simd, T: Element> VisitMut<T, 1> for Clipping<S> {
    #[inline(always)]
    fn visit(&mut self, _: Parameter<'_>, [gradient]: [&mut [T]; 1]) {
        sweep(self.simd, &Hold(self.scale, self.most), [], [gradient]);
    }
}
