//! Adaptive moments.

use super::{Optimizer, PerWeight, Settings, has_settings, in_range, is_decay, is_divisor};
use crate::kernel::Real;

/// `m = beta1·m + (1−beta1)·g`, `v = beta2·v + (1−beta2)·g²`, `w −= rate·m̂ / (√v̂ + epsilon)`, both freed of their
/// start at 0 (Kingma and Ba 2014). With `std`, and without `deterministic`, an `m` below 2⁻¹²⁶ counts as 0, and √v as at least
/// 2⁻⁶³: below them processors divide several times as slowly.
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
    /// Decay of the mean of their squares, in [0, 1).
    pub beta2: f64,
    /// Keeps the divisor above 0: finite and above 0.
    pub epsilon: f64,
}

impl Adam {
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        Self { settings: Settings::new(learning_rate), beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }
}

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

impl Optimizer for Adam {
    type State = PerWeight<2>;
    type Step = AdamStep;

    has_settings!();

    fn check(&self) -> Result<(), &'static str> {
        self.settings.check()?;
        in_range(is_decay(self.beta1) && is_decay(self.beta2), "`beta1` and `beta2` must be in [0, 1)")?;
        in_range(is_divisor(self.epsilon), "`epsilon` must be finite and above 0")
    }

    fn largest_step(&self) -> f64 {
        1.0 / ((1.0 - self.beta1) * self.epsilon)
    }

    #[inline(always)]
    fn step(&self, number: u64, rate: f64) -> AdamStep {
        let Self { beta1, beta2, epsilon, .. } = *self;
        let [power1, power2] = powers([beta1, beta2], number + 1);
        let correction = libm::sqrt(1.0 - power2) / (1.0 - power1);
        AdamStep { rate: rate * correction, new1: 1.0 - beta1, new2: 1.0 - beta2, epsilon }
    }

    #[inline(always)]
    fn update<V: Real>(step: AdamStep, g: V, w: V, [m, v]: [V; 2]) -> (V, [V; 2]) {
        let m = (g - m).mul_add(V::splat(step.new1), m);
        let v = g.mul_add(g, -v).mul_add(V::splat(step.new2), v);
        let (m, divisible) = if FLUSH { flush(m, v) } else { (m, v) };
        let change = m / (divisible.sqrt() + V::splat(step.epsilon));
        (change.mul_add(V::splat(-step.rate), w), [m, v])
    }
}

/// [`Adam`] with weight decay, of 0.004 unless told otherwise (Loshchilov and Hutter 2017).
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
    /// With this learning rate, and the usual for the rest.
    pub const fn new(learning_rate: f64) -> Self {
        let adam = Adam::new(learning_rate);
        Self(Adam { settings: Settings { weight_decay: 0.004, ..adam.settings }, ..adam })
    }
}

impl Default for AdamW {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

impl Optimizer for AdamW {
    type State = PerWeight<2>;
    type Step = AdamStep;

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

    #[inline(always)]
    fn step(&self, number: u64, rate: f64) -> AdamStep {
        self.0.step(number, rate)
    }

    #[inline(always)]
    fn update<V: Real>(step: AdamStep, g: V, w: V, state: [V; 2]) -> (V, [V; 2]) {
        Adam::update(step, g, w, state)
    }
}

/// `base^exponent` of both bases, by squares: where a step is a microsecond, `libm::pow` would be a tenth of it.
fn powers(bases: [f64; 2], exponent: u64) -> [f64; 2] {
    let (mut powers, mut squares, mut left) = ([1.0; 2], bases, exponent);
    // What is left out is lost in rounding where a power is taken from 1.
    while left > 0 && (squares[0] > NOTHING || squares[1] > NOTHING) {
        for (power, square) in powers.iter_mut().zip(&mut squares) {
            // A factor either way: which bits are set no processor can foresee.
            *power *= [1.0, *square][(left % 2) as usize];
            *square *= *square;
        }
        left /= 2;
    }
    if left == 0 { powers } else { [0.0; 2] }
}

/// Nothing beside 1.
const NOTHING: f64 = 1e-20;

/// Chips divide by any number in the same time, if not in software, where a comparison is what takes time; and where all
/// processors must give the same bits, they all do as chips do.
const FLUSH: bool = cfg!(all(feature = "std", not(feature = "deterministic")));

/// A mean as 0, and a mean square as something, where they are below the normal numbers of `f32`. Without a gradient the mean
/// fades until it is there, and stays: a PC's processor then divides three times as slowly, in each step to come.
#[inline(always)]
fn flush<V: Real>(m: V, v: V) -> (V, V) {
    let least = V::splat(f64::from(f32::MIN_POSITIVE));
    (least.if_gt(m.abs(), V::splat(0.0), m), least.max(v))
}

#[cfg(all(test, feature = "std", not(feature = "deterministic")))]
mod tests {
    use super::*;

    const STEP: AdamStep = AdamStep { rate: 1e-3, new1: 0.1, new2: 0.001, epsilon: 1e-7 };

    #[test]
    fn the_mean_of_what_no_longer_changes_ends_at_0() {
        let (mut w, [mut m, mut v]) = Adam::update(STEP, 0.5f32, 1.0, [0.0, 0.0]);
        for _ in 0..1000 {
            (w, [m, v]) = Adam::update(STEP, 0.0, w, [m, v]);
            assert!(m == 0.0 || m.is_normal(), "{m}");
        }
        assert_eq!(m, 0.0);
        assert!(w.is_normal() && v.is_normal());
    }

    #[test]
    fn the_smallest_gradients_move_a_weight_as_far_as_others_at_most() {
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
    fn no_nan_is_lost() {
        let (w, [m, v]) = Adam::update(STEP, f32::NAN, 1.0, [0.0, 0.0]);
        assert!(w.is_nan() && m.is_nan() && v.is_nan());
    }
}
