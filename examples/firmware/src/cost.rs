//! What a piece of work costs, shown as lines and held to what the library says. On the PC it is only done.

use shiplap::prelude::*;

use crate::{Outcome, console::show, ensure};

#[cfg(target_os = "none")]
use crate::chip::{Counter, Stack};

/// What the frames of functions may take of the stack beside the activations or the trainer.
const PREDICTING: usize = 704;
const TRAINING: usize = 1536;

/// Shows the bytes of a network's weights. The linker's table of symbols should say the same.
pub fn weights<N: Network>() {
    show("weights", N::BYTES as u32, "bytes");
}

/// Predicts, and shows the instructions of it and the most stack it used.
///
/// # Errors
///
/// When that is more than the activations and [what is allowed](PREDICTING) beside them.
pub fn prediction<N: Network>(network: &N, sample: &N::Input) -> Outcome {
    let (_, stack) = of("prediction", || network.predict(sample));
    ensure(stack <= N::ACTIVATIONS + PREDICTING, "predicting took more stack than it may")
}

/// Does `work` with a trainer of so many bytes on the stack, and shows the most stack it used.
///
/// # Errors
///
/// When that is more than the trainer and [what is allowed](TRAINING) beside it; and those of `work`.
pub fn training(trainer: usize, work: impl FnOnce() -> Outcome) -> Outcome {
    show("trainer", trainer as u32, "bytes");
    let (outcome, cost) = measure(work);
    outcome?;
    if let Some(Cost { stack, .. }) = cost {
        show("training", stack, "bytes of stack");
        ensure(stack as usize <= trainer + TRAINING, "training took more stack than it may")?;
    }
    Ok(())
}

/// Does a step, and shows the instructions of it and the most stack it used.
///
/// # Errors
///
/// When that is more than [what is allowed](TRAINING), or the step failed.
pub fn step(work: impl FnOnce() -> Result<f64, TrainError>) -> Outcome {
    let (result, stack) = of("step", work);
    ensure(stack <= TRAINING, "a step took more stack than it may")?;
    result.map(drop).map_err(|_| "a step failed")
}

/// Does `work`, and shows the instructions of it and the most stack it used. Gives that, too.
pub fn of<R>(what: &str, work: impl FnOnce() -> R) -> (R, usize) {
    let (result, cost) = measure(work);
    let Some(Cost { instructions, stack }) = cost else { return (result, 0) };
    show(what, instructions, "instructions");
    show(what, stack, "bytes of stack");
    (result, stack as usize)
}

struct Cost {
    instructions: u32,
    stack: u32,
}

#[cfg(target_os = "none")]
fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<Cost>) {
    let (painted, counter) = (Stack::paint(), Counter::start());
    let result = apart(work);
    let instructions = counter.read();
    (result, Some(Cost { instructions, stack: painted.used() }))
}

#[cfg(not(target_os = "none"))]
fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<Cost>) {
    (apart(work), None)
}

/// Does work in a frame of its own, below the one it is measured from.
#[inline(never)]
fn apart<R>(work: impl FnOnce() -> R) -> R {
    work()
}
