//! Standardization to mean 0 and standard deviation 1.

use super::columns::{
    FitError, Scale, ScaleGradient, Unscale, check, each_column, epsilon, extremes, mean_and_deviation, present,
    transform,
};
use crate::{
    Layer,
    kernel::{Element, Simd, elementwise_row},
    layer::{Operations, Path, SimpleLayer},
    stream::{Streaming, whole_sample},
};

/// `y[n] = (x[n] − mean[n]) / deviation[n]`, x and y: `[[T; N]]`. On the data to which it is fitted, each column of the
/// output has mean 0 and standard deviation 1. A constant column, whose values differ at most by rounding, has deviation 0
/// and is only shifted.
///
/// As the first layer of a network, it makes the network carry its own statistics, even without `std`. Before it is
/// fitted, it is the identity. Training does not change it. NaN counts as a missing value: fitting ignores it, and it
/// stays NaN.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Standardize<2>, Dense<2, 1, Linear>);
/// let (x, y) = ([[180.0f32, 1.0], [160.0, 3.0], [170.0, 5.0]], [[1.0f32], [2.0], [4.0]]);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// trainer.network_mut().0 = Standardize::fit(&x)?;
/// assert_eq!(trainer.network().0.mean, [170.0, 3.0]);
/// trainer.fit(&x, &y, Fit::epochs(500))?;
/// assert!((trainer.predict(&x[2])[0] - 4.0).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It also scales labels, and scales predictions back:
///
/// ```
/// use shiplap::prelude::*;
///
/// let mut prices = [[100_000.0f32], [300_000.0], [200_000.0]];
/// let scaler = Standardize::fit(&prices)?;
/// scaler.transform(&mut prices);
/// assert!((prices[1][0] - 1.2247).abs() < 1e-4);
/// scaler.inverse_transform(&mut prices);
/// assert_eq!(prices[0], [100_000.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Copy, Layer)]
pub struct Standardize<const N: usize, T: Element = f32> {
    /// The mean of each column.
    #[statistic]
    pub mean: [T; N],
    /// The standard deviation of each column: that of the population, which divides by the number of values.
    #[statistic(never_negative)]
    pub deviation: [T; N],
}

impl<const N: usize, T: Element> SimpleLayer for Standardize<N, T> {
    type Input = [T; N];
    type Output = [T; N];
    type Tape = ();

    const MACS: usize = N;

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &[T; N], y: &mut [T; N]) {
        elementwise_row(simd, &Scale, [x, &self.mean, &self.deviation], [y]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, x: &[T; N], (): &(), _: &[T; N], dy: &[T; N], dx: &mut [T; N]) {
        elementwise_row(simd, &ScaleGradient, [dy, x, &self.mean, &self.deviation], [dx]);
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let columns = [("mean", &self.mean[..]), ("deviation", &self.deviation[..])];
        operations.columnwise(path, "Standardize", &columns, &Scale);
    }
}

impl<const N: usize, T: Element> Standardize<N, T> {
    /// Applies the layer to rows in place.
    pub fn transform(&self, rows: &mut [[T; N]]) {
        transform(rows, Scale, |column, x| [x, self.mean[column], self.deviation[column]]);
    }

    /// Computes the statistics of `x` in `f64`. A column whose values differ only by rounding has deviation 0.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no samples, a value is infinite, a column holds only NaN, or the distance of a value
    /// from the mean is infinite in `T`.
    pub fn fit(x: &[[T; N]]) -> Result<Self, FitError> {
        check(x)?;
        let mut fitted = Self { mean: [T::zero(); N], deviation: [T::zero(); N] };
        let statistics = |column| {
            let ([mean, deviation], [min, max]) =
                (mean_and_deviation(present(x, column)), extremes(present(x, column)));
            [mean, deviation, min, max]
        };
        for (column, [mean, deviation, min, max]) in each_column::<4, N>(x.len(), statistics).into_iter().enumerate() {
            if !T::from_f64((max - mean).max(mean - min)).is_finite() {
                return Err(FitError::TooWide { column });
            }
            fitted.mean[column] = T::from_f64(mean);
            // The mean is rounded: smaller deviations from it are meaningless.
            let least = epsilon::<T>() * mean.abs();
            fitted.deviation[column] = T::from_f64(if deviation > least { deviation } else { 0.0 });
        }
        Ok(fitted)
    }

    /// Inverts [`transform`](Self::transform), in place.
    pub fn inverse_transform(&self, rows: &mut [[T; N]]) {
        transform(rows, Unscale, |column, y| [y, self.mean[column], self.deviation[column]]);
    }
}

impl<const N: usize, T: Element> Streaming for Standardize<N, T> {
    whole_sample!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_mean_far_from_zero_causes_no_cancellation() {
        let x = [[1e9 + 1.0, 0.1], [1e9 + 2.0, 0.1], [1e9 + 3.0, 0.1]];
        let fitted = Standardize::fit(&x).unwrap();
        assert_eq!(fitted.mean, [1e9 + 2.0, 0.1]);
        assert!((fitted.deviation[0] - libm::sqrt(2.0 / 3.0)).abs() < 1e-15);
        assert_eq!(fitted.deviation[1], 0.0);
        assert_eq!(fitted.predict(&[1e9 + 2.0, 0.1]), [0.0, 0.0]);
    }

