//! Who takes part, and what is asked of them. To add one: a file, its `mod` line in `main.rs`, and a line here.

use crate::{by_hand, in_burn, in_candle, in_dfdx, in_shiplap, workload::Problem};

/// One library at work on one problem.
pub trait Contender {
    /// Trains `steps` steps: forward, loss, backward, Adam. Gives the loss that the last step started from.
    fn train(&mut self, steps: usize) -> f32;

    /// Predicts one sample `times` times. Gives the first number of the prediction.
    fn predict_one(&mut self, times: usize) -> f32;

    /// Like [`predict_one`](Self::predict_one), but for [`MANY`] samples at once.
    fn predict_many(&mut self, times: usize) -> f32;
}

/// How many samples [`Contender::predict_many`] predicts.
pub const MANY: usize = 64;

/// Makes a contender that starts from the problem's weights.
pub type Start = fn(&Problem) -> Box<dyn Contender>;

pub const CONTENDERS: [(&str, Start); 5] = [
    ("shiplap", in_shiplap::start),
    ("dfdx", in_dfdx::start),
    ("burn", in_burn::start),
    ("candle", in_candle::start),
    ("matrixmultiply", by_hand::start),
];
