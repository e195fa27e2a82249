//! A long series in pieces: batches for stateful layers.

use core::marker::PhantomData;
use std::vec::Vec;

use super::DataError;

/// Truncated backpropagation through time: cuts a long series into pieces of `STEPS` rows, for a trainer with a batch of
/// `BATCH` rows and a network with [`Stateful`](crate::layers::Stateful) layers.
///
/// The series is divided into `BATCH` parts of equal length. The first pieces of all parts are the first batch, the second
/// ones the next batch, and so on. Row `i` of a batch thus continues row `i` of the batch before. The rows at the end that
/// do not fill a batch are left out.
///
/// ```
/// use shiplap::{data::Tbptt, prelude::*};
///
/// #[network(input = [[f32; 1]; 10])]
/// type Net = (Gru<_, 8, Stateful<AllStates>>, TimeDistributed<Dense<_, 1>>, Flatten<_>);
///
/// // Each step forecasts the next one.
/// let series: Vec<f32> = (0..400).map(|step| (0.2 * step as f32).sin()).collect();
/// let frames: Vec<[f32; 1]> = series.iter().map(|&number| [number]).collect();
/// let (x, y) = (Tbptt::<10, 4>::pieces(&frames[..399])?, Tbptt::<10, 4>::pieces(&series[1..])?);
/// assert_eq!((&x[0][..], &x[4][..]), (&frames[..10], &frames[10..20]));
///
/// let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.02), 1);
/// let last = trainer.fit(&x, &y, Fit::epochs(50).shuffle(false))?;
/// assert!(last.training.loss < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tbptt<const STEPS: usize, const BATCH: usize>(PhantomData<()>);

impl<const STEPS: usize, const BATCH: usize> Tbptt<STEPS, BATCH> {
    /// The pieces of `series`, batch by batch. Cut inputs and labels in the same way.
    ///
    /// # Errors
    ///
    /// Returns an error if the series has fewer than `STEPS · BATCH` rows.
    pub fn pieces<X: Copy>(series: &[X]) -> Result<Vec<[X; STEPS]>, DataError> {
        const { assert!(STEPS > 0 && BATCH > 0, "steps and batch are at least 1") };
        let (pieces, _) = series.as_chunks::<STEPS>();
        let batches = pieces.len() / BATCH;
        if batches == 0 {
            return Err(DataError::Pieces { rows: series.len(), steps: STEPS, batch: BATCH });
        }
        let batch = |number: usize| pieces.iter().skip(number).step_by(batches).take(BATCH);
        Ok((0..batches).flat_map(batch).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_continue_from_batch_to_batch() {
        let series: Vec<usize> = (0..23).collect();
        assert_eq!(
            Tbptt::<2, 3>::pieces(&series).unwrap(),
            [[0, 1], [6, 7], [12, 13], [2, 3], [8, 9], [14, 15], [4, 5], [10, 11], [16, 17]]
        );
        assert_eq!(Tbptt::<2, 3>::pieces(&series[..6]).unwrap(), [[0, 1], [2, 3], [4, 5]]);
        let error = Tbptt::<2, 3>::pieces(&series[..5]).unwrap_err();
        assert!(matches!(error, DataError::Pieces { rows: 5, steps: 2, batch: 3 }), "{error}");
    }
}
