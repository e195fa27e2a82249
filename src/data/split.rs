//! Training, validation and test sets, and cross-validation.
//!
//! Samples are reordered in place and the parts are slices of the original data, so nothing is copied.

use std::{collections::BTreeMap, vec::Vec};

use super::DataError;
use crate::{Rng, metric::Class, rounding::whole};

/// A subset of the samples.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct Part<'a, X, Y> {
    /// The inputs.
    pub x: &'a [X],
    /// The labels.
    pub y: &'a [Y],
}

impl<X, Y> Clone for Part<'_, X, Y> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<X, Y> Copy for Part<'_, X, Y> {}

/// Shuffles the samples and splits them into parts of the given shares.
///
/// ```
/// let mut x: Vec<[f32; 1]> = (0..10).map(|i| [i as f32]).collect();
/// let mut y: Vec<usize> = (0..10).collect();
/// let [train, validation, test] = shiplap::data::split(&mut x, &mut y, [0.6, 0.2, 0.2], 42)?;
/// assert_eq!((train.x.len(), validation.x.len(), test.x.len()), (6, 2, 2));
/// assert!(test.x.iter().zip(test.y).all(|(x, &y)| x[0] == y as f32));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the numbers of inputs and labels differ, a share is not positive, the shares do not sum to 1, or
/// a part would be empty.
pub fn split<'a, X, Y, const PARTS: usize>(
    x: &'a mut [X],
    y: &'a mut [Y],
    shares: [f64; PARTS],
    seed: u64,
) -> Result<[Part<'a, X, Y>; PARTS], DataError> {
    let lengths = lengths(pairs(x, y)?, shares)?;
    shuffle(x, y, seed);
    Ok(cut(x, y, lengths))
}

/// Like [`split`], but stratified: every part contains each class in the same proportion, as closely as whole samples
/// allow.
///
/// Rounding follows scikit-learn (largest remainders): each class gets its share of a part, rounded down, and the
/// classes with the largest remainders get one sample more. The order within a part is random.
///
/// # Errors
///
/// Returns the errors of [`split`].
pub fn split_stratified<'a, X, Y: Class, const PARTS: usize>(
    x: &'a mut [X],
    y: &'a mut [Y],
    shares: [f64; PARTS],
    seed: u64,
) -> Result<[Part<'a, X, Y>; PARTS], DataError> {
    let lengths = lengths(pairs(x, y)?, shares)?;
    let mut rng = Rng::new(seed);
    let mut classes = by_class(y, &mut rng);
    let mut order = Vec::with_capacity(x.len());
    for length in lengths {
        let sizes: Vec<f64> = classes.iter().map(|class| class.len() as f64).collect();
        let start = order.len();
        for (class, count) in classes.iter_mut().zip(largest_remainders(length, &sizes)) {
            order.extend(class.drain(class.len() - count..));
        }
        rng.shuffle(&mut order[start..]);
    }
    reorder(x, y, order);
    Ok(cut(x, y, lengths))
}

/// K-fold cross-validation: each of `k` parts is the test set once, with the other parts as the training set.
///
/// ```
/// use shiplap::data::Folds;
///
/// let (mut x, mut y): (Vec<[f32; 1]>, Vec<usize>) = (0..10).map(|i| ([i as f32], i % 2)).unzip();
/// let mut folds = Folds::stratified(&mut x, &mut y, 5, 42)?;
/// let mut tested = 0;
/// while let Some((train, test)) = folds.next_fold() {
///     assert_eq!((train.x.len(), test.x.len()), (8, 2));
///     assert_eq!(test.y.iter().sum::<usize>(), 1);
///     tested += test.x.len();
/// }
/// assert_eq!(tested, 10);
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Debug)]
pub struct Folds<'a, X, Y> {
    x: &'a mut [X],
    y: &'a mut [Y],
    folds: usize,
    next: usize,
}

impl<'a, X, Y> Folds<'a, X, Y> {
    /// Shuffles the samples and divides them into `k` parts whose sizes differ by at most one.
    ///
    /// # Errors
    ///
    /// Returns an error if the numbers of inputs and labels differ, `k` is below 2, or there are fewer samples than
    /// parts.
    pub fn new(x: &'a mut [X], y: &'a mut [Y], k: usize, seed: u64) -> Result<Self, DataError> {
        check(x, y, k)?;
        shuffle(x, y, seed);
        Ok(Self { x, y, folds: k, next: 0 })
    }

