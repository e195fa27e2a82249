//! Comparison of gradients, and the error for the first number that differs.

use core::fmt;
use std::string::String;

use super::differences::is_double;
use crate::kernel::Element;

/// The first wrong number that a check found: a gradient that differs from finite differences or depends on how it is
/// computed, or an output of `record` that differs from that of `forward`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    pub(super) number: Number,
    pub(super) found: f64,
    pub(super) expected: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Input {
        sample: usize,
        index: usize,
    },
    Parameter(Place),
    Again(Place),
    Output {
        index: usize,
    },
    /// The number of labels is not that of the outputs.
    Labels,
}

/// A number in a parameter, with the name of the parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub name: String,
    pub index: usize,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, found, expected } = self;
        match number {
            Number::Input { sample, index } => write!(
                formatter,
                "the gradient for input {index} of sample {sample} is {found}, but differences give {expected}: check \
                 `backward`, or the derivative of the activation (with `SaveNothing`, its `x` is `y`) or loss"
            ),
            Number::Again(Place { name, index }) => write!(
                formatter,
                "the gradient for number {index} of `{name}` is {found} where `backward_batch` gets no `dx` and the gradient was not \
                 0, else {expected}: `gradient_batch` replaces the gradient, and `dy` is that of the logits either way"
            ),
            Number::Parameter(Place { name, index }) => write!(
                formatter,
                "the gradient for number {index} of `{name}` is {found}, but differences give {expected}: check `gradient`"
            ),
            Number::Labels => {
                write!(
                    formatter,
                    "{found} labels, but {expected} outputs: pass at least one output, and one label for each"
                )
            }
            Number::Output { index } => write!(
                formatter,
                "number {index} of the outputs is {found} by `record`, but {expected} by `forward`: they must agree at \
                 inference"
            ),
        }
    }
}

impl core::error::Error for Mismatch {}

pub(super) fn compare<T: Element>(
    found: &[f64],
    expected: &[f64],
    number: impl Fn(usize) -> Number,
) -> Result<(), Mismatch> {
    let (tolerance, floor) = if is_double::<T>() { (1e-6, 1e-5) } else { (3e-2, 1e-2) };
    let floor = floor * expected.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let size = found.abs().max(expected.abs()).max(floor).max(f64::MIN_POSITIVE);
        let distance = (found - expected).abs();
        // NaN and infinity are not within any tolerance.
        if !distance.is_finite() || distance > tolerance * size {
            return Err(Mismatch { number: number(index), found, expected });
        }
    }
    Ok(())
}
