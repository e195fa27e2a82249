//! Numbers that differ only by rounding.

/// The whole number in `exact`, a product of two numbers, rounded down. A product that is a whole number except for
/// rounding counts as that number: 0.29·100 is 28.999999999999996 in `f64`.
pub(crate) fn whole(exact: f64) -> usize {
    let nearest = libm::round(exact);
    let is_nearest = (exact - nearest).abs() <= 2.0 * f64::EPSILON * exact;
    (if is_nearest { nearest } else { libm::floor(exact) }) as usize
}

/// Whether numbers with this mean and variance differ only by the rounding error of both (scikit-learn's rule).
pub(crate) fn is_constant(mean: f64, variance: f64, count: f64) -> bool {
    let of_mean = count * mean * f64::EPSILON;
    variance <= count * f64::EPSILON * variance + of_mean * of_mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_whole_percentage_of_a_whole_number_is_whole() {
        for samples in 1..=1000 {
            for percent in 0..=100 {
                let share = f64::from(percent as u32) / 100.0;
                assert_eq!(whole(share * samples as f64), percent * samples / 100, "{percent} % of {samples}");
            }
        }
    }

    #[test]
    fn a_product_below_a_whole_number_is_rounded_down() {
        assert_eq!([0.0, 0.999, 28.999_999_999, 29.0, 29.5, -1.0, f64::NAN].map(whole), [0, 0, 28, 29, 29, 0, 0]);
    }

    #[test]
    fn numbers_are_constant_if_their_deviation_is_a_rounding_error() {
        assert!(is_constant(0.0, 0.0, 3.0) && is_constant(0.3, 6.8e-34, 3.0) && is_constant(-0.3, 6.8e-34, 3.0));
        assert!(!is_constant(0.0, 1e-300, 3.0) && !is_constant(0.3, 1e-30, 3.0) && !is_constant(1e9, 0.6, 3.0));
    }
}
