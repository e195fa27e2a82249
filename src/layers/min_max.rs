//! Min–max scaling to [0, 1].

use super::columns::{
    FitError, Scale, ScaleGradient, Unscale, check, each_column, epsilon, extremes, present, transform,
};
use crate::{
    Layer,
    kernel::{Element, Simd, elementwise_row},
    layer::{Operations, Path, SimpleLayer},
    stream::{Streaming, whole_sample},
};

/// `y[n] = (x[n] − min[n]) / range[n]`, x and y: `[[T; N]]`. On the data to which it is fitted, each column of the
/// output lies in [0, 1]. A constant column, whose values differ at most by rounding, has range 0 and is only shifted.
///
/// As the first layer of a network, it makes the network carry its own statistics. Before it is fitted, it is the
/// identity. Training does not change it. NaN counts as a missing value: fitting ignores it, and it stays NaN.
///
/// ```
/// use shiplap::prelude::*;
///
/// let scaler = MinMax::fit(&[[10.0f32, 1.0], [30.0, 5.0]])?;
/// assert_eq!(scaler.predict(&[20.0, 5.0]), [0.5, 1.0]);
/// # Ok::<(), shiplap::layers::FitError>(())
/// ```
#[derive(Copy, Layer)]
pub struct MinMax<const N: usize, T: Element = f32> {
    /// The minimum of each column.
    #[statistic]
    pub min: [T; N],
    /// The maximum minus the minimum.
    #[statistic(never_negative)]
    pub range: [T; N],
}

impl<const N: usize, T: Element> SimpleLayer for MinMax<N, T> {
    type Input = [T; N];
    type Output = [T; N];
    type Tape = ();

    const MACS: usize = N;

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, x: &[T; N], y: &mut [T; N]) {
        elementwise_row(simd, &Scale, [x, &self.min, &self.range], [y]);
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, simd: S, x: &[T; N], (): &(), _: &[T; N], dy: &[T; N], dx: &mut [T; N]) {
        elementwise_row(simd, &ScaleGradient, [dy, x, &self.min, &self.range], [dx]);
    }

    fn operations<V: Operations<T>>(&self, path: Path<'_>, operations: &mut V) {
        let columns = [("min", &self.min[..]), ("range", &self.range[..])];
        operations.columnwise(path, "MinMax", &columns, &Scale);
    }
}

impl<const N: usize, T: Element> MinMax<N, T> {
    /// Applies the layer to rows in place.
    pub fn transform(&self, rows: &mut [[T; N]]) {
        transform(rows, Scale, |column, x| [x, self.min[column], self.range[column]]);
    }

    /// Computes the minimum and range of each column of `x`. A column whose values differ only by rounding has range 0.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no samples, a value is infinite, a column holds only NaN, or its range is infinite in
    /// `T`.
    pub fn fit(x: &[[T; N]]) -> Result<Self, FitError> {
        check(x)?;
        let mut fitted = Self { min: [T::zero(); N], range: [T::zero(); N] };
        let statistics = |column| extremes(present(x, column));
        for (column, [min, max]) in each_column::<2, N>(x.len(), statistics).into_iter().enumerate() {
            let range = max - min;
            if !T::from_f64(range).is_finite() {
                return Err(FitError::TooWide { column });
            }
            fitted.min[column] = T::from_f64(min);
            let rounding = 2.0 * epsilon::<T>() * max.abs().max(min.abs());
            fitted.range[column] = T::from_f64(if range > rounding { range } else { 0.0 });
        }
        Ok(fitted)
    }

    /// Inverts [`transform`](Self::transform), in place.
    pub fn inverse_transform(&self, rows: &mut [[T; N]]) {
        transform(rows, Unscale, |column, y| [y, self.min[column], self.range[column]]);
    }
}

impl<const N: usize, T: Element> Streaming for MinMax<N, T> {
    whole_sample!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network as _;

    #[test]
    fn there_and_back() {
        let rows = [[-4.0f32, 7.0], [0.0, 7.0], [12.0, 7.0]];
        let scaler = MinMax::fit(&rows).unwrap();
        let mut scaled = rows;
        scaler.transform(&mut scaled);
        assert_eq!(scaled, [[0.0, 0.0], [0.25, 0.0], [1.0, 0.0]]);
        scaler.inverse_transform(&mut scaled);
        assert_eq!(scaled, rows);
    }

    #[test]
    fn huge_and_tiny_ranges_are_scaled_or_are_errors() {
        assert_eq!(MinMax::fit(&[[0.0, 3e38f32], [1.0, -3e38]]), Err(FitError::TooWide { column: 1 }));
        assert_eq!(MinMax::fit(&[[f64::MAX], [f64::MIN]]), Err(FitError::TooWide { column: 0 }));
        for size in [1e200, 1e-200, 1e-320] {
            let x = [[-size], [0.0], [size]];
            let scaler = MinMax::fit(&x).unwrap();
            assert_eq!(x.map(|row| scaler.predict(&row)), [[0.0], [0.5], [1.0]]);
        }
    }

    #[test]
    fn values_that_differ_by_rounding_are_constant() {
        let scaler = MinMax::fit(&[[0.1 + 0.2, 1.0], [0.3, 1.0 + 1e-14]]).unwrap();
        assert!(scaler.range[0] == 0.0 && scaler.range[1] > 0.0);
        assert!(scaler.predict(&[0.1 + 0.2, 1.0])[0] < 1e-15);
    }
}