    /// Like [`new`](Self::new), but stratified: the number of samples of a class differs by at most one between any two
    /// parts.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`new`](Self::new).
    pub fn stratified(x: &'a mut [X], y: &'a mut [Y], k: usize, seed: u64) -> Result<Self, DataError>
    where
        Y: Class,
    {
        check(x, y, k)?;
        let mut rng = Rng::new(seed);
        let sorted = by_class(y, &mut rng).concat();
        let mut order = Vec::with_capacity(x.len());
        for fold in 0..k {
            let start = order.len();
            order.extend(sorted.iter().skip(fold).step_by(k));
            rng.shuffle(&mut order[start..]);
        }
        reorder(x, y, order);
        Ok(Self { x, y, folds: k, next: 0 })
    }

    /// Returns the next training set and test set, or `None` once every part has been the test set.
    ///
    /// Train a new network, and fit new preprocessing layers, for each fold: otherwise the test data leak into
    /// training.
    pub fn next_fold(&mut self) -> Option<(Part<'_, X, Y>, Part<'_, X, Y>)> {
        if self.next == self.folds {
            return None;
        }
        // The test set comes first, the earlier test sets last.
        let (samples, longer) = (self.x.len(), self.x.len() % self.folds);
        let length = |fold: usize| samples / self.folds + usize::from(fold < longer);
        if self.next > 0 {
            let before = length(self.next - 1);
            self.x.rotate_left(before);
            self.y.rotate_left(before);
        }
        let test = length(self.next);
        self.next += 1;
        let ((test_x, x), (test_y, y)) = (self.x.split_at(test), self.y.split_at(test));
        Some((Part { x, y }, Part { x: test_x, y: test_y }))
    }
}

/// The number of samples, each of which has a label.
fn pairs<X, Y>(x: &[X], y: &[Y]) -> Result<usize, DataError> {
    if x.len() != y.len() {
        return Err(DataError::Lengths { inputs: x.len(), labels: y.len() });
    }
    Ok(x.len())
}

fn check<X, Y>(x: &[X], y: &[Y], parts: usize) -> Result<(), DataError> {
    if pairs(x, y)? < parts || parts < 2 {
        return Err(DataError::TooFew { samples: x.len(), parts });
    }
    Ok(())
}

/// The number of samples in each part.
pub(super) fn lengths<const PARTS: usize>(samples: usize, shares: [f64; PARTS]) -> Result<[usize; PARTS], DataError> {
    let sum: f64 = shares.iter().sum();
    if !((sum - 1.0).abs() < 1e-6 && shares.iter().all(|&share| share > 0.0)) {
        return Err(DataError::Shares { sum });
    }
    let rounded = largest_remainders(samples, &shares);
    let lengths = core::array::from_fn(|part| rounded[part]);
    if lengths.contains(&0) {
        return Err(DataError::TooFew { samples, parts: PARTS });
    }
    Ok(lengths)
}

/// Divides `total` in proportion to `weights` by the largest-remainder method. Ties go to the lower index.
fn largest_remainders(total: usize, weights: &[f64]) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| total as f64 * weight / sum).collect();
    let mut rounded: Vec<usize> = exact.iter().map(|&exact| whole(exact)).collect();
    let remaining = total.saturating_sub(rounded.iter().sum());
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    // In millionths, so that remainders that differ by rounding are ties.
    let remainder = |index: usize| ((exact[index] - rounded[index] as f64) * 1e6).round();
    by_remainder.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    by_remainder.into_iter().take(remaining).for_each(|index| rounded[index] += 1);
    rounded
}

/// The indices of the samples of each class, shuffled.
pub(super) fn by_class<Y: Class>(y: &[Y], rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut classes = BTreeMap::<Option<usize>, Vec<usize>>::new();
    for (sample, label) in y.iter().enumerate() {
        classes.entry(label.class()).or_default().push(sample);
    }
    classes.values_mut().for_each(|samples| rng.shuffle(samples));
    classes.into_values().collect()
}

/// Shuffles inputs and labels together.
fn shuffle<X, Y>(x: &mut [X], y: &mut [Y], seed: u64) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    Rng::new(seed).shuffle(&mut order);
    reorder(x, y, order);
}

