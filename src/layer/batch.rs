//! Layers as formulas for a batch.

use core::{any::type_name, fmt, mem::MaybeUninit};

use super::{Ending, Head, Invalid, Leaf, Operations, Outline, Parameters, Path, VisitGradient};
use crate::{
    Rng, Tensor, Zeroed,
    kernel::Simd,
    message::Message,
    zeroed::{fits_stack, large},
};

/// A function of a fixed shape whose parameters can be trained. Networks are layers, too.
///
/// For a layer of your own, implement [`SimpleLayer`](super::SimpleLayer), the formula for one sample, and derive this
/// trait with `#[derive(Layer)]`. Implement it yourself if the formula is for a whole batch, such as a matrix product,
/// and derive [`Parameters`](macro@crate::Parameters), which also implements [`Network`](crate::network::Network);
/// `src/layers/dense.rs` is an example.
///
/// A batch is a slice of rows, `&[Self::Input]`. In the methods, `B` is the maximum number of rows, which only
/// determines the size of storage. `simd` is the instruction set in use, to be passed on to kernels. Mark the methods
/// `#[inline(always)]`, so that they are compiled for each instruction set as part of their caller.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "a network is a layer, a tuple of 1 to 16 layers, or a struct with `#[derive(Network)]`"
)]
pub trait Layer: Parameters {
    /// One sample of the input.
    type Input: Tensor<Element = Self::Element>;
    /// The output for one sample.
    type Output: Tensor<Element = Self::Element>;
    /// The values that `record_batch` saves for `backward_batch`, for up to `B` rows.
    type Tape<const B: usize>: Zeroed;
    /// The activation at the end of the layer; [`Linear`](crate::activation::Linear) if there is none.
    type Head: Head;

    /// The number of multiply-accumulates for one sample.
    const MACS: usize = 0;
    /// The error in the constants of the layer's type, such as a width of 0, if there is one. A network with a fault
    /// does not compile.
    const FAULT: Option<Message> = None;
    /// Whether a NaN in the input stands for a missing value, as for [`Impute`](crate::layers::Impute). Otherwise, NaN
    /// is an error in training.
    const TAKES_MISSING: bool = false;
    /// Whether the layer takes only whole numbers, as [`Embedding`](crate::layers::Embedding) does. One that follows a
    /// layer which does not [keep them whole](Self::KEEPS_WHOLE) does not compile.
    const TAKES_WHOLE: bool = false;
    /// Whether the output has whole numbers if the input has, also in training, as that of
    /// [`Reshape`](crate::layers::Reshape).
    const KEEPS_WHOLE: bool = false;
    /// Whether the layer starts each `record_batch` with the state after the one before, which is in its tape, as with
    /// [`Stateful`](crate::layers::Stateful).
    const STATEFUL: bool = false;
    /// Whether a step of the output depends on later steps of the input, as with [`Reversed`](crate::layers::Reversed); by
    /// default, if one of the nested layers does so.
    const LOOKS_AHEAD: Option<bool> = None;
    /// Whether the output is the input, also in training: the layer is then left out where that saves a copy.
    #[doc(hidden)]
    const IS_IDENTITY: bool = false;
    /// The bytes of the memory inside the layer at inference, for one sample, without that of nested layers.
    const INSIDE: usize = 0;
    /// The nested layers with their tensors, activations and sizes, for files and budgets that are checked at compile
    /// time.
    const OUTLINE: Outline = Outline::of_layer(Leaf {
        kind: Self::KIND,
        tensors: Self::TENSORS,
        activation: Self::ACTIVATION,
        stateful: Self::STATEFUL,
        looks_ahead: Self::LOOKS_AHEAD,
        bytes: size_of::<Self>() - Outline::of_sequence(Self::LAYERS).bytes(),
        output: size_of::<Self::Output>(),
        inside: Self::INSIDE,
        macs: Self::MACS.saturating_sub(Outline::of_sequence(Self::LAYERS).macs()),
    })
    .with_children(Self::LAYERS);

    /// The first number of a sample for which the layer has no output, as for [`Embedding`](crate::layers::Embedding). It is
    /// an error in training and evaluation. By default, there is none.
    #[inline(always)]
    fn invalid(x: &Self::Input) -> Option<Invalid> {
        let _ = x;
        None
    }

    /// If the layer outputs a part of its input at inference: this part, and the place of its first number. A number that
    /// the next layer does not take is then [invalid](Self::invalid) in the input of this one.
    #[inline(always)]
    fn part(x: &Self::Input) -> Option<(usize, &Self::Output)> {
        let _ = x;
        None
    }

