//! Windows over a series: samples for forecasts.

use core::{array, marker::PhantomData, ops::Range};
use std::vec::Vec;

use super::{DataError, split::lengths};
use crate::{Pair, Tensor, kernel::Element as _, tensor::first_not_finite};

/// Windows over a series: `STEPS` rows are a sample, and the `HORIZON` rows that follow are its label. The next window
/// starts `STRIDE` rows later.
///
/// ```
/// use shiplap::data::{Samples, Windows};
///
/// let series: Vec<[f32; 2]> = (0..100).map(|hour| [hour as f32, (hour % 24) as f32]).collect();
/// let Samples { x, y } = Windows::<24, 3>::of(&series, |row| row[0])?;
/// assert_eq!((x.len(), x[0][23], y[0]), (100 - 24 - 3 + 1, [23.0, 23.0], [24.0, 25.0, 26.0]));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Windows<const STEPS: usize, const HORIZON: usize, const STRIDE: usize = 1>(PhantomData<()>);

/// Samples with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples<X, Y> {
    /// The inputs.
    pub x: Vec<X>,
    /// The labels.
    pub y: Vec<Y>,
}

/// Windows and their labels.
type Cut<X, Y, const STEPS: usize, const HORIZON: usize> = Samples<[X; STEPS], [Y; HORIZON]>;

impl<const STEPS: usize, const HORIZON: usize, const STRIDE: usize> Windows<STEPS, HORIZON, STRIDE> {
    const POSSIBLE: () = assert!(STEPS > 0 && HORIZON > 0 && STRIDE > 0, "steps, horizon and stride are at least 1");

    /// All windows of `series`. `label` is what a row contributes to the label, such as the column to forecast.
    ///
    /// # Errors
    ///
    /// Returns an error if the series has fewer than `STEPS + HORIZON` rows, or a number in it is NaN or infinite.
    pub fn of<X: Tensor, Y>(series: &[X], label: impl Fn(&X) -> Y) -> Result<Cut<X, Y, STEPS, HORIZON>, DataError> {
        check(series)?;
        Self::in_part(series, 0..series.len(), &label)
    }

    /// Splits the series in time: the first part holds the first share of its rows, and so on. The labels of each part
    /// are rows of that part only, so that no part forecasts what an earlier one was trained on. The steps of its first
    /// windows reach back into the part before, which is the past at that time.
    ///
    /// Fit scalers to the rows of the first part: the other rows are the future.
    ///
    /// ```
    /// use shiplap::data::Windows;
    ///
    /// let series: Vec<[f32; 1]> = (0..100).map(|day| [day as f32]).collect();
    /// let [train, test] = Windows::<7, 1>::split(&series, [0.8, 0.2], |row| row[0])?;
    /// assert_eq!((train.y[0], train.y.last()), ([7.0], Some(&[79.0])));
    /// assert_eq!((test.y[0], test.x[0][0]), ([80.0], [73.0]));
    /// # Ok::<(), shiplap::data::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`of`](Self::of), and an error if a share is not positive, the shares do not sum to 1, or a
    /// part has no window.
    pub fn split<X: Tensor, Y, const PARTS: usize>(
        series: &[X],
        shares: [f64; PARTS],
        label: impl Fn(&X) -> Y,
    ) -> Result<[Cut<X, Y, STEPS, HORIZON>; PARTS], DataError> {
        let lengths = lengths(series.len(), shares)?;
        check(series)?;
        let mut parts = Vec::with_capacity(PARTS);
        let mut start = 0;
        for length in lengths {
            parts.push(Self::in_part(series, start..start + length, &label)?);
            start += length;
        }
        let mut parts = parts.into_iter();
        Ok(array::from_fn(|_| parts.next().unwrap_or(Samples { x: Vec::new(), y: Vec::new() })))
    }

    /// The windows whose labels are in the rows `part`.
    fn in_part<X: Tensor, Y>(
        series: &[X],
        part: Range<usize>,
        label: &impl Fn(&X) -> Y,
    ) -> Result<Cut<X, Y, STEPS, HORIZON>, DataError> {
        const { Self::POSSIBLE };
        let first = part.start.saturating_sub(STEPS);
        let rows = series.get(first..part.end).unwrap_or(&[]);
        let windows = rows.windows(STEPS + HORIZON).step_by(STRIDE);
        let (x, y): (Vec<_>, Vec<_>) = windows
            .filter_map(|window| {
                let (steps, ahead) = window.split_at(STEPS);
                Some((*steps.first_chunk()?, ahead.first_chunk::<HORIZON>()?.each_ref().map(label)))
            })
            .unzip();
        match x.is_empty() {
            true => Err(DataError::Series { first, rows: rows.len(), steps: STEPS, horizon: HORIZON }),
            false => Ok(Samples { x, y }),
        }
    }
}

