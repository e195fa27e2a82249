//! How the outputs of branches are joined.

use core::{marker::PhantomData, slice};

use crate::{
    Pair, Tensor,
    activation::{Activation, Linear},
    kernel::{ElementwiseKernel, Simd, copy},
    layer::{Ending, Head, Heads, Inferred, Junction, Layer, Predictions},
    message::Message,
};

/// [`Add`](super::Add), [`Subtract`](super::Subtract), [`SquaredDifference`](super::SquaredDifference),
/// [`Multiply`](super::Multiply), [`Maximum`](super::Maximum), [`Minimum`](super::Minimum), [`MatMul`](super::MatMul),
/// [`Concat`] or [`Both`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not join branches",
    label = "expected `Add`, `Subtract`, `SquaredDifference`, `Multiply`, `Maximum`, `Minimum`, `MatMul`, `Concat` or `Both`"
)]
pub trait Join: Send + Sync + 'static {
    /// The name in summaries and files.
    const KIND: Message<64>;
    /// The operation, for export.
    const JUNCTION: Junction;
    /// The activation after it.
    type Activation: Activation;
    /// The ending of the first branch, if the joint output ends as `E`.
    type First<E: Ending>: Ending;
    /// The ending of the second branch.
    type Second<E: Ending>: Ending;
}

/// A join whose output is known: all except `Concat<Inferred>`.
pub trait Shaped: Join {
    /// The join of frames of the outputs.
    type OfFrames: Shaped;
}

impl<O: Tensor> Shaped for Concat<O> {
    type OfFrames = Concat<O::Frame>;
}

impl Shaped for Both {
    type OfFrames = Both;
}

/// A way to join rows of `A` with rows of `B`.
pub trait Joins<A: Tensor, B: Tensor>: Shaped {
    /// One row of the result.
    type Output: Tensor<Element = A::Element>;
    /// The end of the result, if those of the branches are `HA` and `HB`.
    type Head<HA: Head, HB: Head>: Head;
    /// The reason why they cannot be joined, if there is one.
    const FAULT: Option<Message>;
    /// Whether each number of the second branch is joined with a channel of the first, in all pixels.
    const BY_CHANNEL: bool = false;
    /// The multiply-accumulates of one row.
    const MACS: usize = 0;

    /// Joins the rows, and applies `then` in place of the activation. A join that has no activation ignores it.
    fn join<S: Simd, O: ElementwiseKernel<0, 1>>(simd: S, a: &[A], b: &[B], then: &O, y: &mut [Self::Output]);

    /// Computes the gradients with respect to `a` and `b` from `dy`.
    fn split<S: Simd>(simd: S, a: &[A], b: &[B], dy: &[Self::Output], da: &mut [A], db: &mut [B]);
}

/// The channels of `a`, followed by those of `b`, for outputs whose other axes are equal. In a network whose input is
/// given, omit the output `O`.
#[derive(Clone, Copy, Debug)]
pub struct Concat<O = Inferred>(PhantomData<O>);

/// A [`Pair`] of both outputs, for a network with two outputs, with the loss [`PairLoss`](crate::loss::PairLoss).
#[derive(Clone, Copy, Debug)]
pub struct Both;

impl<O: Send + Sync + 'static> Join for Concat<O> {
    const KIND: Message<64> = Message::new().text("Concat");
    const JUNCTION: Junction = Junction::Concat;
    type Activation = Linear;
    type First<E: Ending> = Predictions;
    type Second<E: Ending> = Predictions;
}

impl<A: Tensor, B: Tensor<Element = A::Element>, O: Tensor<Element = A::Element>> Joins<A, B> for Concat<O> {
    type Output = O;
    type Head<HA: Head, HB: Head> = Linear;
    const FAULT: Option<Message> = match misfit_of_concat::<A, B>() {
        None if same_axes::<A, O>(A::RANK - 1) && O::RANK == A::RANK && O::INNERMOST == A::INNERMOST + B::INNERMOST => {
            None
        }
        None => {
            let message = Message::new().text("`Concat` outputs ").number((A::INNERMOST + B::INNERMOST) as u128);
            let message = message.text(" channels from [").list(A::SHAPE).text("] and [").list(B::SHAPE);
            Some(message.text("], but its type says [").list(O::SHAPE).text("]"))
        }
        fault => fault,
    };