    /// `y = f(x)`, row by row, at inference: random layers are inactive, and nothing is recorded. At first, `y` may hold
    /// any numbers.
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]);

    /// Like [`forward_batch`](Self::forward_batch), for series of which only the first steps count: `lengths` are their
    /// numbers, one for each row. Only a layer in which a step depends on later ones implements it. No output of a step
    /// before the length may depend on a step after it.
    #[inline(always)]
    fn forward_padded<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[Self::Input],
        y: &mut [Self::Output],
    ) {
        let _ = lengths;
        self.forward_batch::<S, E, B>(simd, x, y);
    }

    /// Sets the lengths of the series of the next `record_batch`, as for [`forward_padded`](Self::forward_padded).
    #[inline(always)]
    fn set_lengths<const B: usize>(tape: &mut Self::Tape<B>, lengths: &[usize]) {
        let _ = (tape, lengths);
    }

    /// Computes `y = f(x)` and records the values that `backward_batch` needs in `tape`. `rng` is the random generator
    /// in training. It is `None` if the layer is to act as at inference, for example because it is frozen; random
    /// layers are then inactive.
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        y: &mut [Self::Output],
    );

    /// From `dy`, the gradient of the loss with respect to `y`, computes `dx`, the gradient with respect to `x`, unless
    /// `dx` is `None`. A layer with an activation also replaces `dy` by the gradient with respect to its logits, for
    /// the [`gradient_batch`](Self::gradient_batch) that follows.
    ///
    /// `x`, `tape` and `y` are those of the last `record_batch`.
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    );

    /// Computes the gradient of the loss with respect to the trainable parameters, from `x` and from `tape` and `dy` as
    /// `backward_batch` left them. It overwrites `gradient`. A layer without trainable parameters need not implement
    /// it.
    ///
    /// It may be called several times after a `backward_batch`, with the same result.
    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        dy: &[Self::Output],
        gradient: &mut Self::Trainable,
    ) {
        let _ = (simd, x, tape, dy, gradient);
    }

    /// Visits the gradient of each parameter as soon as it is computed, with write access to the parameter, so that
    /// training needs no memory for the gradient of the whole network. The default implementation computes the gradient
    /// of this layer on the stack, or with `std` on the heap if it is above 256 KiB.
    ///
    /// Training [in place](crate::optim::InPlace) calls it at least twice after one `backward_batch`: the visitors before
    /// the last only bound the norm.
    #[expect(clippy::too_many_arguments, reason = "those of gradient_batch, and the visitor")]
    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<Self::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[Self::Input],
        tape: &mut Self::Tape<B>,
        dy: &[Self::Output],
        state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let learn = |gradient: &mut Self::Trainable| {
            self.gradient_batch(simd, x, tape, dy, gradient);
            Self::trainable_mut(Some(self), gradient, state, path, visitor);
        };
        if const { fits_stack(size_of::<Self::Trainable>()) } {
            learn(Self::Trainable::zeroed_in(&mut MaybeUninit::uninit()));
        } else {
            learn(&mut large());
        }
    }

    /// Updates the [running statistics](super::Role::Running) after a training step, with those of the batch that
    /// `record_batch` has left in `tape`. `share` is the part of the batch that passed through this tape: 1, or less on
    /// several cores. Layers without running statistics do nothing.
    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(&mut self, simd: S, tape: &Self::Tape<B>, share: f64) {
        let _ = (simd, tape, share);
    }

    /// Describes each nested layer, for a summary.
    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        show(&Description {
            path,
            kind: format_args!("{}", Self::KIND.as_str()),
            output: Self::Output::write_shape,
            params: Self::PARAMS,
        });
    }

    /// Lists the operations of `forward_batch`, for export. A layer that does not implement it can be trained and
    /// saved, but not exported.
    fn operations<V: Operations<Self::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.other(path, const { &Self::KIND }.as_str(), format_args!("{}", type_name::<Self>()), &[]);
    }
}

/// The number of rows that may pass through layers at once if each row takes `bytes` on the stack: as many as fit into
/// an eighth of a thread's stack, or into 256 bytes on a microcontroller, and at least one.
pub(crate) const fn rows_at_once(bytes: usize) -> usize {
    const STACK: usize = if cfg!(feature = "std") { 256 * 1024 } else { 256 };
    match bytes {
        0 => STACK,
        1..=STACK => STACK / bytes,
        _ => 1,
    }
}

/// The storage between two layers of a sequence: the tape and the output of the first, and the gradient with respect to
/// that output.
#[derive(Debug)]
pub struct Link<Tape, Output, const B: usize> {
    /// The tape of the layer.
    pub tape: Tape,
    /// The output of the layer, row by row.
    pub output: [Output; B],
    /// The gradient of the loss with respect to `output`.
    pub gradient: [Output; B],
}

// SAFETY: all three fields are `Zeroed`.
unsafe impl<Tape: Zeroed, Output: Zeroed, const B: usize> Zeroed for Link<Tape, Output, B> {}

/// One line of a summary.
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    /// The position of the layer in the network.
    pub path: Path<'a>,
    /// The name of the layer's type: `Dense<10, 1, Sigmoid>`.
    pub kind: fmt::Arguments<'a>,
    /// Writes the shape of the output.
    pub output: fn(&mut dyn fmt::Write) -> fmt::Result,
    /// The number of trainable parameters.
    pub params: usize,
}

impl Description<'_> {
    /// Describes the layer `W` after its field `layer`, an `L`.
    pub(crate) fn around<W: Layer, L: Layer>(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path.join("layer"), show);
        let kind = format_args!("{}", W::KIND.as_str());
        show(&Description { path, kind, output: W::Output::write_shape, params: 0 });
    }
}
