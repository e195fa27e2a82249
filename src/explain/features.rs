//! The effect of a feature over a data set.

use std::{vec, vec::Vec};

use super::{ExplainError, Target, gradient::check_input};
use crate::{
    Permutation, Rng, Tensor, Zeroed as _,
    cores::{Rows, on_all_cores},
    kernel::{Element as _, Simd, Work, dispatch},
    layer::{Head as _, Layer, Logits, Sample},
    network::forward,
    zeroed::ON_THE_STACK,
};

/// The permutation importance of a feature: the decrease of a score when the feature is shuffled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Importance {
    /// The decrease of the score in each repetition.
    pub decreases: Vec<f64>,
}

impl Importance {
    /// The mean decrease. A value near 0 means that the feature is unimportant, or redundant with other features.
    pub fn mean(&self) -> f64 {
        self.decreases.iter().sum::<f64>() / self.decreases.len() as f64
    }

    /// The standard deviation of the decreases.
    pub fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.decreases.iter().map(|decrease| (decrease - mean) * (decrease - mean)).sum();
        libm::sqrt(squares / self.decreases.len() as f64)
    }
}

/// Computes the permutation importance of each feature (Breiman 2001, Fisher et al. 2019): the decrease of a score when
/// the values of the feature are shuffled among the samples `x`.
///
/// The result has one item for each of the `X::LEN` features, in row-major order. Shuffling is repeated `repeats`
/// times, at least once. `score` is any measure that is higher for a better model, such as the accuracy or the negated
/// loss. Use samples that the model was not trained on.
///
/// ```
/// use shiplap::{explain::permutation_importance, prelude::*};
///
/// let x: Vec<[f32; 2]> = (0..50).map(|n| [n as f32 / 50.0, 1.0]).collect();
/// let y: Vec<[f32; 1]> = x.iter().map(|x| [2.0 * x[0]]).collect();
/// let mut trainer = Trainer::<Dense<2, 1, Linear>, MeanSquaredError, Adam, 10>::new(Adam::new(0.1), 1);
/// trainer.fit(&x, &y, Fit::epochs(50))?;
/// let importances = permutation_importance(&x, 5, &mut Rng::new(1), |x| trainer.evaluate(x, &y).map(|r| -r.loss))?;
/// assert!(importances[0].mean() > 0.1);
/// assert_eq!(importances[1].mean(), 0.0);
/// # Ok::<(), TrainError>(())
/// ```
///
/// # Errors
///
/// Returns the errors of `score`.
pub fn permutation_importance<X: Tensor, E>(
    x: &[X],
    repeats: usize,
    rng: &mut Rng,
    mut score: impl FnMut(&[X]) -> Result<f64, E>,
) -> Result<Vec<Importance>, E> {
    let intact = score(x)?;
    let mut shuffled = x.to_vec();
    let mut importances = Vec::with_capacity(X::LEN);
    for feature in 0..X::LEN {
        let mut decreases = vec![0.0; repeats.max(1)];
        for decrease in &mut decreases {
            let order = Permutation::new(x.len(), rng);
            replace(&mut shuffled, feature, |row| X::flat(&x[order.get(row)..])[feature]);
            *decrease = intact - score(&shuffled)?;
        }
        replace(&mut shuffled, feature, |row| X::flat(&x[row..])[feature]);
        importances.push(Importance { decreases });
    }
    Ok(importances)
}

/// Sets `feature` of each row.
fn replace<X: Tensor>(rows: &mut [X], feature: usize, value: impl Fn(usize) -> X::Element) {
    for (row, values) in X::flat_mut(rows).chunks_exact_mut(X::LEN).enumerate() {
        values[feature] = value(row);
    }
}

/// Computes the partial dependence of an output on a feature (Friedman 2001): for each value of `grid`, the mean output
/// over the samples `x` with `feature` set to that value. `feature` is an index from 0, in row-major order.
///
/// With the feature `rayon`, it uses all cores if there is enough to do.
///
/// ```
/// use shiplap::{explain::{Target, partial_dependence}, prelude::*};
///
/// let mut net = Dense::<2, 1, Linear>::zeroed();
/// net.kernel = [[3.0], [10.0]];
/// let x = [[5.0, 0.0], [7.0, 1.0]];
/// assert_eq!(partial_dependence(&net, &x, 0, &[0.0, 1.0], Target::Prediction(0))?, [5.0, 8.0]);
/// # Ok::<(), shiplap::explain::ExplainError>(())
/// ```
///
/// # Errors
///
/// Returns an error if there are no samples, the feature or the output does not exist, an input, a value of the
/// grid or an output is NaN or infinite as an element of the network, or the network has no output for such a number.
pub fn partial_dependence<N: Layer, X: Sample<N>>(
    network: &N,
    x: &[X],
    feature: usize,
    grid: &[f64],
    target: Target,
) -> Result<Vec<f64>, ExplainError> {
    let output = target.check::<N>()?;
    let x = X::rows(x);
    check_feature(x, feature)?;
    if grid.iter().any(|value| !N::Element::from_f64(*value).is_finite()) {
        return Err(ExplainError::Input);
    }
    let logits = matches!(target, Target::Logit(_));
    let mut means = vec![0.0; grid.len()];
    let operations = N::MACS.saturating_mul(x.len());
    on_all_cores(Points { grid, means: &mut means }, 1, operations, &|Points { grid, means }| {
        for (&value, mean) in grid.iter().zip(means) {
            *mean = dispatch(Mean { network, x, feature, value, output, logits });
        }
    });
    match grid.iter().zip(&means).find(|(_, mean)| !mean.is_finite()) {
        None => Ok(means),
        Some((value, _)) => Err(invalid::<N>(x, feature, *value)),
    }
}

