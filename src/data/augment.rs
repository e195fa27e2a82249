//! Data augmentation: random changes that enlarge a training set. All of them keep the labels, except [`mixup`].
//!
//! ```
//! use shiplap::{Rng, data::augment, prelude::*};
//!
//! let (x, y) = ([[0.0f32, 1.0], [1.0, 0.0]], [[0.0f32], [1.0]]);
//! let mut trainer = Trainer::<Dense<2, 1, Sigmoid>, BinaryCrossentropy, Adam, 2>::new(Adam::default(), 1);
//! let mut rng = Rng::new(1);
//! for _ in 0..3 {
//!     // Fresh noise for every epoch.
//!     let mut noisy = x;
//!     augment::noise(&mut noisy, 0.1, &mut rng)?;
//!     trainer.fit(&noisy, &y, Fit::epochs(1))?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::vec::Vec;

use super::DataError;
use crate::{Rng, Tensor, kernel::Element};

/// Adds Gaussian noise with this standard deviation to every value.
///
/// # Errors
///
/// Returns an error, and changes nothing, if the deviation is negative or NaN, or not finite as an element.
pub fn noise<X: Tensor>(x: &mut [X], deviation: f64, rng: &mut Rng) -> Result<(), DataError> {
    if !(deviation >= 0.0 && X::Element::from_f64(deviation).is_finite()) {
        return Err(DataError::Deviation { deviation });
    }
    for value in X::flat_mut(x) {
        *value += X::Element::from_f64(deviation * rng.normal());
    }
    Ok(())
}

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

/// Flips each image horizontally with probability ½. `WIDTH` is the length of an image row.
///
/// `X::LEN` must be a multiple of `WIDTH`; other combinations do not compile.
///
/// ```
/// use shiplap::{Rng, data::augment};
///
/// let mut images = [[1.0f32, 2.0, 3.0, 4.0]; 20]; // 2×2 pixels
/// augment::flip::<2, _>(&mut images, &mut Rng::new(1));
/// assert!(images.contains(&[2.0, 1.0, 4.0, 3.0]) && images.contains(&[1.0, 2.0, 3.0, 4.0]));
/// ```
pub fn flip<const WIDTH: usize, X: Tensor>(images: &mut [X], rng: &mut Rng) {
    const { assert!(WIDTH > 0 && X::LEN % WIDTH == 0, "the length of an image must be a multiple of WIDTH") };
    for image in images {
        if rng.uniform() < 0.5 {
            X::flat_mut(core::slice::from_mut(image)).chunks_mut(WIDTH).for_each(<[_]>::reverse);
        }
    }
}

/// Shifts each image by a random offset of up to `max_shift` pixels along each axis, and fills the gap with zeros.
/// `WIDTH` is the length of an image row.
///
/// `X::LEN` must be a multiple of `WIDTH`; other combinations do not compile.
///
/// ```
/// use shiplap::{Rng, data::augment};
///
/// let mut images = [[[0.0f32, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 0.0]]; 50];
/// augment::shift::<3, _>(&mut images, 1, &mut Rng::new(1));
/// assert!(images.contains(&[[9.0, 0.0, 0.0], [0.0; 3], [0.0; 3]]));
/// assert!(images.contains(&[[0.0; 3], [0.0; 3], [0.0, 9.0, 0.0]]));
/// ```
pub fn shift<const WIDTH: usize, X: Tensor>(images: &mut [X], max_shift: usize, rng: &mut Rng) {
    const { assert!(WIDTH > 0 && X::LEN % WIDTH == 0, "the length of an image must be a multiple of WIDTH") };
    let height = X::LEN / WIDTH;
    let mut draw = |size: usize| {
        let max_shift = max_shift.min(size) as isize;
        (rng.uniform() * (2 * max_shift + 1) as f64) as isize - max_shift
    };
    for image in images {
        let (down, right, mut shifted) = (draw(height), draw(WIDTH), X::zeroed_on_stack());
        let from = X::flat(core::slice::from_ref(image));
        let to = X::flat_mut(core::slice::from_mut(&mut shifted));
        let source = |index: usize, by: isize, size: usize| index.checked_add_signed(-by).filter(|&from| from < size);
        for (y, row) in to.chunks_mut(WIDTH).enumerate() {
            let Some(y) = source(y, down, height) else { continue };
            for (x, value) in row.iter_mut().enumerate() {
                if let Some(x) = source(x, right, WIDTH) {
                    *value = from[y * WIDTH + x];
                }
            }
        }
        *image = shifted;
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

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
    fn noise_has_its_deviation() {
        let mut x = vec![[3.0f64; 10]; 1000];
        noise(&mut x, 0.5, &mut Rng::new(1)).unwrap();
        let values = x.as_flattened();
        let mean = values.iter().sum::<f64>() / 10_000.0;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / 10_000.0;
        assert!((mean - 3.0).abs() < 0.02 && (variance - 0.25).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn a_deviation_that_is_not_finite_is_an_error() {
        let mut x = [[1.0f32]; 3];
        for deviation in [f64::NAN, f64::INFINITY, -1.0, 1e39] {
            let error = noise(&mut x, deviation, &mut Rng::new(1)).unwrap_err();
            assert!(matches!(error, DataError::Deviation { .. }), "{error}");
            assert_eq!(x, [[1.0]; 3]);
        }
    }

    #[test]
    fn shifts_take_every_offset_up_to_the_limit() {
        let mut images = vec![[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]; 500]; // 2 rows of 3
        shift::<3, _>(&mut images, 1, &mut Rng::new(2));
        let mut seen: Vec<_> = images.iter().map(|image| image.map(|value| value as u8)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
        assert!(seen.contains(&[5, 6, 0, 0, 0, 0]) && seen.contains(&[0, 1, 2, 0, 4, 5]));
        // A limit beyond the size of the image must not overflow.
        shift::<3, _>(&mut images, usize::MAX, &mut Rng::new(2));
    }

    #[test]
    fn a_seed_gives_the_same_samples() {
        let made = |seed| {
            let mut x = [[1.0f32; 4]; 5];
            let mut rng = Rng::new(seed);
            noise(&mut x, 1.0, &mut rng).unwrap();
            flip::<2, _>(&mut x, &mut rng);
            mixup(&x, &x, 0.3, &mut rng).unwrap()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
    }
}
