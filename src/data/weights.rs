//! Weights for imbalanced classes.

use std::vec::Vec;

use super::DataError;
use crate::metric::Class;

/// Computes class weights that balance `K` classes: `samples / (classes · samples in the class)`, like scikit-learn's
/// `class_weight="balanced"`. Classes without samples get the weight 0 and do not count as classes.
///
/// # Errors
///
/// Returns an error if the class of a label is not below `K`, or a number of it is not from 0 to 1.
///
/// ```
/// use shiplap::{data::{class_weights, weighted}, loss::Weighted, prelude::*};
///
/// let x = [[0.0f32], [0.1], [0.2], [0.9]];
/// let y = [0usize, 0, 0, 1];
/// let weights = class_weights::<2, _>(&y)?;
/// assert_eq!(weights, [2.0 / 3.0, 2.0]);
///
/// type Loss = Weighted<SparseCategoricalCrossentropy>;
/// let mut trainer = Trainer::<Dense<1, 2, Softmax>, Loss, Adam, 4>::new(Adam::default(), 1);
/// trainer.fit(&x, &weighted(&y, &weights)?, Fit::epochs(5))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn class_weights<const K: usize, Y: Class>(labels: &[Y]) -> Result<[f64; K], DataError> {
    let mut counts = [0usize; K];
    for (sample, label) in labels.iter().enumerate() {
        *of_class(&mut counts, sample, label)? += 1;
    }
    let classes = counts.iter().filter(|&&count| count > 0).count();
    Ok(counts.map(|count| if count == 0 { 0.0 } else { labels.len() as f64 / (classes * count) as f64 }))
}

/// Pairs each label with the weight of its class, for [`Weighted`](crate::loss::Weighted).
///
/// # Errors
///
/// Returns an error if the class of a label is not below `K`, a number of it is not from 0 to 1, or a weight is
/// negative or not finite.
pub fn weighted<const K: usize, Y: Class + Copy>(labels: &[Y], weights: &[f64; K]) -> Result<Vec<(Y, f32)>, DataError> {
    let mut weights = *weights;
    if let Some(class) = weights.iter().position(|weight| !(0.0..=f64::from(f32::MAX)).contains(weight)) {
        return Err(DataError::Weight { class, weight: weights[class] });
    }
    let pair = |(sample, label): (usize, &Y)| Ok((*label, *of_class(&mut weights, sample, label)? as f32));
    labels.iter().enumerate().map(pair).collect()
}

/// The number of the class of the label of a sample.
fn of_class<'a, T, Y: Class>(numbers: &'a mut [T], sample: usize, label: &Y) -> Result<&'a mut T, DataError> {
    let classes = numbers.len();
    let class = label.class_of_label().ok_or(DataError::Probability { sample })?;
    numbers.get_mut(class).ok_or(DataError::Class { sample, class, classes })
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn classes_may_be_numbers_or_probabilities() {
        assert_eq!(class_weights::<3, _>(&[2usize, 0, 0, 2, 2, 2]).unwrap(), [1.5, 0.0, 0.75]);
        assert_eq!(class_weights::<2, _>(&[[1.0f32], [0.0], [1.0], [1.0]]).unwrap(), [2.0, 2.0 / 3.0]);
        assert!(matches!(
            class_weights::<2, _>(&[0usize, 2]),
            Err(DataError::Class { sample: 1, class: 2, classes: 2 })
        ));
        assert_eq!(weighted(&[1usize, 0], &[0.5, 2.0]).unwrap(), vec![(1, 2.0), (0, 0.5)]);
        assert!(matches!(
            weighted(&[1usize, 2], &[0.5, 2.0]),
            Err(DataError::Class { sample: 1, class: 2, classes: 2 })
        ));
    }

    #[test]
    fn numbers_that_are_no_probabilities_or_weights_are_errors() {
        for number in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            let refused = |error| matches!(error, DataError::Probability { sample: 1 });
            assert!(refused(class_weights::<2, _>(&[[1.0], [number]]).unwrap_err()), "{number}");
            assert!(refused(class_weights::<2, _>(&[[1.0, 0.0], [number, 0.0]]).unwrap_err()), "{number}");
            assert!(refused(weighted(&[[1.0], [number]], &[1.0; 2]).unwrap_err()), "{number}");
        }
        for weight in [f64::NAN, -1.0, 1e39, f64::INFINITY] {
            let error = weighted(&[0usize, 1], &[1.0, weight]).unwrap_err();
            assert!(matches!(error, DataError::Weight { class: 1, .. }), "{error}");
        }
    }
}
