//! How long to train, and with what.

use core::ops::RangeInclusive;

use super::TrainError;

/// How long and with what to fit.
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
    /// Goes over the data `epochs` times, at least once, in a new random order each time. Epochs are counted from 1 in
    /// each fit; [`from_epoch`](Self::from_epoch) has them go on from the last.
    pub const fn epochs(epochs: usize) -> Self {
        Self { epochs, done: 0, shuffle: true, validation: Validation::None }
    }

    /// Leaves out the first `done` epochs, which a training that is gone on with has had: the others, of which there is at
    /// least one, keep their numbers.
    #[must_use]
    pub const fn from_epoch(self, done: usize) -> Self {
        Self { done, ..self }
    }

    /// Evaluates these samples after each epoch. It takes the place of a [share held out](Self::validation_split).
    ///
    /// The loss on them is without the penalties, which the loss in training includes. (In Keras both include them.)
    #[must_use]
    pub const fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Validation::Of(x, y), ..self }
    }

    /// Holds out the last `share` of the data, in [0, 1), to evaluate after each epoch. It takes the place of
    /// [samples given](Self::validation). Unless it is 0, it must come to at least one sample.
    #[must_use]
    pub const fn validation_split(self, share: f64) -> Self {
        Self { validation: Validation::Share(share), ..self }
    }

    /// Whether the order is random (as it is by default).
    #[must_use]
    pub const fn shuffle(self, shuffle: bool) -> Self {
        Self { shuffle, ..self }
    }
}

/// Inputs and labels to train on, and those to evaluate.
pub(super) type Split<'a, X, Y> = (&'a [X], &'a [Y], Option<(&'a [X], &'a [Y])>);

impl<'a, X, Y> Fit<'a, X, Y> {
    /// The numbers of the epochs, at least one.
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
        let held_out = (share * x.len() as f64) as usize;
        if !(0.0..1.0).contains(&share) || held_out == 0 {
            return Err(TrainError::Split { samples: x.len() });
        }
        let ((x, held_x), (y, held_y)) = (x.split_at(x.len() - held_out), y.split_at(y.len() - held_out));
        Ok((x, y, Some((held_x, held_y))))
    }
}
