//! Samples of imbalanced classes, drawn so that each class has as many.

use std::vec::Vec;

use super::{DataError, Samples, split::by_class};
use crate::{Rng, metric::Class};

/// How many samples of each class [`resample`] draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClassSize {
    /// As many as the largest class has: samples of the others repeat (oversampling).
    Largest,
    /// As many as the smallest class has: samples of the others are left out (undersampling).
    Smallest,
    /// This many.
    Exactly(usize),
}

/// Draws the same number of samples from each class, in random order. A class with fewer samples repeats each of them
/// equally often, up to one; of a class with more samples, a random choice is left.
///
/// Resample the training set only, after the split: otherwise copies of a training sample are in the test set.
/// [`class_weights`](super::class_weights) balances classes without copies.
///
/// ```
/// use shiplap::data::{ClassSize, Samples, resample};
///
/// let (x, y) = ([[0.0f32], [0.1], [0.2], [0.9]], [0usize, 0, 0, 1]);
/// let Samples { x, y } = resample(&x, &y, ClassSize::Largest, 42)?;
/// assert_eq!((x.len(), y.iter().sum::<usize>()), (6, 3));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the numbers of inputs and labels differ, or if a number of a label is not from 0 to 1.
pub fn resample<X: Clone, Y: Class + Clone>(
    x: &[X],
    y: &[Y],
    size: ClassSize,
    seed: u64,
) -> Result<Samples<X, Y>, DataError> {
    if x.len() != y.len() {
        return Err(DataError::Lengths { inputs: x.len(), labels: y.len() });
    }
    if let Some(sample) = y.iter().position(|label| label.class_of_label().is_none()) {
        return Err(DataError::Probability { sample });
    }
    let mut rng = Rng::new(seed);
    let classes = by_class(y, &mut rng);
    let sizes = classes.iter().map(Vec::len);
    let size = match size {
        ClassSize::Largest => sizes.max().unwrap_or(0),
        ClassSize::Smallest => sizes.min().unwrap_or(0),
        ClassSize::Exactly(size) => size,
    };
    let mut order: Vec<usize> = classes.iter().flat_map(|class| class.iter().copied().cycle().take(size)).collect();
    rng.shuffle(&mut order);
    Ok(order.into_iter().filter_map(|sample| Some((x.get(sample)?.clone(), y.get(sample)?.clone()))).collect())
}

impl<X, Y> FromIterator<(X, Y)> for Samples<X, Y> {
    fn from_iter<I: IntoIterator<Item = (X, Y)>>(samples: I) -> Self {
        let (x, y) = samples.into_iter().unzip();
        Self { x, y }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_no_probabilities_are_errors() {
        let error = resample(&[0, 1], &[[0.5f32], [2.0]], ClassSize::Largest, 1).unwrap_err();
        assert!(matches!(error, DataError::Probability { sample: 1 }), "{error}");
        let error = resample(&[0, 1], &[0usize], ClassSize::Largest, 1).unwrap_err();
        assert!(matches!(error, DataError::Lengths { inputs: 2, labels: 1 }), "{error}");
        assert!(resample::<u8, usize>(&[], &[], ClassSize::Smallest, 1).unwrap().x.is_empty());
    }

    #[test]
    fn the_seed_determines_the_samples() {
        let (x, y): (Vec<usize>, Vec<usize>) = (0..40).map(|sample| (sample, usize::from(sample % 4 == 0))).unzip();
        let of = |seed| resample(&x, &y, ClassSize::Smallest, seed).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert!(!of(1).y.is_sorted() && !of(2).y.is_sorted(), "the classes are mixed");
    }
}
