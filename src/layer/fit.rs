//! What fits after what: traits whose only purpose is a compile error at the layer, with both shapes.

use super::Layer;
use crate::{Tensor, message::Message};

/// A sample that the network `N` takes: `Taken` is the network's input. The bound is on the sample, so that the compiler
/// knows its width before it asks whether it fits, and names both.
#[diagnostic::on_unimplemented(
    message = "the network takes samples `{Taken}`, these are `{Self}`",
    label = "a sample for this network is `{Taken}`",
    note = "the network is `{N}`",
    note = "samples are fixed-size arrays: a `Vec` or slice becomes one by `try_into`"
)]
pub trait Sample<N: Layer, Taken = <N as Layer>::Input>: Tensor {
    /// These samples as inputs of the network.
    fn rows(samples: &[Self]) -> &[Taken];
}

#[diagnostic::do_not_recommend]
impl<N: Layer, X: Tensor> Sample<N, X> for X {
    #[inline(always)]
    fn rows(samples: &[X]) -> &[X] {
        samples
    }
}

/// A layer that takes `Taken` and is given the same type. Generated code asks for it where two layers meet.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit: it takes `{Taken}`, and is given `{Given}`",
    label = "takes `{Taken}`, is given `{Given}`"
)]
pub trait Fits<Given, Taken>: Layer {
    /// `()`: a type to name where only the compiler's answer is wanted.
    type Met;

    /// Rows on their way into the layer.
    fn rows_into(rows: &[Given]) -> &[Taken];

    /// Their gradients on the way back.
    fn gradient_into(rows: &mut [Given]) -> &mut [Taken];
}

#[diagnostic::do_not_recommend]
impl<L: Layer, X> Fits<X, X> for L {
    type Met = ();

    #[inline(always)]
    fn rows_into(rows: &[X]) -> &[X] {
        rows
    }

    #[inline(always)]
    fn gradient_into(rows: &mut [X]) -> &mut [X] {
        rows
    }
}

/// A layer that takes the output of the layer `L`, for bounds in generated code. The compiler recognizes a bound that names
/// the layer before it has worked out the layer's output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit after `{L}`",
    label = "`{Self}` does not take the output of `{L}`"
)]
pub trait After<L: Layer>: Layer<Input = L::Output, Element = L::Element> {}

#[diagnostic::do_not_recommend]
impl<L: Layer, A: Layer<Input = L::Output, Element = L::Element>> After<L> for A {}

/// A layer whose output the layer `L` takes, where `L` is known: a bound on `L` would hide what is known of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit before `{L}`",
    label = "`{Self}` does not output what `{L}` takes"
)]
pub trait Before<L: Layer>: Layer<Output = L::Input, Element = L::Element> {}

#[diagnostic::do_not_recommend]
impl<B: Layer, L: Layer<Input = B::Output, Element = B::Element>> Before<L> for B {}

/// Whether there is something to train.
pub const fn learns<Trainable>() -> bool {
    size_of::<Trainable>() > 0
}

/// Does not compile if a layer has this [fault](Layer::FAULT), with the error at the caller.
#[track_caller]
pub const fn assert_sound(fault: &Option<Message>) {
    if let Some(fault) = fault {
        panic!("{}", fault.as_str());
    }
}

/// The first of the layers' faults.
pub const fn first_fault(faults: &[Option<Message>]) -> Option<Message> {
    let mut index = 0;
    while index < faults.len() {
        if faults[index].is_some() {
            return faults[index];
        }
        index += 1;
    }
    None
}