/// A series of any length as a sample of [`Masked`](crate::layers::Masked): its frames, zeros after them, and its length.
///
/// ```
/// use shiplap::{Pair, data::pad};
///
/// let sample: Pair<[[f32; 1]; 4], f32> = pad(&[[0.5], [0.25]])?;
/// assert_eq!(sample, Pair([[0.5], [0.25], [0.0], [0.0]], 2.0));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
///
/// # Errors
///
/// Returns an error if there are no frames, or more than `STEPS`, or if a number is NaN or infinite.
pub fn pad<X: Tensor, const STEPS: usize>(frames: &[X]) -> Result<Pair<[X; STEPS], X::Element>, DataError> {
    check(frames)?;
    let mut sample = Pair([X::zeroed(); STEPS], X::Element::from_f64(frames.len() as f64));
    match sample.0.get_mut(..frames.len()) {
        Some(steps) if !frames.is_empty() => steps.copy_from_slice(frames),
        _ => return Err(DataError::Length { frames: frames.len(), steps: STEPS }),
    }
    Ok(sample)
}

/// Checks that the numbers of a series are finite.
fn check<X: Tensor>(series: &[X]) -> Result<(), DataError> {
    let Some(row) = first_not_finite(series, false) else { return Ok(()) };
    let numbers = X::flat(series.get(row..=row).unwrap_or(&[]));
    let (place, value) = numbers.iter().enumerate().find(|(_, value)| !value.is_finite()).unzip();
    Err(DataError::Step { row, place: place.unwrap_or(0), value: value.map_or(f64::NAN, |value| value.to_f64()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: usize) -> Vec<[f64; 2]> {
        (0..rows).map(|row| [row as f64, -(row as f64)]).collect()
    }

    #[test]
    fn windows_start_a_stride_apart() {
        let Samples { x, y } = Windows::<3, 2, 4>::of(&numbered(13), |row| row[1]).unwrap();
        let starts: Vec<f64> = x.iter().map(|steps| steps[0][0]).collect();
        assert_eq!(starts, [0.0, 4.0, 8.0]);
        assert_eq!((x[2][2], y[2]), ([10.0, -10.0], [-11.0, -12.0]));
        assert_eq!(Windows::<3, 2, 4>::of(&numbered(12), |_| ()).unwrap().x.len(), 2);
    }

    #[test]
    fn a_series_that_is_too_short_is_an_error() {
        assert_eq!(Windows::<3, 2>::of(&numbered(5), |row| row[0]).unwrap().y, [[3.0, 4.0]]);
        let error = Windows::<3, 2>::of(&numbered(4), |row| row[0]).unwrap_err();
        assert!(matches!(error, DataError::Series { first: 0, rows: 4, steps: 3, horizon: 2 }), "{error}");
        // The labels of the second part would need two rows.
        let error = Windows::<3, 2>::split(&numbered(10), [0.9, 0.1], |row| row[0]).unwrap_err();
        assert!(matches!(error, DataError::Series { first: 6, rows: 4, .. }), "{error}");
        assert!(matches!(
            Windows::<3, 2>::split(&numbered(10), [0.9, 0.2], |row| row[0]),
            Err(DataError::Shares { .. })
        ));
    }

    #[test]
    fn numbers_that_are_not_finite_are_errors_with_their_place() {
        for (place, value) in [(0, f64::NAN), (7, f64::INFINITY), (19, f64::NAN)] {
            let mut series = numbered(10);
            series.as_flattened_mut()[place] = value;
            let error = Windows::<2, 1>::of(&series, |row| row[0]).unwrap_err();
            let DataError::Step { row, place: found, value: shown } = error else { panic!("{error}") };
            assert_eq!((row, found, shown.is_nan()), (place / 2, place % 2, value.is_nan()));
            assert!(matches!(Windows::<2, 1>::split(&series, [0.5, 0.5], |_| ()), Err(DataError::Step { .. })));
        }
    }
}
