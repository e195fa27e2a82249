//! The end of a pass through a network: after its last activation, or before it.

use core::marker::PhantomData;

use crate::{
    Pair, Tensor,
    activation::Activation,
    kernel::{Simd, cast_rows_mut},
};

/// The end of a pass through the network: after the last activation or before it. Losses that are fused with the
/// activation ([`BinaryCrossentropy`](crate::loss::BinaryCrossentropy), ...) take the logits.
pub trait Ending: sealed::Ending {
    /// Whether the last activation is omitted.
    const LOGITS: bool;
    /// The ending of the first member, if the output is a [`Pair`].
    type First: Ending;
    /// The ending of the second member.
    type Second: Ending;
}

/// The pass ends after the last activation: `y` is the prediction.
#[derive(Clone, Copy, Debug)]
pub struct Predictions;

/// The pass ends before the last activation: `y` is the logits, and `dy` the gradient with respect to them.
#[derive(Clone, Copy, Debug)]
pub struct Logits;

/// The pass to the first member of a [`Pair`] ends as `A`, and the one to the second member as `B`.
#[derive(Clone, Copy, Debug)]
pub struct Endings<A, B>(PhantomData<(A, B)>);

impl Ending for Predictions {
    const LOGITS: bool = false;
    type First = Self;
    type Second = Self;
}

impl Ending for Logits {
    const LOGITS: bool = true;
    type First = Self;
    type Second = Self;
}

impl<A: Ending, B: Ending> Ending for Endings<A, B> {
    // A layer that outputs a pair and has one activation for both members ends in `Linear`, for which it does not matter:
    // no other activation goes with a loss of pairs.
    const LOGITS: bool = false;
    type First = A;
    type Second = B;
}

mod sealed {
    /// There are no other endings.
    pub trait Ending {}
    impl Ending for super::Predictions {}
    impl Ending for super::Logits {}
    impl<A, B> Ending for super::Endings<A, B> {}
}

/// What a network ends in: an activation, or [`Heads`].
pub trait Head: 'static {
    /// Turns outputs that end as `E` into predictions, in place.
    fn finish<S: Simd, E: Ending, Y: Tensor>(simd: S, outputs: &mut [Y]);
}

impl<A: Activation> Head for A {
    #[inline(always)]
    fn finish<S: Simd, E: Ending, Y: Tensor>(simd: S, outputs: &mut [Y]) {
        if E::LOGITS {
            A::forward(simd, outputs);
        }
    }
}

/// The ends of a network that outputs a `Pair<P, Q>`: `A` for the first member, and `B` for the second.
#[derive(Debug)]
pub struct Heads<A, B, P, Q>(PhantomData<(A, B, P, Q)>);

impl<A: Head, B: Head, P: Tensor, Q: Tensor<Element = P::Element>> Head for Heads<A, B, P, Q> {
    #[inline(always)]
    fn finish<S: Simd, E: Ending, Y: Tensor>(simd: S, outputs: &mut [Y]) {
        for Pair(first, second) in cast_rows_mut::<Y, Pair<P, Q>>(outputs) {
            A::finish::<S, E::First, P>(simd, core::slice::from_mut(first));
            B::finish::<S, E::Second, Q>(simd, core::slice::from_mut(second));
        }
    }
}
