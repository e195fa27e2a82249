//! Traits that check whether consecutive layers fit. Their only purpose is a compile error at the layer, with both
//! shapes.

use core::marker::PhantomData;

use super::{Layer, Parameters, Unfit};
use crate::{
    Tensor,
    kernel::{Form, cast_rows, cast_rows_mut},
    message::Message,
    zeroed::ON_THE_STACK,
};

/// A sample that the network `N` takes; `Taken` is the input of the network. The bound is on the type of the sample, so
/// that the compiler knows its width before it checks the fit, and the error names both types.
#[diagnostic::on_unimplemented(
    message = "the network takes samples `{Taken}`, these are `{Self}`",
    label = "a sample for this network is `{Taken}`",
    note = "the network is `{N}`",
    note = "samples are fixed-size arrays: a `Vec` or slice becomes one by `try_into`"
)]
pub trait Sample<N: Layer, Taken = <N as Layer>::Input>: Tensor {
    /// The samples as inputs of the network.
    fn rows(samples: &[Self]) -> &[Taken];
}

#[diagnostic::do_not_recommend]
impl<N: Layer, X: Tensor> Sample<N, X> for X {
    #[inline(always)]
    fn rows(samples: &[X]) -> &[X] {
        samples
    }
}

/// A layer that takes the output of the layer `L`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not take the output of `{L}` before it",
    label = "the shapes of two layers of this network differ",
    note = "`#[network]` above the type alias of a network shows the layer and both shapes"
)]
pub trait After<L: Layer>: Layer {}

#[diagnostic::do_not_recommend]
impl<L: Layer, A: Layer<Input = L::Output>> After<L> for A {}

/// A layer with the same element type as `L`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds other numbers than `{L}`",
    label = "the layers of a network are all of `f32`, or all of `f64`"
)]
pub trait SameElement<L: Parameters>: Parameters<Element = L::Element> {}

#[diagnostic::do_not_recommend]
impl<L: Parameters, A: Parameters<Element = L::Element>> SameElement<L> for A {}

/// Passes rows from one layer to the next, which must take rows of the same shape. Otherwise, the program does not
/// compile.
#[inline(always)]
pub fn pass<Given: Tensor, Taken: Tensor>(rows: &[Given]) -> &[Taken] {
    const { assert_same_shape::<Given, Taken>() };
    cast_rows(rows)
}

/// The mutable version of [`pass`], for gradients on the way back.
#[inline(always)]
pub fn pass_mut<Given: Tensor, Taken: Tensor>(rows: &mut [Given]) -> &mut [Taken] {
    const { assert_same_shape::<Given, Taken>() };
    cast_rows_mut(rows)
}

const fn assert_same_shape<Given: Tensor, Taken: Tensor>() {
    if !Given::FORM.is(&Taken::FORM) {
        let message = Taken::FORM.written(Message::new().text("a layer takes `"));
        let message = Given::FORM.written(message.text("`, but the layer before it outputs `"));
        panic!("{}", message.text("`").as_str());
    }
}

/// A layer in the declaration of a network. The only implementation is the one for all layers, so that the error for
/// another type lists no candidates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "an activation is part of a layer, `Dense<10, 10, Relu>`, or by itself `Activate<Relu, [f32; 10]>`; a layer without its output needs the input of the network, `#[network(input = ..)]`; a layer of your own has `#[derive(Layer)]` and implements `SimpleLayer`"
)]
pub trait InNetwork {
    /// The layer's [fault](Layer::FAULT).
    const FAULT: Option<Message>;
    /// The name, input and output of the layer.
    const SHAPES: Shapes;
}

#[diagnostic::do_not_recommend]
impl<L: Layer> InNetwork for L {
    const FAULT: Option<Message> = <L as Layer>::FAULT;
    const SHAPES: Shapes = Shapes {
        kind: L::KIND,
        input: L::Input::FORM,
        output: L::Output::FORM,
        is_step: false,
        takes_whole: L::TAKES_WHOLE,
        keeps_whole: L::KEEPS_WHOLE,
    };
}

/// The name of a layer, with its input and output, and whether they are whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Shapes {
    kind: Message<64>,
    input: Form,
    output: Form,
    /// Whether it stands for a step of the input of `TimeDistributed`.
    is_step: bool,
    takes_whole: bool,
    keeps_whole: bool,
}

impl Shapes {
    /// The description of the input `X` of a network, as if it were the output of a layer.
    pub const fn of_input<X: Tensor>() -> Self {
        Self::given(X::FORM, false)
    }

    /// The description of the first axis of `X` as if each of its items were the output of a layer.
    pub const fn of_step<X: Tensor>() -> Self {
        Self::given(X::Row::FORM, true)
    }

    const fn given(form: Form, is_step: bool) -> Self {
        Self { kind: Message::new(), input: form, output: form, is_step, takes_whole: false, keeps_whole: true }
    }
}

