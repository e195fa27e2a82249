//! Imputation of missing values.

use super::columns::{FitError, check, each_column, mean_and_deviation, present, transform};
use crate::{
    Layer,
    kernel::{Element, ElementwiseKernel, Real, Simd, elementwise_row},
    layer::{Operations, Path, SimpleLayer},
    stream::{Streaming, whole_sample},
};

/// `y[n] = value[n]` where `x[n]` is NaN, else `x[n]`; x and y: `[[T; N]]`.
///
/// A network that starts with this layer accepts NaN as a missing value, in training and at inference. Training does
/// not change the layer.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Impute<2>, Standardize<2>, Dense<2, 1, Linear>);
/// let (x, y) = ([[1.0, f32::NAN], [3.0, 4.0], [f32::NAN, 8.0]], [[1.0f32], [2.0], [3.0]]);
/// let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.1), 1);
/// trainer.network_mut().0 = Impute::mean(&x)?;
/// trainer.network_mut().1 = Standardize::fit(&x)?;
/// assert_eq!(trainer.network().0.value, [2.0, 6.0]);
/// trainer.fit(&x, &y, Fit::epochs(20))?;
/// assert!(trainer.predict(&[2.0, f32::NAN])[0].is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Copy, Layer)]
pub struct Impute<const N: usize, T: Element = f32> {
    /// The replacement for a missing value of each column.
    #[statistic]
    pub value: [T; N],
}

#[derive(Clone, Copy)]
struct Fill;

#[derive(Clone, Copy)]
struct FillGradient;

/// `then` where `x` is not NaN: every magnitude is above −1.
#[inline(always)]
fn if_present<V: Real>(x: V, then: V, otherwise: V) -> V {
    x.abs().if_gt(V::splat(-1.0), then, otherwise)
}

impl ElementwiseKernel<2, 1> for Fill {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, value]: [V; 2], _: [V; 1]) -> [V; 1] {
        [if_present(x, x, value)]
    }
}

impl ElementwiseKernel<3, 1> for FillGradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, x, _]: [V; 3], _: [V; 1]) -> [V; 1] {
        [if_present(x, dy, V::splat(0.0))]
    }
}

impl<const N: usize, T: Element> SimpleLayer for Impute<N, T> {
    type Input = [T; N];
    type Output = [T; N];
    type Tape = ();

    const TAKES_MISSING: bool = true;

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &[T; N], y: &mut [T; N]) {
        elementwise_row(simd, &Fill, [x, &self.value], [y]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, x: &[T; N], (): &(), _: &[T; N], dy: &[T; N], dx: &mut [T; N]) {
        elementwise_row(simd, &FillGradient, [dy, x, &self.value], [dx]);
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let columns = [("value", &self.value[..])];
        operations.columnwise(path, "Impute", &columns, &Fill);
    }
}

impl<const N: usize, T: Element> Impute<N, T> {
    /// Applies the layer to rows in place.
    pub fn transform(&self, rows: &mut [[T; N]]) {
        transform(rows, Fill, |column, x| [x, self.value[column]]);
    }

    /// Creates a layer that replaces missing values by the mean of each column of `x`.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no samples, a value is infinite, or a column holds only NaN.
    pub fn mean(x: &[[T; N]]) -> Result<Self, FitError> {
        Self::fit(x, |column| mean_and_deviation(present(x, column))[0])
    }

    /// Creates a layer that replaces missing values by the median of each column of `x`: the middle value, or the mean
    /// of the two in the middle.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no samples, a value is infinite, or a column holds only NaN.
    #[cfg(feature = "std")]
    pub fn median(x: &[[T; N]]) -> Result<Self, FitError> {
        Self::fit(x, |column| {
            let values = sorted(present(x, column));
            f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
        })
    }

    /// Creates a layer that replaces missing values by the most frequent value of each column of `x`, or by the
    /// smallest of several such values. This suits class numbers.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no samples, a value is infinite, or a column holds only NaN.
    #[cfg(feature = "std")]
    pub fn most_frequent(x: &[[T; N]]) -> Result<Self, FitError> {
        Self::fit(x, |column| {
            let values = sorted(present(x, column));
            // `max_by_key` returns the last of several maxima; in reverse order, that is the smallest value.
            let most = values.chunk_by(|a, b| a == b).rev().max_by_key(|equal| equal.len());
            most.map_or(f64::NAN, |equal| equal[0])
        })
    }

    /// Checks the data, so that `value` is only called for columns that have values.
    fn fit(x: &[[T; N]], value: impl Fn(usize) -> f64 + Sync) -> Result<Self, FitError> {
        check(x)?;
        Ok(Self { value: each_column(x.len(), |column| [value(column)]).map(|[value]| T::from_f64(value)) })
    }
}

#[cfg(feature = "std")]
fn sorted(values: impl Iterator<Item = f64>) -> std::vec::Vec<f64> {
    let mut values: std::vec::Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

impl<const N: usize, T: Element> Streaming for Impute<N, T> {
    whole_sample!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prelude::*, train::Data};

    #[test]
    #[cfg(feature = "std")]
    fn means_medians_modes() {
        let x = [[1.0, f64::NAN], [7.0, 2.0], [7.0, 2.0], [f64::NAN, 3.0], [1.0, 3.0]];
        assert_eq!(Impute::mean(&x).unwrap().value, [4.0, 2.5]);
        assert_eq!(Impute::median(&x).unwrap().value, [4.0, 2.5]);
        assert_eq!(Impute::most_frequent(&x).unwrap().value, [1.0, 2.0]);
        assert_eq!(Impute::median(&x[..3]).unwrap().value, [7.0, 2.0]);
        let huge = [[f64::MAX], [f64::MAX], [f64::MIN], [f64::MIN]];
        assert_eq!(Impute::mean(&huge).unwrap().value, [0.0]);
        assert_eq!(Impute::median(&huge).unwrap().value, [0.0]);
    }

    #[test]
    fn only_nan_is_missing() {
        let impute = Impute { value: [9.0f32; 5] };
        let x = [f32::NAN, -f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY];
        let y = impute.predict(&x);
        assert_eq!(y, [9.0, 9.0, 0.0, f32::INFINITY, f32::NEG_INFINITY]);
        assert!(y[2].is_sign_negative());
    }

    #[test]
    fn elsewhere_nan_is_refused() {
        let x = [[f32::NAN]];
        let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 1>::new(Sgd::new(0.1), 1);
        assert_eq!(trainer.step(&x, &[[1.0f32]]), Err(TrainError::Input { data: Data::Given, sample: 0 }));
        type Filled = (Impute<1>, Dense<1, 1, Linear>);
        let mut trainer = Trainer::<Filled, MeanSquaredError, Sgd, 1>::new(Sgd::new(0.1), 1);
        assert_eq!(trainer.step(&x, &[[1.0f32]]), Ok(1.0));
        assert_eq!(
            trainer.step(&[[f32::INFINITY]], &[[1.0f32]]),
            Err(TrainError::Input { data: Data::Given, sample: 0 })
        );
    }
}
