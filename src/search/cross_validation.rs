//! The objective of a search in small data sets: the loss by cross-validation.

use core::{fmt::Debug, ops::RangeInclusive};
use std::{boxed::Box, format, string::String, vec::Vec};

use super::{Failure, Next, Objective, Row, Run, Training, Trial, training::describe_data};
use crate::{
    Tensor,
    data::{DataError, Folds},
    layer::Sample,
    loss::{Follows, Label, Loss},
    metric::{Class, Metric},
    network::Network,
    optim::Optimizer,
};

/// K-fold cross-validation of each trial: [`Training::folds`] makes it.
///
/// A trial trains one network for each fold, on the samples of the other folds, and one on all samples. The loss and
/// metrics of an epoch are the means over the folds; `val_loss`, the mean loss of the samples that a network was not
/// trained on, ranks the trials. The [weights](super::Results::weights) are those of the network of all samples, after the
/// epoch with the best mean. A trial takes the memory of all these networks, and the objective that of a copy of the
/// samples for each fold.
///
/// ```
/// use shiplap::{io, layers::Standardize, prelude::*, search::{Search, Training, candidates}};
///
/// type Small = (Dense<1, 4, Tanh>, Dense<4, 1, Linear>);
/// type Line = Dense<1, 1, Linear>;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let x: Vec<[f32; 1]> = (0..40).map(|n| [1000.0 + n as f32]).collect();
///     let y: Vec<[f32; 1]> = (0..40).map(|n| [n as f32 / 40.0]).collect();
///     let training = Training::new(MeanSquaredError, Adam::default(), &x, &y).batch_size::<8>();
///     let folds = training.folds(5, 1)?.preprocess(Standardize::fit)?;
///     let space = candidates![Small, Line].learning_rates([1e-2, 1e-1]);
///     let results = Search::epochs(30).run(&space, &folds)?;
///     let best = results.best().ok_or("all trials failed")?;
///     assert_eq!((results.quantity(), best.trial.candidate), ("val_loss", "Line"));
///
///     // The network takes preprocessed samples.
///     let mut network = (Standardize::fit(&x)?, Line::zeroed());
///     io::from_bytes(&mut network.1, results.weights().unwrap())?;
///     assert!((network.predict(&[1020.0f32])[0] - 0.5).abs() < 0.05);
///     Ok(())
/// }
/// ```
pub struct CrossValidation<'a, X, Y, L, O, const BATCH: usize = 32> {
    training: Training<'a, X, Y, L, O, BATCH>,
    folds: Vec<Fold<X, Y>>,
    all: Set<X, Y>,
}

/// The samples on which a network is trained, and those by which it is rated.
struct Fold<X, Y> {
    train: Set<X, Y>,
    test: Set<X, Y>,
}

/// Samples and their labels.
struct Set<X, Y> {
    x: Vec<X>,
    y: Vec<Y>,
}

impl<X: Clone, Y: Clone> Set<X, Y> {
    fn new(x: &[X], y: &[Y]) -> Self {
        Self { x: x.into(), y: y.into() }
    }
}

impl<'a, X: Tensor, Y: Clone, L, O: Optimizer, const BATCH: usize> Training<'a, X, Y, L, O, BATCH> {
    /// Rates each trial by cross-validation in place of validation data. The samples are shuffled and divided into `k` folds:
    /// see [`Folds::new`].
    ///
    /// # Errors
    ///
    /// Returns an error if the numbers of samples and labels differ, `k` is below 2, or there are fewer samples than
    /// folds.
    pub fn folds(self, k: usize, seed: u64) -> Result<CrossValidation<'a, X, Y, L, O, BATCH>, DataError> {
        CrossValidation::new(self, |x, y| Folds::new(x, y, k, seed))
    }

    /// Like [`folds`](Self::folds), but stratified: see [`Folds::stratified`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`folds`](Self::folds).
    pub fn stratified_folds(self, k: usize, seed: u64) -> Result<CrossValidation<'a, X, Y, L, O, BATCH>, DataError>
    where
        Y: Class,
    {
        CrossValidation::new(self, |x, y| Folds::stratified(x, y, k, seed))
    }
}

impl<'a, X: Tensor, Y: Clone, L, O: Optimizer, const BATCH: usize> CrossValidation<'a, X, Y, L, O, BATCH> {
    fn new(
        training: Training<'a, X, Y, L, O, BATCH>,
        divide: impl for<'b> FnOnce(&'b mut [X], &'b mut [Y]) -> Result<Folds<'b, X, Y>, DataError>,
    ) -> Result<Self, DataError> {
        let (x, y) = training.samples();
        let (all, mut shuffled) = (Set::new(x, y), Set::new(x, y));
        let (mut parts, mut folds) = (divide(&mut shuffled.x, &mut shuffled.y)?, Vec::new());
        while let Some((train, test)) = parts.next_fold() {
            folds.push(Fold { train: Set::new(train.x, train.y), test: Set::new(test.x, test.y) });
        }
        Ok(Self { training, folds, all })
    }

