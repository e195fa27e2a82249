//! The values that training saves for the derivative of an activation.

use crate::{Tensor, Zeroed};

/// Whether the tape of a layer holds the logits. The trait is sealed: [`SaveInput`] and [`SaveNothing`] implement it.
pub trait Save: sealed::Sealed {
    /// Whether the logits are saved.
    const SAVES: bool;
    /// Storage for up to `B` rows.
    type Storage<X: Tensor, const B: usize>: Zeroed;

    /// Stores `logits` if [`SAVES`](Self::SAVES) is true.
    fn store<X: Tensor, const B: usize>(logits: &[X], storage: &mut Self::Storage<X, B>);

    /// The logits of the first `y.len()` rows, or `y` if none were saved.
    fn logits<'a, X: Tensor, const B: usize>(storage: &'a Self::Storage<X, B>, y: &'a [X]) -> &'a [X];
}

/// The tape holds the logits: the derivative is a formula of the activation's input.
#[derive(Clone, Copy, Debug)]
pub struct SaveInput;

/// The tape holds nothing: the derivative is a formula of the activation's output.
#[derive(Clone, Copy, Debug)]
pub struct SaveNothing;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::SaveInput {}
    impl Sealed for super::SaveNothing {}
}

impl Save for SaveInput {
    const SAVES: bool = true;
    type Storage<X: Tensor, const B: usize> = [X; B];

    #[inline(always)]
    fn store<X: Tensor, const B: usize>(logits: &[X], storage: &mut [X; B]) {
        storage[..logits.len()].copy_from_slice(logits);
    }

    #[inline(always)]
    fn logits<'a, X: Tensor, const B: usize>(storage: &'a [X; B], y: &'a [X]) -> &'a [X] {
        &storage[..y.len()]
    }
}

impl Save for SaveNothing {
    const SAVES: bool = false;
    type Storage<X: Tensor, const B: usize> = ();

    #[inline(always)]
    fn store<X: Tensor, const B: usize>(_: &[X], (): &mut ()) {}

    #[inline(always)]
    fn logits<'a, X: Tensor, const B: usize>((): &'a (), y: &'a [X]) -> &'a [X] {
        y
    }
}
