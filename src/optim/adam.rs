//! Adam, with weight decay (AdamW) and with the largest mean square so far (AMSGrad).

use super::{Optimizer, PerWeight, Settings, check_squares, has_settings, in_range, is_decay, is_divisor};
use crate::kernel::Real;

/// `m = beta1·m + (1−beta1)·g`, `v = beta2·v + (1−beta2)·g²`, `w −= rateₜ·m / (√v + epsilon)` (Kingma and Ba 2014).
///
/// In step `t`, counted from 1, `rateₜ = rate·√(1−beta2ᵗ) / (1−beta1ᵗ)` corrects the bias of both means, which start
/// at 0. This is the second form in the paper (end of section 2), as in Keras: `epsilon` is the paper's ε̂, which is
/// added to the uncorrected `√v`. The paper's first form, as in PyTorch, adds ε to the corrected `√(v/(1−beta2ᵗ))`;
/// early steps with tiny gradients differ. With `std` and without `deterministic`, an `m` below 2⁻¹²⁶
/// counts as 0 and `√v` as at least 2⁻⁶³, because processors divide subnormal numbers several times as slowly.
///
/// [`amsgrad`](Self::amsgrad) turns it into [`AmsGrad`].
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Adam, 2>::new(Adam::new(0.05), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate, clipping, decay, penalty.
    pub settings: Settings,
    /// Decay of the mean of gradients, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean of squared gradients, in [0, 1).
    pub beta2: f64,
    /// Keeps the divisor above 0. Finite and above 0.
    pub epsilon: f64,
}

impl Adam {
    /// Creates the optimizer with this learning rate, `beta1` 0.9, `beta2` 0.999 and `epsilon` 10⁻⁷.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }

    /// Divides by the square root of the largest mean square so far.
    #[must_use]
    pub const fn amsgrad(self) -> AmsGrad {
        AmsGrad(self)
    }
}

/// A learning rate of 0.001.
impl Default for Adam {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

/// The constants of a step of [`Adam`]: `new1` and `new2` are the weights of the new gradient in the two means.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    rate: f64,
    new1: f64,
    new2: f64,
    epsilon: f64,
}

impl AdamStep {
    /// Updates the two means with a new gradient.
    #[inline(always)]
    fn means<V: Real>(&self, g: V, m: V, v: V) -> [V; 2] {
        [(g - m).mul_add(V::splat(self.new1), m), g.mul_add(g, -v).mul_add(V::splat(self.new2), v)]
    }

    /// Computes the new weight.
    #[inline(always)]
    fn descend<V: Real>(&self, w: V, m: V, v: V) -> V {
        let change = m / (v.sqrt() + V::splat(self.epsilon));
        change.mul_add(V::splat(-self.rate), w)
    }
}

#[diagnostic::do_not_recommend]
impl Optimizer for Adam {
    type State = PerWeight<2>;
    type Step = AdamStep;
    const NAME: &'static str = "Adam";

    has_settings!();

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        check_squares(state[1])
    }

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_decay(self.beta1) && is_decay(self.beta2), "`beta1` and `beta2` must be in [0, 1)")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0 as `f32`")
    }

    fn largest_step(&self) -> f64 {
        1.0 / ((1.0 - self.beta1) * self.epsilon)
    }

    #[inline(always)]
    fn step(&self, number: u64, rate: f64) -> AdamStep {
        let Self { beta1, beta2, epsilon, .. } = *self;
        let [power1, power2] = powers([beta1, beta2], number.saturating_add(1));
        let correction = libm::sqrt(1.0 - power2) / (1.0 - power1);
        AdamStep { rate: rate * correction, new1: 1.0 - beta1, new2: 1.0 - beta2, epsilon }
    }

    #[inline(always)]
    fn update<V: Real>(step: AdamStep, g: V, w: V, [m, v]: [V; 2]) -> (V, [V; 2]) {
        let [m, v] = step.means(g, m, v);
        let (m, divisible) = flushed(m, v);
        (step.descend(w, m, divisible), [m, v])
    }
}

/// [`Adam`] with decoupled weight decay, 0.004 by default (Loshchilov and Hutter 2017).
///
/// ```
/// use shiplap::prelude::*;
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, AdamW, 2>::new(AdamW::new(0.05), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW(pub Adam);

impl AdamW {
    /// Creates the optimizer with this learning rate, a weight decay of 0.004, and the defaults of [`Adam`].
    pub const fn new(learning_rate: f64) -> Self {
        let adam = Adam::new(learning_rate);
        Self(Adam { settings: Settings { weight_decay: 0.004, ..adam.settings }, ..adam })
    }
}

/// A learning rate of 0.001 and a weight decay of 0.004.
impl Default for AdamW {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

/// The settings of an optimizer that contains an [`Adam`], and their checks.
macro_rules! of_adam {
    () => {
        fn settings(&self) -> &Settings {
            &self.0.settings
        }

        fn settings_mut(&mut self) -> &mut Settings {
            &mut self.0.settings
        }

        fn check(&self) -> Result<(), &'static str> {
            self.0.check()
        }

        fn largest_step(&self) -> f64 {
            self.0.largest_step()
        }
    };
}
pub(super) use of_adam;

#[diagnostic::do_not_recommend]
impl Optimizer for AdamW {
    type State = PerWeight<2>;
    type Step = AdamStep;
    const NAME: &'static str = "AdamW";

    of_adam!();

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        Adam::check_state(state)
    }

    #[inline(always)]
    fn step(&self, number: u64, rate: f64) -> AdamStep {
        self.0.step(number, rate)
    }

    #[inline(always)]
    fn update<V: Real>(step: AdamStep, g: V, w: V, state: [V; 2]) -> (V, [V; 2]) {
        Adam::update(step, g, w, state)
    }
}