    /// Preprocesses the samples by a layer, such as [`Standardize`](crate::layers::Standardize), or by a network of
    /// several: `fit` makes it from the training samples of each fold, without those that rate it, and from all samples for
    /// the network that is trained on all.
    ///
    /// # Errors
    ///
    /// Returns the errors of `fit`.
    pub fn preprocess<P, E>(mut self, fit: impl Fn(&[X]) -> Result<P, E>) -> Result<Self, E>
    where
        P: Network<Input = X, Output = X>,
    {
        let apply = |layer: &P, set: &mut Set<X, Y>| {
            let samples = set.x.clone();
            // As many predictions as samples.
            let _ = layer.predict_batch(&samples, &mut set.x);
        };
        for Fold { train, test } in &mut self.folds {
            let layer = fit(&train.x)?;
            [train, test].into_iter().for_each(|set| apply(&layer, set));
        }
        apply(&fit(&self.all.x)?, &mut self.all);
        Ok(self)
    }
}

impl<X, Y, L, O, N, const BATCH: usize> Objective<N> for CrossValidation<'_, X, Y, L, O, BATCH>
where
    N: Network + 'static,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head> + Debug,
    O: Optimizer + Debug,
    X: Sample<N>,
    Y: Label<L, N::Output> + Debug + Sync,
{
    fn start(&self, trial: &Trial) -> Result<Box<dyn Run + '_>, Failure> {
        let Self { training, folds, all } = self;
        let folds = folds.iter().map(|Fold { train, test }| {
            let fitting = training.fitting::<N>(trial, &train.x, &train.y).validation(&test.x, &test.y);
            Box::new(fitting) as Box<dyn Run>
        });
        let all = Box::new(training.fitting::<N>(trial, &all.x, &all.y));
        Ok(Box::new(AllFolds { folds: folds.collect(), all }))
    }

    /// The description of the training, with the samples and labels of each fold.
    fn describe(&self) -> String {
        let mut text = self.training.describe_settings();
        for Fold { train, test } in &self.folds {
            let [train, test] = [train, test].map(|set| describe_data(&set.x, &set.y));
            text += &format!(", fold: training: {train}, test: {test}");
        }
        text + &format!(", all: {}", describe_data(&self.all.x, &self.all.y))
    }

    fn describe_trial(&self, trial: &Trial) -> String {
        format!("{:?}", self.training.optimizer_of(trial))
    }
}

/// The networks of a trial, which are trained in turn, epoch by epoch.
struct AllFolds<'a> {
    folds: Vec<Box<dyn Run + 'a>>,
    /// The network that is trained on all samples. It keeps the weights.
    all: Box<dyn Run + 'a>,
}

impl Run for AllFolds<'_> {
    fn train(&mut self, epochs: RangeInclusive<usize>, after: &mut dyn FnMut(&Row) -> Next) -> Result<(), Failure> {
        let share = 1.0 / self.folds.len() as f64;
        for epoch in epochs {
            let mut mean = Vec::new();
            for (index, fold) in self.folds.iter_mut().enumerate() {
                let mut add = |row: &Row| {
                    mean.resize_with(row.len(), || (String::new(), 0.0));
                    for ((mean_name, mean), (name, value)) in mean.iter_mut().zip(row) {
                        mean_name.clone_from(name);
                        *mean += share * value;
                    }
                    Next::Continue
                };
                let result = fold.train(epoch..=epoch, &mut add);
                result.map_err(|Failure(reason)| Failure(format!("fold {}: {reason}", index + 1)))?;
            }
            let next = after(&mean);
            if next == Next::Stop {
                break;
            }
            self.all.train(epoch..=epoch, &mut |_| next)?;
        }
        Ok(())
    }

    fn weights(&self) -> Result<Vec<u8>, Failure> {
        self.all.weights()
    }

    /// The states of all networks, each after its length.
    fn pause(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        for run in self.folds.iter().chain([&self.all]) {
            let state = run.pause()?;
            bytes.extend((state.len() as u64).to_le_bytes());
            bytes.extend(state);
        }
        Ok(bytes)
    }

    fn resume(&mut self, state: &[u8]) -> Result<(), Failure> {
        let mut rest = state;
        for run in self.folds.iter_mut().chain([&mut self.all]) {
            let (length, states) = rest.split_first_chunk().ok_or("the state is cut off")?;
            let length = usize::try_from(u64::from_le_bytes(*length))?;
            let (state, others) = states.split_at_checked(length).ok_or("the state is cut off")?;
            run.resume(state)?;
            rest = others;
        }
        Ok(())
    }
}