/// Moves sample `order[i]` to index `i` by following each cycle of the permutation.
fn reorder<X, Y>(x: &mut [X], y: &mut [Y], mut order: Vec<usize>) {
    for start in 0..order.len() {
        let mut place = start;
        loop {
            let from = core::mem::replace(&mut order[place], place);
            if from == start {
                break;
            }
            x.swap(place, from);
            y.swap(place, from);
            place = from;
        }
    }
}

fn cut<'a, X, Y, const PARTS: usize>(
    mut x: &'a [X],
    mut y: &'a [Y],
    lengths: [usize; PARTS],
) -> [Part<'a, X, Y>; PARTS] {
    lengths.map(|length| {
        let ((part_x, rest_x), (part_y, rest_y)) = (x.split_at(length), y.split_at(length));
        (x, y) = (rest_x, rest_y);
        Part { x: part_x, y: part_y }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(samples: usize) -> (Vec<usize>, Vec<usize>) {
        ((0..samples).collect(), (0..samples).map(|sample| sample % 7 % 3).collect())
    }

    #[test]
    fn every_sample_is_in_one_part_with_its_label() {
        for samples in [3, 10, 101] {
            for stratified in [false, true] {
                let (mut x, mut y) = numbered(samples);
                let shares = [0.5, 0.3, 0.2];
                let parts = match stratified {
                    true => split_stratified(&mut x, &mut y, shares, 1).unwrap(),
                    false => split(&mut x, &mut y, shares, 1).unwrap(),
                };
                let mut seen: Vec<usize> = parts.iter().flat_map(|part| part.x).copied().collect();
                assert!(samples < 10 || !seen.is_sorted());
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..samples));
                for part in parts {
                    assert!(part.x.iter().zip(part.y).all(|(x, y)| x % 7 % 3 == *y));
                }
            }
        }
    }

    #[test]
    fn every_sample_is_tested_once_and_is_not_in_that_training_set() {
        for k in 2..=11 {
            let (mut x, mut y) = numbered(11);
            let mut folds = Folds::stratified(&mut x, &mut y, k, 3).unwrap();
            let mut tested = Vec::<usize>::new();
            while let Some((train, test)) = folds.next_fold() {
                let mut all: Vec<usize> = train.x.iter().chain(test.x).copied().collect();
                all.sort_unstable();
                assert!(all.into_iter().eq(0..11));
                assert!(train.x.iter().zip(train.y).all(|(x, y)| x % 7 % 3 == *y));
                tested.extend(test.x);
            }
            tested.sort_unstable();
            assert!(tested.into_iter().eq(0..11), "{k}");
        }
    }

    #[test]
    fn remainders_that_differ_by_rounding_are_ties() {
        assert_eq!(largest_remainders(100, &[0.29, 0.71]), [29, 71]);
        // 10·0.55 is 5.500000000000001.
        assert_eq!(largest_remainders(10, &[0.45, 0.55]), [5, 5]);
        assert_eq!(largest_remainders(7, &[0.1, 0.2, 0.7]), [1, 1, 5]);
    }

    #[test]
    fn the_seed_determines_the_split() {
        let order = |seed| {
            let (mut x, mut y) = numbered(50);
            split(&mut x, &mut y, [0.5, 0.5], seed).unwrap();
            x
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn rejects_invalid_shares_and_counts() {
        let (mut x, mut y) = numbered(4);
        let error = |result: Result<[Part<'_, usize, usize>; 2], DataError>| result.unwrap_err();
        assert!(matches!(
            error(split(&mut x, &mut y[1..], [0.5, 0.5], 1)),
            DataError::Lengths { inputs: 4, labels: 3 }
        ));
        assert!(matches!(error(split(&mut x, &mut y, [0.5, 0.4], 1)), DataError::Shares { .. }));
        assert!(matches!(error(split(&mut x, &mut y, [1.5, -0.5], 1)), DataError::Shares { .. }));
        assert!(matches!(error(split(&mut x, &mut y, [f64::NAN, 0.5], 1)), DataError::Shares { .. }));
        assert!(matches!(error(split(&mut x, &mut y, [0.95, 0.05], 1)), DataError::TooFew { samples: 4, parts: 2 }));
        assert!(matches!(Folds::new(&mut x, &mut y, 5, 1), Err(DataError::TooFew { samples: 4, parts: 5 })));
        assert!(matches!(Folds::new(&mut x, &mut y, 1, 1), Err(DataError::TooFew { .. })));
    }
}
