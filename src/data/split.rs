//! Parts of the data to train, validate and test on. Samples are put into a new order where they are, and the parts
//! are slices of them: nothing is copied.

use std::{collections::BTreeMap, vec::Vec};

use super::DataError;
use crate::{Rng, metric::Class};

/// Some of the samples.
#[derive(Debug, PartialEq)]
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

/// Puts the samples into a random order and cuts them into parts of these shares.
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
/// When there are not as many labels as inputs, a share is not above 0, the shares do not add up to 1, or a part would
/// be empty.
pub fn split<'a, X, Y, const PARTS: usize>(
    x: &'a mut [X],
    y: &'a mut [Y],
    shares: [f64; PARTS],
    seed: u64,
) -> Result<[Part<'a, X, Y>; PARTS], DataError> {
    let lengths = lengths(x, y, shares)?;
    shuffle(x, y, seed);
    Ok(cut(x, y, lengths))
}

/// Like [`split`], with each class in each part by its share, as near as whole samples allow: of what there is to give
/// to a part, each class first gets the whole samples of its share, then those with the largest remainders one more,
/// as in scikit-learn. Within a part the order is random.
///
/// # Errors
///
/// Those of [`split`].
pub fn split_stratified<'a, X, Y: Class, const PARTS: usize>(
    x: &'a mut [X],
    y: &'a mut [Y],
    shares: [f64; PARTS],
    seed: u64,
) -> Result<[Part<'a, X, Y>; PARTS], DataError> {
    let lengths = lengths(x, y, shares)?;
    let mut rng = Rng::new(seed);
    let mut classes = by_class(y, &mut rng);
    let mut order = Vec::with_capacity(x.len());
    for length in lengths {
        let sizes: Vec<f64> = classes.iter().map(|class| class.len() as f64).collect();
        let start = order.len();
        for (class, count) in classes.iter_mut().zip(apportion(length, &sizes)) {
            order.extend(class.drain(class.len() - count..));
        }
        rng.shuffle(&mut order[start..]);
    }
    reorder(x, y, order);
    Ok(cut(x, y, lengths))
}

/// K-fold cross-validation: the samples in `k` parts, each in turn to test on, the others to train on.
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
    /// `k` parts of equal size, or one more, in a random order.
    ///
    /// # Errors
    ///
    /// When there are not as many labels as inputs, `k` is below 2, or there are fewer samples than parts.
    pub fn new(x: &'a mut [X], y: &'a mut [Y], k: usize, seed: u64) -> Result<Self, DataError> {
        check(x, y, k)?;
        shuffle(x, y, seed);
        Ok(Self { x, y, folds: k, next: 0 })
    }

    /// Like [`new`](Self::new), with the classes dealt out to the parts in turn, so that their numbers in two parts differ
    /// by at most one.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
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

    /// The samples to train on and those to test on, until each part was tested on. What is trained or fitted must start
    /// anew each time.
    pub fn next_fold(&mut self) -> Option<(Part<'_, X, Y>, Part<'_, X, Y>)> {
        if self.next == self.folds {
            return None;
        }
        // The part to test on lies first; the ones before went to the end.
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

fn check<X, Y>(x: &[X], y: &[Y], parts: usize) -> Result<(), DataError> {
    if x.len() != y.len() {
        return Err(DataError::Lengths { inputs: x.len(), labels: y.len() });
    }
    if parts < 2 || parts > x.len() {
        return Err(DataError::TooFew { samples: x.len(), parts });
    }
    Ok(())
}

/// How many samples each share comes to.
fn lengths<X, Y, const PARTS: usize>(x: &[X], y: &[Y], shares: [f64; PARTS]) -> Result<[usize; PARTS], DataError> {
    if x.len() != y.len() {
        return Err(DataError::Lengths { inputs: x.len(), labels: y.len() });
    }
    let sum: f64 = shares.iter().sum();
    if !((sum - 1.0).abs() < 1e-6 && shares.iter().all(|&share| share > 0.0)) {
        return Err(DataError::Shares { sum });
    }
    let apportioned = apportion(x.len(), &shares);
    let lengths = core::array::from_fn(|part| apportioned[part]);
    if lengths.contains(&0) {
        return Err(DataError::TooFew { samples: x.len(), parts: PARTS });
    }
    Ok(lengths)
}

/// Divides `total` in the ratio of `weights`: each gets the whole part of its share, and those with the largest
/// remainders one more until all is given, the first of equal ones first.
fn apportion(total: usize, weights: &[f64]) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| total as f64 * weight / sum).collect();
    let mut given: Vec<usize> = exact.iter().map(|&exact| exact as usize).collect();
    let left = total.saturating_sub(given.iter().sum());
    let mut largest: Vec<usize> = (0..weights.len()).collect();
    largest.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    largest.into_iter().take(left).for_each(|place| given[place] += 1);
    given
}

/// The samples of each class, in a random order.
fn by_class<Y: Class>(y: &[Y], rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut classes = BTreeMap::<usize, Vec<usize>>::new();
    for (sample, label) in y.iter().enumerate() {
        classes.entry(label.class()).or_default().push(sample);
    }
    classes.values_mut().for_each(|samples| rng.shuffle(samples));
    classes.into_values().collect()
}

/// Puts the samples into a random order.
fn shuffle<X, Y>(x: &mut [X], y: &mut [Y], seed: u64) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    Rng::new(seed).shuffle(&mut order);
    reorder(x, y, order);
}

/// Puts sample `order[i]` in place `i`, following each cycle of the permutation.
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
    fn each_sample_is_in_one_part_with_its_label() {
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
    fn each_sample_is_tested_once_and_never_trained_on_then() {
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
    fn a_seed_gives_a_split() {
        let order = |seed| {
            let (mut x, mut y) = numbered(50);
            split(&mut x, &mut y, [0.5, 0.5], seed).unwrap();
            x
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn refuses_what_cannot_be_divided() {
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
