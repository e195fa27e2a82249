//! Code shared by the layers that transform each column by fitted numbers.

use core::{array, fmt};

use crate::{
    cores::on_all_cores,
    kernel::{Element, ElementwiseKernel, Real},
    rounding::is_constant,
};

/// `row[n] = formula(row[n], columns[0][n], ...)` for each row, for `READ − 1` columns.
pub(super) fn transform<T: Element, const N: usize, const READ: usize>(
    rows: &mut [[T; N]],
    formula: impl ElementwiseKernel<READ, 1>,
    columns: impl Fn(usize, T) -> [T; READ] + Sync,
) {
    on_all_cores(rows, 1, COST * N, &|rows: &mut [[T; N]]| {
        for row in rows {
            for (column, value) in row.iter_mut().enumerate() {
                [*value] = formula.apply(columns(column, *value), [*value]);
            }
        }
    });
}

/// `[statistics(0), statistics(1), ...]`, numbers that are computed from columns of `samples` values.
pub(super) fn each_column<const K: usize, const N: usize>(
    samples: usize,
    statistics: impl Fn(usize) -> [f64; K] + Sync,
) -> [[f64; K]; N] {
    let mut columns = array::from_fn(|column| (column, [0.0; K]));
    on_all_cores(&mut columns[..], 1, COST * samples, &|columns: &mut [(usize, [f64; K])]| {
        columns.iter_mut().for_each(|(column, result)| *result = statistics(*column));
    });
    columns.map(|(_, result)| result)
}

/// The cost of one value, in multiply-accumulates of vectors.
const COST: usize = 32;

/// `y = (x − origin) / spread`, where a spread of 0 counts as 1.
#[derive(Clone, Copy)]
pub(super) struct Scale;

/// The inverse: `x = y·spread + origin`.
#[derive(Clone, Copy)]
pub(super) struct Unscale;

/// `dx = dy / spread`.
#[derive(Clone, Copy)]
pub(super) struct ScaleGradient;

#[inline(always)]
fn divisor<V: Real>(spread: V) -> V {
    spread.if_gt(V::splat(0.0), spread, V::splat(1.0))
}

impl ElementwiseKernel<3, 1> for Scale {
    #[inline(always)]
    fn apply<V: Real>(&self, [x, origin, spread]: [V; 3], _: [V; 1]) -> [V; 1] {
        [(x - origin) / divisor(spread)]
    }
}

impl ElementwiseKernel<3, 1> for Unscale {
    #[inline(always)]
    fn apply<V: Real>(&self, [y, origin, spread]: [V; 3], _: [V; 1]) -> [V; 1] {
        [y * divisor(spread) + origin]
    }
}

impl ElementwiseKernel<4, 1> for ScaleGradient {
    #[inline(always)]
    fn apply<V: Real>(&self, [dy, _, _, spread]: [V; 4], _: [V; 1]) -> [V; 1] {
        [dy / divisor(spread)]
    }
}

/// The reason why a layer cannot be fitted to data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FitError {
    /// There are no samples.
    Empty,
    /// A value is infinite.
    Infinite {
        /// The index of the sample, from 0.
        sample: usize,
        /// The index of the column, from 0.
        column: usize,
    },
    /// A column holds only missing values.
    Missing {
        /// The index of the column, from 0.
        column: usize,
    },
    /// The distance between values of a column is infinite in the element type.
    TooWide {
        /// The index of the column, from 0.
        column: usize,
    },
}

impl fmt::Display for FitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(formatter, "there are no samples to fit to: pass at least one"),
            Self::Infinite { sample, column } => {
                write!(formatter, "sample {sample}, column {column} is infinite: clean or drop the sample")
            }
            Self::Missing { column } => {
                write!(formatter, "column {column} holds only NaN: leave it out")
            }
            Self::TooWide { column } => write!(
                formatter,
                "the values of column {column} are too far apart: their distance is infinite in the element type; \
                 divide them by a constant"
            ),
        }
    }
}

impl core::error::Error for FitError {}

/// The values of one column, without NaN.
pub(super) fn present<T: Element, const N: usize>(x: &[[T; N]], column: usize) -> impl Iterator<Item = f64> + Clone {
    x.iter().map(move |row| row[column].to_f64()).filter(|value| !value.is_nan())
}

/// The smallest and the largest of at least one value.
pub(super) fn extremes(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[min, max], value| [min.min(value), max.max(value)])
}

/// The relative rounding error of `T`.
pub(super) const fn epsilon<T>() -> f64 {
    if size_of::<T>() == size_of::<f32>() { f32::EPSILON as f64 } else { f64::EPSILON }
}

/// The mean and the standard deviation of at least one value. The deviation is that of the population, which divides by
/// the number of values, and 0 if it is a rounding error.
///
/// The values are scaled by a power of two, so that sums and squares neither overflow nor underflow. There are two
/// passes: first the mean, then the deviations from it, so that a mean far from 0 causes no cancellation.
pub(super) fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> [f64; 2] {
    let [min, max] = extremes(values.clone());
    let (_, exponent) = libm::frexp(max.max(-min));
    let values = values.map(|value| libm::scalbn(value, -exponent));
    let mean = mean(values.clone());
    // The second sum would be 0 without rounding; it corrects the first (Chan, Golub and LeVeque 1983).
    let (squares, rest, count) = values
        .map(|value| value - mean)
        .fold((0.0f64, 0.0, 0.0), |(squares, rest, count), d| (squares + d * d, rest + d, count + 1.0));
    let variance = ((squares - rest * rest / count) / count).max(0.0);
    let deviation = if is_constant(mean, variance, count) { 0.0 } else { libm::sqrt(variance) };
    [mean, deviation].map(|number| libm::scalbn(number, exponent))
}

/// The mean, computed relative to the first value, so that the mean of equal values is exact.
fn mean(mut values: impl Iterator<Item = f64>) -> f64 {
    let first = values.next().unwrap_or(f64::NAN);
    let (sum, count) = values.fold((0.0, 1.0), |(sum, count), value| (sum + (value - first), count + 1.0));
    first + sum / count
}

/// Checks that a layer can be fitted to these rows.
pub(super) fn check<T: Element, const N: usize>(x: &[[T; N]]) -> Result<(), FitError> {
    if x.is_empty() {
        return Err(FitError::Empty);
    }
    for (sample, row) in x.iter().enumerate() {
        if let Some(column) = row.iter().position(|value| value.to_f64().is_infinite()) {
            return Err(FitError::Infinite { sample, column });
        }
    }
    match (0..N).find(|&column| present(x, column).next().is_none()) {
        Some(column) => Err(FitError::Missing { column }),
        None => Ok(()),
    }
}
