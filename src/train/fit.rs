//! How long to train, and with what.

use super::TrainError;

/// How long and with what to fit.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a, X, Y> {
    pub(super) epochs: usize,
    pub(super) done: usize,
    pub(super) shuffle: bool,
    validation: Option<(&'a [X], &'a [Y])>,
    held_out: f64,
}

impl<'a, X, Y> Fit<'a, X, Y> {
    /// Goes over the data `epochs` times, in a new random order each time.
    pub const fn epochs(epochs: usize) -> Self {
        Self { epochs, done: 0, shuffle: true, validation: None, held_out: 0.0 }
    }

    /// Leaves out the first `done` epochs, which a training that is gone on with has had: the others keep their numbers.
    #[must_use]
    pub const fn from_epoch(self, done: usize) -> Self {
        Self { done, ..self }
    }

    /// Evaluates these samples after each epoch.
    #[must_use]
    pub const fn validation(self, x: &'a [X], y: &'a [Y]) -> Self {
        Self { validation: Some((x, y)), ..self }
    }

    /// Holds out the last `share` of the data, in [0, 1), to evaluate after each epoch.
    #[must_use]
    pub const fn validation_split(self, share: f64) -> Self {
        Self { held_out: share, ..self }
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
    pub(super) fn split(&self, x: &'a [X], y: &'a [Y]) -> Result<Split<'a, X, Y>, TrainError> {
        if !(0.0..1.0).contains(&self.held_out) {
            return Err(TrainError::Split);
        }
        let held_out = (self.held_out * x.len() as f64) as usize;
        if self.validation.is_some() || held_out == 0 {
            return Ok((x, y, self.validation));
        }
        let ((x, held_x), (y, held_y)) = (x.split_at(x.len() - held_out), y.split_at(y.len() - held_out));
        Ok((x, y, Some((held_x, held_y))))
    }
}
