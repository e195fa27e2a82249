//! Layers whose shapes follow from the input of the network.

use super::Layer;
use crate::{Tensor, message::Message};

/// Stands for the output of a layer that [`#[network(input = ..)]`](macro@crate::network) works out.
#[derive(Clone, Copy, Debug)]
pub struct Inferred;

/// The number of constants from which a layer is made.
pub const MOST_EXTENTS: usize = 6;

/// A layer as it is written in a network whose input is given: a complete layer, or one whose output is [`Inferred`].
///
/// Every such layer has an implementation for every input, so that a layer that does not fit is a [`FAULT`](Self::FAULT),
/// one error at the layer, and not a missing trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "an activation is part of a layer, `Dense<_, 10, Relu>`, or by itself `Activate<Relu, _>`; a layer of your own has `#[derive(Layer)]` and implements `SimpleLayer`"
)]
pub trait Infer {
    /// The reason why the layer does not take its input, if there is one.
    const FAULT: Option<Message> = None;
    /// The arguments of [`Layer`](Self::Layer): the axes of input and output. If there is a fault, they are any that
    /// make a layer.
    const EXTENTS: [usize; MOST_EXTENTS] = [0; MOST_EXTENTS];
    /// The complete layer.
    type Layer<const A: usize, const B: usize, const C: usize, const D: usize, const E: usize, const F: usize>: Layer;
}

#[diagnostic::do_not_recommend]
impl<L: Layer> Infer for L {
    type Layer<const A: usize, const B: usize, const C: usize, const D: usize, const E: usize, const F: usize> = L;
}

/// Holds the output of a layer, as the input of the next one.
pub trait Given {
    /// The output.
    type Tensor: Tensor;
}
