//! Sines and cosines of positions, computed at compile time.

/// The largest table that a compiler computes without a warning.
pub(super) const MOST: usize = 1 << 17;

/// The angle from one position to the next, in pair `pair` of `pairs`: `base^(−pair/pairs)`.
pub(super) const fn frequency(base: u32, pair: usize, pairs: usize) -> f64 {
    exp(-(pair as f64) / pairs as f64 * ln(base as f64))
}

/// The sine and the cosine of an angle from 0 to 1.
pub(super) const fn sine_cosine(angle: f64) -> [f64; 2] {
    let (mut sine, mut cosine, mut term, mut order) = (0.0, 0.0, 1.0, 0);
    while order < 20 {
        match order % 4 {
            0 => cosine += term,
            1 => sine += term,
            2 => cosine -= term,
            _ => sine -= term,
        }
        order += 1;
        term *= angle / order as f64;
    }
    [sine, cosine]
}

/// The sine and the cosine of the sum of two angles.
pub(super) const fn turned([sine, cosine]: [f64; 2], [of_sine, of_cosine]: [f64; 2]) -> [f64; 2] {
    [sine * of_cosine + cosine * of_sine, cosine * of_cosine - sine * of_sine]
}

/// `e^x`, as the square of `e^(x/2)` where the series converges slowly.
const fn exp(x: f64) -> f64 {
    if x < -0.5 || x > 0.5 {
        let root = exp(x / 2.0);
        return root * root;
    }
    let (mut sum, mut term, mut order) = (0.0, 1.0, 0);
    while order < 16 {
        sum += term;
        order += 1;
        term *= x / order as f64;
    }
    sum
}

/// `ln x` of a number of at least 1, by Newton's method.
const fn ln(x: f64) -> f64 {
    let (mut halvings, mut rest) = (0.0, x);
    while rest > 1.5 {
        rest /= 2.0;
        halvings += 1.0;
    }
    let (mut y, mut step) = (rest - 1.0, 0);
    while step < 6 {
        y += rest * exp(-y) - 1.0;
        step += 1;
    }
    halvings * core::f64::consts::LN_2 + y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_accurate() {
        for (base, pair, pairs) in [(10_000, 3, 32), (10_000, 31, 32), (500_000, 7, 9), (2, 1, 4), (10, 0, 1)] {
            let expected = libm::pow(f64::from(base), -(pair as f64) / f64::from(pairs));
            let found = frequency(base, pair, pairs as usize);
            assert!((found - expected).abs() < 1e-14 * expected, "{found}, not {expected}");
            let step = sine_cosine(found);
            let mut wave = [0.0, 1.0];
            for position in 0..1000 {
                let angle = f64::from(position) * expected;
                let far = (wave[0] - libm::sin(angle)).abs().max((wave[1] - libm::cos(angle)).abs());
                assert!(far < 1e-11, "{position}: {far}");
                wave = turned(wave, step);
            }
        }
    }
}
