//! Who trains the steps of a rung.

use std::vec::Vec;

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};

use super::{
    SearchError,
    plan::Step,
    step::{Order, Trained},
};

/// Everyone who trains the steps of a rung.
pub(super) trait Crew {
    /// Trains all steps, and passes each to `finish` when it is trained. The steps are prepared as late as possible.
    fn share(
        &self,
        steps: Vec<Step>,
        prepare: &(impl Fn(Step) -> Result<Order, SearchError> + Sync),
        train: &(impl Fn(Order) -> Result<Trained, SearchError> + Sync),
        finish: &(impl Fn(Trained) -> Result<(), SearchError> + Sync),
    ) -> Result<(), SearchError>;
}

/// The threads of this process.
pub(super) struct Alone;

impl Crew for Alone {
    fn share(
        &self,
        steps: Vec<Step>,
        prepare: &(impl Fn(Step) -> Result<Order, SearchError> + Sync),
        train: &(impl Fn(Order) -> Result<Trained, SearchError> + Sync),
        finish: &(impl Fn(Trained) -> Result<(), SearchError> + Sync),
    ) -> Result<(), SearchError> {
        // One thread after the other takes the next step: a long one does not hold up those behind it.
        steps.into_iter().par_bridge().try_for_each(|step| finish(train(prepare(step)?)?))
    }
}