    #[inline(always)]
    fn join<S: Simd, Then: ElementwiseKernel<0, 1>>(_: S, a: &[A], b: &[B], _: &Then, y: &mut [O]) {
        let pixels = A::flat(a).chunks_exact(A::INNERMOST).zip(B::flat(b).chunks_exact(B::INNERMOST));
        for (y, (a, b)) in O::flat_mut(y).chunks_exact_mut(O::INNERMOST).zip(pixels) {
            let (first, second) = y.split_at_mut(A::INNERMOST);
            copy(a, first);
            copy(b, second);
        }
    }

    #[inline(always)]
    fn split<S: Simd>(_: S, _: &[A], _: &[B], dy: &[O], da: &mut [A], db: &mut [B]) {
        let pixels = A::flat_mut(da).chunks_exact_mut(A::INNERMOST).zip(B::flat_mut(db).chunks_exact_mut(B::INNERMOST));
        for (dy, (a, b)) in O::flat(dy).chunks_exact(O::INNERMOST).zip(pixels) {
            let (first, second) = dy.split_at(A::INNERMOST);
            copy(first, a);
            copy(second, b);
        }
    }
}

impl Join for Both {
    const KIND: Message<64> = Message::new().text("Both");
    const JUNCTION: Junction = Junction::Both;
    type Activation = Linear;
    type First<E: Ending> = E::First;
    type Second<E: Ending> = E::Second;
}

impl<A: Tensor, B: Tensor<Element = A::Element>> Joins<A, B> for Both {
    type Output = Pair<A, B>;
    type Head<HA: Head, HB: Head> = Heads<HA, HB, A, B>;
    const FAULT: Option<Message> = None;

    #[inline(always)]
    fn join<S: Simd, O: ElementwiseKernel<0, 1>>(_: S, a: &[A], b: &[B], _: &O, y: &mut [Pair<A, B>]) {
        for (y, (a, b)) in y.iter_mut().zip(a.iter().zip(b)) {
            // An assignment may copy a large tensor to the stack first.
            copy(slice::from_ref(a), slice::from_mut(&mut y.0));
            copy(slice::from_ref(b), slice::from_mut(&mut y.1));
        }
    }

    #[inline(always)]
    fn split<S: Simd>(_: S, _: &[A], _: &[B], dy: &[Pair<A, B>], da: &mut [A], db: &mut [B]) {
        for (Pair(a, b), (da, db)) in dy.iter().zip(da.iter_mut().zip(db)) {
            copy(slice::from_ref(a), slice::from_mut(da));
            copy(slice::from_ref(b), slice::from_mut(db));
        }
    }
}

/// Whether the first `count` axes are equal.
const fn same_axes<A: Tensor, B: Tensor>(count: usize) -> bool {
    let mut axis = 0;
    while axis < count {
        if A::AXES[axis] != B::AXES[axis] {
            return false;
        }
        axis += 1;
    }
    true
}

/// The fault of branches that take different inputs.
pub(super) const fn misfit<A: Layer, B: Layer>() -> Option<Message> {
    if A::Input::FORM.is(&B::Input::FORM) {
        None
    } else {
        Some(differ::<A::Input, B::Input>(Message::new().text("branches take the same input, but these take `")))
    }
}

/// The fault of outputs that cannot be put side by side.
pub(super) const fn misfit_of_concat<A: Tensor, B: Tensor>() -> Option<Message> {
    let is_pair = A::FORM.members().is_some() || B::FORM.members().is_some();
    if A::RANK == B::RANK && A::RANK > 0 && same_axes::<A, B>(A::RANK - 1) && !is_pair {
        None
    } else {
        let message = Message::new().text("`Concat` needs branches that differ in channels only, but they output `");
        let message = differ::<A, B>(message);
        Some(message.text(": pad or pool one of them"))
    }
}

pub(super) const fn differ<A: Tensor, B: Tensor>(message: Message) -> Message {
    B::FORM.written(A::FORM.written(message).text("` and `")).text("`")
}
