//! Adam with Nesterov momentum.

use super::{
    Optimizer, PerWeight, Settings,
    adam::{Adam, flushed, of_adam, powers},
};
use crate::kernel::Real;

/// [`Adam`] with Nesterov momentum (Dozat 2016). With Adam's `m` and `v`, `uₜ = beta1·(1 − 0.96ᵗ/2)` and
/// `pₜ = u₁·u₂⋯uₜ`, in step `t` counted from 1:
///
/// `w −= rate·(uₜ₊₁·m/(1−pₜ₊₁) + (1−uₜ)·g/(1−pₜ)) / (√(v/(1−beta2ᵗ)) + epsilon)`
///
/// ```
/// use shiplap::{optim::Nadam, prelude::*};
///
/// // The line y = 2x.
/// let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Nadam, 2>::new(Nadam::new(0.05), 1);
/// trainer.fit(&x, &y, Fit::epochs(1000))?;
/// assert!(trainer.evaluate(&x, &y)?.loss < 1e-3);
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nadam(pub Adam);

impl Nadam {
    /// Creates the optimizer with this learning rate, and the defaults of [`Adam`].
    pub const fn new(learning_rate: f64) -> Self {
        Self(Adam::new(learning_rate))
    }
}

/// The constants of a step of [`Nadam`]: the factors of mean and gradient in the change of a weight, the weights of the
/// new gradient in the two means, the correction of `√v`, and `epsilon`.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct NadamStep {
    of_mean: f64,
    of_gradient: f64,
    new1: f64,
    new2: f64,
    correction: f64,
    epsilon: f64,
}

#[diagnostic::do_not_recommend]
impl Optimizer for Nadam {
    type State = PerWeight<2>;
    type Step = NadamStep;
    const NAME: &'static str = "Nadam";

    of_adam!();

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        Adam::check_state(state)
    }

    fn step(&self, number: u64, rate: f64) -> NadamStep {
        let Adam { beta1, beta2, epsilon, .. } = self.0;
        let (now, next, product) = momenta(beta1, number.saturating_add(1));
        let [power2, _] = powers([beta2, 0.0], number.saturating_add(1));
        NadamStep {
            of_mean: rate * next / (1.0 - product * next),
            of_gradient: rate * (1.0 - now) / (1.0 - product),
            new1: 1.0 - beta1,
            new2: 1.0 - beta2,
            correction: 1.0 / libm::sqrt(1.0 - power2),
            epsilon,
        }
    }

    #[inline(always)]
    fn update<V: Real>(step: NadamStep, g: V, w: V, [m, v]: [V; 2]) -> (V, [V; 2]) {
        let m = (g - m).mul_add(V::splat(step.new1), m);
        let v = g.mul_add(g, -v).mul_add(V::splat(step.new2), v);
        let (m, divisible) = flushed(m, v);
        let change = V::splat(step.of_mean) * m + V::splat(step.of_gradient) * g;
        (w - change / (divisible.sqrt() * V::splat(step.correction) + V::splat(step.epsilon)), [m, v])
    }
}

/// `uₜ`, `uₜ₊₁`, and the product of all up to `uₜ`. The product counts as 0 once it is lost in rounding when subtracted
/// from 1.
fn momenta(beta1: f64, t: u64) -> (f64, f64, f64) {
    const LOST: f64 = 1e-18;
    let at = |power: f64| beta1 * (1.0 - 0.5 * power);
    let [power, next] = [t, t.saturating_add(1)].map(|exponent| powers([0.96, 0.0], exponent)[0]);
    let (mut product, mut power_before, mut factor) = (powers([beta1, 0.0], t)[0], 1.0, 1);
    while product > LOST && factor <= t && power_before > LOST {
        power_before *= 0.96;
        product *= 1.0 - 0.5 * power_before;
        factor += 1;
    }
    (at(power), at(next), product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn momentum_products_equal_the_product_of_their_factors() {
        for beta1 in [0.0, 0.5, 0.9, 0.999] {
            let mut product = 1.0;
            for t in 1..3000u64 {
                product *= beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64));
                let (now, next, ours) = momenta(beta1, t);
                assert!((ours - product).abs() < 1e-13, "{beta1} {t}: {ours} {product}");
                assert!((now - beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64))).abs() < 1e-14);
                assert!((next - beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64 + 1.0))).abs() < 1e-14);
            }
        }
    }
}
