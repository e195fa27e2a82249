//! Measures instructions and stack, prints them, and checks them against the limits that the library states. On a PC,
//! nothing is measured.

use shiplap::prelude::*;

use crate::{Outcome, console::show, ensure};

#[cfg(target_os = "none")]
use crate::chip::{Counter, Stack};

/// The maximum size of the stack frames of a prediction, in addition to the activations.
const PREDICTION_FRAMES: usize = 704;
/// The maximum size of the stack frames of training, in addition to the trainer and the activations of predictions and of
/// frozen layers.
const TRAINING_FRAMES: usize = 1536;

/// Prints the size of the weights of a network. `.ci/device` compares it with the symbol table.
pub fn weights<N: Network>() {
    show("weights", N::BYTES as u32, "bytes");
}

/// Measures a prediction.
///
/// # Errors
///
/// Returns an error if it takes more stack than the activations and [`PREDICTION_FRAMES`].
pub fn prediction<N: Network>(network: &N, sample: &N::Input) -> Outcome {
    let (_, stack) = of("prediction", || network.predict(sample));
    ensure(stack <= N::ACTIVATIONS + PREDICTION_FRAMES, "prediction took too much stack")
}

/// Measures the stack of a training run, including the trainer of `trainer` bytes on the stack, and predictions.
///
/// # Errors
///
/// Returns an error if it takes more stack than the trainer, the activations and [`TRAINING_FRAMES`], and the errors of
/// `work`.
pub fn training<N: Network>(trainer: usize, work: impl FnOnce() -> Outcome) -> Outcome {
    show("trainer", trainer as u32, "bytes");
    let (outcome, cost) = measure(work);
    outcome?;
    if let Some(Cost { stack, .. }) = cost {
        show("training", stack, "bytes of stack");
        ensure(stack as usize <= trainer + N::ACTIVATIONS + TRAINING_FRAMES, "training took too much stack")?;
    }
    Ok(())
}

/// Measures a training step.
///
/// # Errors
///
/// Returns an error if it takes more stack than the activations and [`TRAINING_FRAMES`], or fails.
pub fn step<N: Network>(work: impl FnOnce() -> Result<f64, TrainError>) -> Outcome {
    let (result, stack) = of("step", work);
    ensure(stack <= N::ACTIVATIONS + TRAINING_FRAMES, "a step took too much stack")?;
    result.map(drop).map_err(|_| "a step failed")
}

/// Measures and prints the cost of `work`. Returns its result and the maximum stack.
pub fn of<R>(name: &str, work: impl FnOnce() -> R) -> (R, usize) {
    let (result, cost) = measure(work);
    let Some(Cost { instructions, stack }) = cost else { return (result, 0) };
    show(name, instructions, "instructions");
    show(name, stack, "bytes of stack");
    (result, stack as usize)
}

struct Cost {
    instructions: u32,
    stack: u32,
}

#[cfg(target_os = "none")]
fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<Cost>) {
    let (painted, counter) = (Stack::paint(), Counter::start());
    let result = not_inlined(work);
    let instructions = counter.read();
    (result, Some(Cost { instructions, stack: painted.used() }))
}

#[cfg(not(target_os = "none"))]
fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<Cost>) {
    (not_inlined(work), None)
}

/// Calls `work` in a stack frame below that of the measurement.
#[inline(never)]
fn not_inlined<R>(work: impl FnOnce() -> R) -> R {
    work()
}
