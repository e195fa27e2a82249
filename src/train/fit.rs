//! The options of a fit.

use core::ops::RangeInclusive;

use super::TrainError;
use crate::rounding::whole;

/// The options of [`Trainer::fit`](super::Trainer::fit): the number of epochs and the validation data.
///
/// ```
/// use shiplap::prelude::*;
///
/// let (x, y) = ([[1.0f32], [2.0], [3.0], [4.0]], [[2.0f32], [4.0], [6.0], [8.0]]);
/// let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.01), 1);
/// let last = trainer.fit(&x, &y, Fit::epochs(10).validation_split(0.25))?;
/// assert_eq!(last.epoch, 10);
/// assert!(last.validation.is_some());
/// # Ok::<(), TrainError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a, X, Y> {
    epochs: usize,
    done: usize,
    pub(super) shuffle: bool,
    validation: Validation<'a, X, Y>,
}

#[derive(Clone, Copy, Debug)]
enum Validation<'a, X, Y> {
    None,
    Of(&'a [X], &'a [Y]),
    Share(f64),
}

impl<'a, X, Y> Fit<'a, X, Y> {
    /// Trains on all data `epochs` times, in a new random order each time. `epochs` must be at least 1. Each fit counts
    /// its epochs from 1, unless [`from_epoch`](Self::from_epoch) continues the count of another.
    pub const fn epochs(epochs: usize) -> Self {
        Self { epochs, done: 0, shuffle: true, validation: Validation::None }
    }

    /// Skips the first `done` epochs, which were trained before the run was resumed. The remaining epochs keep their
    /// numbers; there must be at least one.
    #[must_use]
    pub const fn from_epoch(self, done: usize) -> Self {
        Self { done, ..self }
    }

    /// Evaluates these samples after each epoch. This replaces a [validation split](Self::validation_split).
    ///
    /// The loss on them excludes penalties, which the training loss includes. (In Keras, both include them.)
    #[must_use]
    pub const fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Validation::Of(x, y), ..self }
    }

    /// Holds out the last `share` of the data, in [0, 1), and evaluates it after each epoch. The number of samples is
    /// rounded down, and must be at least 1 unless the share is 0. This replaces
    /// [validation samples](Self::validation).
    #[must_use]
    pub const fn validation_split(self, share: f64) -> Self {
        Self { validation: Validation::Share(share), ..self }
    }

    /// Sets whether the order of samples is random, as it is by default.
    #[must_use]
    pub const fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }
}

/// The inputs and labels for training and for validation.
pub(super) type Split<'a, X, Y> = (&'a [X], &'a [Y], Option<(&'a [X], &'a [Y])>);

impl<'a, X, Y> Fit<'a, X, Y> {
    /// The numbers of the epochs; at least one epoch.
    pub(super) fn numbers(&self) -> Result<RangeInclusive<usize>, TrainError> {
        let Self { epochs, done, .. } = *self;
        if done < epochs { Ok(done + 1..=epochs) } else { Err(TrainError::NoEpochs { epochs, done }) }
    }

    pub(super) fn split(&self, x: &'a [X], y: &'a [Y]) -> Result<Split<'a, X, Y>, TrainError> {
        let share = match self.validation {
            Validation::None => return Ok((x, y, None)),
            Validation::Of(held_x, held_y) => return Ok((x, y, Some((held_x, held_y)))),
            Validation::Share(0.0) => return Ok((x, y, None)),
            Validation::Share(share) => share,
        };
        let held_out = whole(share * x.len() as f64);
        if !(0.0..1.0).contains(&share) || held_out == 0 || held_out == x.len() {
            return Err(TrainError::Split { samples: x.len() });
        }
        let ((x, held_x), (y, held_y)) = (x.split_at(x.len() - held_out), y.split_at(y.len() - held_out));
        Ok((x, y, Some((held_x, held_y))))
    }
}
