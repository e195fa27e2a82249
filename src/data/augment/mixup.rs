//! Mixtures of samples.

use std::vec::Vec;

use crate::{Rng, Tensor, data::DataError, kernel::Element};

/// Mixes each sample with another one (Zhang et al. 2018): `λ·x + (1−λ)·x'` and `λ·y + (1−λ)·y'`.
///
/// `λ` is drawn from Beta(alpha, alpha) for each sample. Values of `alpha` from 0.1 to 0.4 are common; 0 leaves the
/// samples unchanged. Labels must be probabilities or numbers, not class indices.
///
/// # Errors
///
/// Returns an error if the numbers of inputs and labels differ, or `alpha` is negative or NaN.
///
/// ```
/// use shiplap::{Rng, data::augment};
///
/// let (x, y) = ([[0.0f32], [10.0]], [[1.0f32, 0.0], [0.0, 1.0]]);
/// let (mixed_x, mixed_y) = augment::mixup(&x, &y, 0.4, &mut Rng::new(1))?;
/// assert!(mixed_x.iter().zip(&mixed_y).all(|(x, y)| (x[0] - 10.0 * y[1]).abs() < 1e-5));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
pub fn mixup<X: Tensor, Y: Tensor>(x: &[X], y: &[Y], alpha: f64, rng: &mut Rng) -> Result<(Vec<X>, Vec<Y>), DataError> {
    if x.len() != y.len() {
        return Err(DataError::Lengths { inputs: x.len(), labels: y.len() });
    }
    if alpha.is_nan() || alpha < 0.0 {
        return Err(DataError::Alpha { alpha });
    }
    let mut partners: Vec<usize> = (0..x.len()).collect();
    rng.shuffle(&mut partners);
    let mixed = partners.into_iter().enumerate().map(|(sample, partner)| {
        let share = beta(alpha, rng);
        (mix(x[sample], x[partner], share), mix(y[sample], y[partner], share))
    });
    Ok(mixed.unzip())
}

fn mix<X: Tensor>(mut one: X, other: X, share: f64) -> X {
    let others = X::flat(core::slice::from_ref(&other));
    for (one, other) in X::flat_mut(core::slice::from_mut(&mut one)).iter_mut().zip(others) {
        *one = X::Element::from_f64(share * one.to_f64() + (1.0 - share) * other.to_f64());
    }
    one
}

/// Draws from Beta(alpha, alpha) as `a / (a + b)`, where `a` and `b` are drawn from Gamma(alpha).
fn beta(alpha: f64, rng: &mut Rng) -> f64 {
    if alpha == 0.0 {
        return 1.0;
    }
    // A smaller alpha draws 0 or 1 all the same, but the logarithms below would overflow.
    let alpha = alpha.clamp(1e-300, 1e9);
    let (a, b) = (log_gamma_draw(alpha, rng), log_gamma_draw(alpha, rng));
    1.0 / (1.0 + libm::exp(b - a))
}

/// The logarithm of a draw from Gamma(alpha) (Marsaglia and Tsang 2000). The draw itself underflows for small alpha.
fn log_gamma_draw(alpha: f64, rng: &mut Rng) -> f64 {
    // Gamma(alpha) = Gamma(alpha + 1)·U^(1/alpha)
    let d = alpha + 1.0 - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    let draw = loop {
        let normal = rng.normal();
        let v = 1.0 + c * normal;
        let v = v * v * v;
        if v > 0.0 && libm::log(1.0 - rng.uniform()) < 0.5 * normal * normal + d - d * v + d * libm::log(v) {
            break d * v;
        }
    };
    libm::log(draw) + libm::log(1.0 - rng.uniform()) / alpha
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_has_its_mean_and_variance() {
        assert_eq!(beta(0.0, &mut Rng::new(1)), 1.0);
        for alpha in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            let error = mixup(&[[1.0]], &[[1.0]], alpha, &mut Rng::new(1)).unwrap_err();
            assert!(matches!(error, DataError::Alpha { .. }), "{error}");
        }
        assert!((beta(f64::INFINITY, &mut Rng::new(1)) - 0.5).abs() < 1e-3);
        for alpha in [0.01, 0.2, 1.0, 5.0] {
            let mut rng = Rng::new(4);
            let draws: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut rng)).collect();
            assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / 20_000.0;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.02, "{alpha}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{alpha}: variance {variance}, not {expected}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_mixtures() {
        let x = [[1.0f32], [2.0], [3.0]];
        let mixed = |seed| mixup(&x, &x, 0.3, &mut Rng::new(seed)).unwrap();
        assert_eq!(mixed(1), mixed(1));
        assert_ne!(mixed(1), mixed(2));
    }
}
