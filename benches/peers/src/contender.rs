//! The interface of a contender: a library with a network, ready to train and predict.

/// A library that solves one problem.
pub trait Contender {
    /// Trains for `steps` steps of forward, loss, backward and Adam. Returns the loss before the last update.
    fn train(&mut self, steps: usize) -> f32;

    /// Predicts one sample `times` times. Returns the first element of the prediction.
    fn predict_one(&mut self, times: usize) -> f32;

    /// Like [`predict_one`](Self::predict_one), for a batch of [`MANY`] samples.
    fn predict_many(&mut self, times: usize) -> f32;
}

/// The batch size of [`Contender::predict_many`].
pub const MANY: usize = 64;