/// The mean output at each point of a grid.
struct Points<'a> {
    grid: &'a [f64],
    means: &'a mut [f64],
}

impl Rows for Points<'_> {
    fn rows(&self) -> usize {
        self.grid.len()
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let ((grid, more_grid), (means, more_means)) = (self.grid.split_at(rows), self.means.split_at_mut(rows));
        (Self { grid, means }, Self { grid: more_grid, means: more_means })
    }
}

/// The reason for an output that is not finite.
fn invalid<N: Layer>(x: &[N::Input], feature: usize, value: f64) -> ExplainError {
    let mut changed = N::Input::zeroed_box();
    let found = x.iter().find_map(|x| {
        let numbers = Tensor::flat_mut(core::slice::from_mut(&mut *changed));
        numbers.copy_from_slice(Tensor::flat(core::slice::from_ref(x)));
        numbers[feature] = N::Element::from_f64(value);
        N::invalid(&changed)
    });
    found.map_or(ExplainError::NotFinite, ExplainError::Invalid)
}

fn check_feature<X: Tensor>(x: &[X], feature: usize) -> Result<(), ExplainError> {
    if feature >= X::LEN {
        return Err(ExplainError::Feature { feature, features: X::LEN });
    }
    if x.is_empty() {
        return Err(ExplainError::Empty);
    }
    check_input(x)
}

/// The batch size.
const ROWS: usize = 8;

struct Mean<'a, N: Layer> {
    network: &'a N,
    x: &'a [N::Input],
    feature: usize,
    value: f64,
    output: usize,
    logits: bool,
}

impl<N: Layer> Work for Mean<'_, N> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let Self { network, x, feature, value, output, logits } = self;
        let (mut inputs, mut outputs) = (<[N::Input; ROWS]>::zeroed_box(), <[N::Output; ROWS]>::zeroed_box());
        let mut sum = 0.0;
        for x in x.chunks(ROWS) {
            let (inputs, outputs) = (&mut inputs[..x.len()], &mut outputs[..x.len()]);
            inputs.copy_from_slice(x);
            replace(inputs, feature, |_| N::Element::from_f64(value));
            forward::<S, Logits, N, ROWS, ON_THE_STACK>(simd, network, inputs, outputs);
            if !logits {
                N::Head::finish::<S, Logits, _>(simd, outputs);
            }
            sum += outputs.iter().map(|row| Tensor::flat(core::slice::from_ref(row))[output].to_f64()).sum::<f64>();
        }
        sum / x.len() as f64
    }
}

/// Returns `points` evenly spaced values of `feature`, from its 5 % to its 95 % quantile in `x`. This range excludes
/// outliers.
///
/// ```
/// let x: Vec<[f64; 1]> = (0..=100).map(|n| [f64::from(n)]).collect();
/// assert_eq!(shiplap::explain::quantile_grid(&x, 0, 3)?, [5.0, 50.0, 95.0]);
/// # Ok::<(), shiplap::explain::ExplainError>(())
/// ```
///
/// # Errors
///
/// Returns an error if there are no samples, the feature does not exist, or an input is NaN or infinite.
pub fn quantile_grid<X: Tensor>(x: &[X], feature: usize, points: usize) -> Result<Vec<f64>, ExplainError> {
    check_feature(x, feature)?;
    let mut values: Vec<f64> = X::flat(x).iter().skip(feature).step_by(X::LEN).map(|value| value.to_f64()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (below, above) = (values[place as usize], values[(place as usize + 1).min(values.len() - 1)]);
        between(below, above, place - libm::floor(place))
    };
    let (first, last) = (quantile(0.05), quantile(0.95));
    let steps = points.saturating_sub(1).max(1) as f64;
    Ok((0..points).map(|point| between(first, last, point as f64 / steps)).collect())
}

/// The number at this share of the way from one number to another, whose distance may be infinite.
fn between(from: f64, to: f64, share: f64) -> f64 {
    let distance = to - from;
    if distance.is_finite() { from + share * distance } else { (1.0 - share) * from + share * to }
}