/// The reason why the layer `after` cannot follow `before`, or `None` if they fit.
pub const fn misfit(before: &Shapes, after: &Shapes) -> Option<Message> {
    let (given, taken) = (&before.output, &after.input);
    if given.is(taken) {
        return not_whole(&[*before, *after]);
    }
    let message = taken.written(Message::naming(after.kind.as_str()).text("takes `"));
    let message = match before.kind.is_empty() {
        true if before.is_step => message.text("`, but a step of the sequence is `"),
        true => message.text("`, but the input of the network is `"),
        false => message.text("`, but `").text(before.kind.as_str()).text("` before it outputs `"),
    };
    let message = given.written(message).text("`");
    Some(if given.members().is_some() {
        message.text(": `First` and `Second` output its members")
    } else if given.axes().len() > 1 && taken.axes().len() == 1 && given.length() == taken.length() {
        message.text(": put `Flatten` between them")
    } else if outputs_a_vector(before) && taken.axes().len() == 2 && taken.axes()[1] == given.length() {
        message.text(LAST_STATE)
    } else if given.has_other_numbers(taken) {
        message.text(": the element type is a parameter, as in `Dense<_, 2, Linear, f64>`")
    } else {
        message
    })
}

const LAST_STATE: &str = ": a recurrent layer outputs its last state only, unless you write `AllStates`";

/// The fault of a layer that is given the output of `before`, with the cure if `before` outputs one vector for a series,
/// but the layer takes a series.
pub const fn given_by(before: &Shapes, fault: Option<Message>) -> Option<Message> {
    match fault {
        Some(fault) if fault.is_about_a_series() && outputs_a_vector(before) => {
            let message = fault.text(" by `").text(before.kind.as_str()).text("` before it");
            Some(if before.input.members().is_some() {
                message.text(", which outputs one step: put this layer into it")
            } else {
                message.text(LAST_STATE)
            })
        }
        fault => fault,
    }
}

/// Whether the layer outputs a vector for a series, other than its numbers.
const fn outputs_a_vector(layer: &Shapes) -> bool {
    let takes_a_series = match layer.input.members() {
        Some([series, length]) => series.axes().len() == 2 && length.axes().is_empty(),
        None => layer.input.axes().len() == 2,
    };
    takes_a_series && layer.output.axes().len() == 1 && layer.output.length() != layer.input.length()
}

/// The fault of the first of consecutive layers that takes whole numbers after a layer that does not keep them.
pub const fn not_whole(layers: &[Shapes]) -> Option<Message> {
    let (mut changes, mut index) = (None, 0);
    while index < layers.len() {
        let layer = &layers[index];
        match changes {
            Some(&Shapes { kind, .. }) if layer.takes_whole => {
                let message = Message::naming(layer.kind.as_str()).text("takes whole numbers, but `");
                let message = message.text(kind.as_str()).text("` before it changes the numbers of its input");
                let message = message.text(": put it first; a layer of your own that outputs whole numbers sets ");
                return Some(message.text("`KEEPS_WHOLE`"));
            }
            _ if !layer.keeps_whole => changes = Some(layer),
            _ => {}
        }
        index += 1;
    }
    None
}

/// Whether the first of consecutive layers that does not keep whole numbers, or one before it, takes only those.
pub const fn takes_whole(layers: &[Shapes]) -> bool {
    let mut index = 0;
    while index < layers.len() && !layers[index].takes_whole {
        if !layers[index].keeps_whole {
            return false;
        }
        index += 1;
    }
    index < layers.len()
}

/// A network declared with `#[network]`, with the input `X`: it stands for `N` if its layers fit.
#[derive(Debug)]
pub struct Declared<N, X, const FITS: bool>(PhantomData<(N, X)>);

/// Maps a declared network to the type that stands for it.
pub trait Declaration {
    /// `N` or, if its layers do not fit, a type that causes no errors besides the one at the declaration.
    type Network;
}

impl<N, X> Declaration for Declared<N, X, true> {
    type Network = N;
}

impl<N: Layer, X: Tensor<Element = N::Element>> Declaration for Declared<N, X, false> {
    type Network = Unfit<N, X>;
}

/// Whether there are trainable parameters.
pub const fn learns<Trainable>() -> bool {
    size_of::<Trainable>() > 0
}

/// Does not compile if there is a [fault](Layer::FAULT). The error points to the caller.
#[track_caller]
pub const fn assert_sound(fault: &Option<Message>) {
    if let Some(fault) = fault {
        panic!("{}", fault.as_str());
    }
}

/// Does not compile if a copy of `N` on the stack would be too large.
pub const fn assert_fits_stack<N>() {
    assert!(
        size_of::<N>() <= ON_THE_STACK,
        "this layer is too large to be cloned on the stack (over 256 KiB): clone the network with `Network::boxed_clone`"
    );
}

/// The first fault of several layers.
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