/// [`Adam`] with `v̂ = max(v̂, v)`, the largest mean square so far, in place of `v` (Reddi et al. 2018). Keras calls
/// this setting `amsgrad`. It takes a third number of state for each weight.
///
/// ```
/// use shiplap::{optim::AmsGrad, prelude::*};
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer =
///     Trainer::<Dense<1, 1, Linear>, MeanSquaredError, AmsGrad, 2>::new(Adam::new(0.05).amsgrad(), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AmsGrad(pub Adam);

impl AmsGrad {
    /// Creates the optimizer with this learning rate, and the defaults of [`Adam`].
    pub const fn new(learning_rate: f64) -> Self {
        Self(Adam::new(learning_rate))
    }
}

#[diagnostic::do_not_recommend]
impl Optimizer for AmsGrad {
    type State = PerWeight<3>;
    type Step = AdamStep;
    const NAME: &'static str = "AmsGrad";

    of_adam!();

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        Adam::check_state(state)?;
        in_range(state[2] >= state[1], "the largest mean square is below the current one")
    }

    #[inline(always)]
    fn step(&self, number: u64, rate: f64) -> AdamStep {
        self.0.step(number, rate)
    }

    #[inline(always)]
    fn update<V: Real>(step: AdamStep, g: V, w: V, [m, v, largest]: [V; 3]) -> (V, [V; 3]) {
        let [m, v] = step.means(g, m, v);
        let largest = v.max(largest);
        let (m, divisible) = flushed(m, largest);
        (step.descend(w, m, divisible), [m, v, largest])
    }
}

/// `base^exponent` for both bases, by repeated squaring. If a step takes a microsecond, `libm::pow` would take a tenth
/// of it.
pub(super) fn powers(bases: [f64; 2], exponent: u64) -> [f64; 2] {
    let (mut powers, mut squares, mut left) = ([1.0; 2], bases, exponent);
    // A power below `LOST` is lost in rounding when it is subtracted from 1.
    while left > 0 && (squares[0] > LOST || squares[1] > LOST) {
        for (power, square) in powers.iter_mut().zip(&mut squares) {
            // Selects a factor instead of branching: the bits of the exponent are unpredictable.
            *power *= [1.0, *square][(left % 2) as usize];
            *square *= *square;
        }
        left /= 2;
    }
    if left == 0 { powers } else { [0.0; 2] }
}

/// A bound below which a number subtracted from 1 is lost in rounding.
const LOST: f64 = 1e-20;

/// Whether subnormal numbers are flushed. Microcontrollers divide all numbers in the same time, and under
/// `deterministic` all processors must compute the same bits as they do.
const FLUSH: bool = cfg!(all(feature = "std", not(feature = "deterministic")));

/// Returns the mean, or 0 if it is subnormal in `f32`, and the mean square, at least the smallest normal number.
/// Without gradients, a mean decays to subnormal numbers and stays there, and the processor of a PC then divides three
/// times as slowly in every following step.
#[inline(always)]
pub(super) fn flushed<V: Real>(m: V, v: V) -> (V, V) {
    if !FLUSH {
        return (m, v);
    }
    let least = V::splat(f64::from(f32::MIN_POSITIVE));
    (least.if_gt(m.abs(), V::splat(0.0), m), least.max(v))
}

#[cfg(all(test, feature = "std", not(feature = "deterministic")))]
mod tests {
    use super::*;

    const STEP: AdamStep = AdamStep { rate: 1e-3, new1: 0.1, new2: 0.001, epsilon: 1e-7 };

    #[test]
    fn the_mean_decays_to_0_without_gradients() {
        let (mut w, [mut m, mut v]) = Adam::update(STEP, 0.5f32, 1.0, [0.0, 0.0]);
        for _ in 0..1000 {
            (w, [m, v]) = Adam::update(STEP, 0.0, w, [m, v]);
            assert!(m == 0.0 || m.is_normal(), "{m}");
        }
        assert_eq!(m, 0.0);
        assert!(w.is_normal() && v.is_normal());
    }

    #[test]
    fn tiny_gradients_do_not_cause_large_steps() {
        for gradient in [1e-18f32, 1e-20, 1e-25, 1e-37] {
            let step = AdamStep { epsilon: 1e-37, ..STEP };
            let [mut w, mut m, mut v] = [1.0f32, 0.0, 0.0];
            for _ in 0..100 {
                let before = w;
                (w, [m, v]) = Adam::update(step, gradient, w, [m, v]);
                assert!((w - before).abs() <= 10.0 * 1e-3, "{gradient}: {before} to {w}");
            }
        }
    }

    #[test]
    fn nan_is_preserved() {
        let (w, [m, v]) = Adam::update(STEP, f32::NAN, 1.0, [0.0, 0.0]);
        assert!(w.is_nan() && m.is_nan() && v.is_nan());
    }
}