    /// scikit-learn's `StandardScaler` outputs 5.6e-17, 0 and 0 for the first column.
    #[test]
    fn values_that_differ_by_rounding_are_constant() {
        let x = [[0.1 + 0.2, 1e300 * (0.1 + 0.2), 2.0], [0.3, 0.3e300, 2.0 + 4e-16], [0.3, 0.3e300, 2.0]];
        let fitted = Standardize::fit(&x).unwrap();
        assert_eq!(fitted.deviation, [0.0; 3]);
        assert!(x.iter().all(|row| fitted.predict(row)[0].abs() < 1e-15));
        let x = [[0.8f32.next_up()], [0.8], [0.8]];
        assert_eq!(Standardize::fit(&x).unwrap().deviation, [0.0]);
        // A deviation of more than that is kept.
        assert!(Standardize::fit(&[[1.0], [1.0 + 1e-14]]).unwrap().deviation[0] > 0.0);
        assert!(Standardize::fit(&[[1.0f32], [1.000_001]]).unwrap().deviation[0] > 0.0);
    }

    #[test]
    fn huge_and_tiny_values_are_standardized_or_are_errors() {
        for size in [1e200, 1e-200, f64::MAX, f64::MIN_POSITIVE, 1e-320, 1.0] {
            let x = [[size], [-size]];
            let fitted = Standardize::fit(&x).unwrap();
            assert_eq!((fitted.mean, fitted.deviation), ([0.0], [size]));
            assert_eq!(x.map(|row| fitted.predict(&row)), [[1.0], [-1.0]]);
        }
        let fitted = Standardize::fit(&[[3e38f32], [-3e38]]).unwrap();
        assert_eq!(fitted.predict(&[3e38]), [1.0]);
        let too_wide = FitError::TooWide { column: 1 };
        assert_eq!(Standardize::fit(&[[0.0, 3e38f32], [1.0, -3e38], [0.0, -3e38]]), Err(too_wide));
        assert_eq!(Standardize::fit(&[[0.0, f64::MAX], [1.0, f64::MIN], [0.0, f64::MIN]]), Err(too_wide));
    }

    #[test]
    fn missing_values_are_ignored() {
        let fitted = Standardize::fit(&[[1.0f32], [f32::NAN], [3.0]]).unwrap();
        assert_eq!((fitted.mean, fitted.deviation), ([2.0], [1.0]));
    }

    #[test]
    fn data_without_statistics_are_an_error() {
        assert_eq!(Standardize::<1>::fit(&[]), Err(FitError::Empty));
        assert_eq!(Standardize::fit(&[[0.0], [f32::INFINITY]]), Err(FitError::Infinite { sample: 1, column: 0 }));
        assert_eq!(Standardize::fit(&[[0.0, f32::NAN]]), Err(FitError::Missing { column: 1 }));
    }

    #[test]
    fn training_and_initialization_do_not_change_it() {
        use crate::{
            Rng,
            layer::{Parameter, Path, Role, Visit},
            network::initialize,
        };
        use std::{vec, vec::Vec};

        type Net = (Regularized<Standardize<2>, L2<1, -1>>, Dense<2, 1, Linear>);
        let (x, y) = ([[10.0f32, 2.0], [30.0, 4.0]], [[1.0f32], [2.0]]);
        let fitted = Standardize::fit(&x).unwrap();
        let optimizer = Momentum::new(0.1).weight_decay(0.5).penalty(Penalty::l2(0.1));
        let mut trainer = Trainer::<Net, MeanSquaredError, Momentum, 2>::new(optimizer, 1);
        trainer.network_mut().0.layer = fitted;
        let before = trainer.network().1.kernel;
        trainer.fit(&x, &y, Fit::epochs(5)).unwrap();
        assert_ne!(trainer.network().1.kernel, before);
        assert_eq!(trainer.network().0.layer, fitted);
        initialize(trainer.network_mut(), &mut Rng::new(1));
        assert_eq!(trainer.network().0.layer, fitted);
        assert_eq!(Net::PARAMS, 3);

        struct Shown(Vec<(&'static str, Role, Vec<f32>)>);
        impl Visit<f32> for Shown {
            fn visit(&mut self, parameter: Parameter<'_>, values: &[f32]) {
                self.0.push((parameter.name, parameter.role, values.into()));
            }
        }
        let mut shown = Shown(vec![]);
        fitted.parameters(Path::ROOT, &mut shown);
        let expected = [("mean", vec![20.0, 3.0]), ("deviation", vec![10.0, 1.0])];
        assert_eq!(shown.0, expected.map(|(name, values)| (name, Role::Statistic, values)));
    }

    #[test]
    fn is_the_identity_before_it_is_fitted() {
        let network: Standardize<3> = Network::new(1);
        assert_eq!(network.predict(&[1.0, -2.0, 3.0]), [1.0, -2.0, 3.0]);
    }
}
