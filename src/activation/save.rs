//! The values that training saves for the way back through an activation.

use crate::{Tensor, Zeroed};

/// Whether the tape of a layer holds a number for each logit. The trait is sealed: [`SaveInput`] and [`SaveNothing`]
/// implement it.
pub trait Save: sealed::Sealed {
    /// Whether numbers are saved.
    const SAVES: bool;
    /// Storage for up to `B` rows.
    type Storage<X: Tensor, const B: usize>: Zeroed;

    /// The place for the numbers of the first `rows` rows, which is empty if none are saved.
    fn place<X: Tensor, const B: usize>(storage: &mut Self::Storage<X, B>, rows: usize) -> &mut [X];

    /// The saved numbers of the first `y.len()` rows, or `y` if none were saved.
    fn saved<'a, X: Tensor, const B: usize>(storage: &'a Self::Storage<X, B>, y: &'a [X]) -> &'a [X];
}

/// The derivative is a formula of the activation's input, so that the tape holds numbers for it: the derivatives of an
/// [`Elementwise`](super::Elementwise) activation, and the logits of another.
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
    fn place<X: Tensor, const B: usize>(storage: &mut [X; B], rows: usize) -> &mut [X] {
        &mut storage[..rows]
    }

    #[inline(always)]
    fn saved<'a, X: Tensor, const B: usize>(storage: &'a [X; B], y: &'a [X]) -> &'a [X] {
        &storage[..y.len()]
    }
}

impl Save for SaveNothing {
    const SAVES: bool = false;
    type Storage<X: Tensor, const B: usize> = ();

    #[inline(always)]
    fn place<X: Tensor, const B: usize>((): &mut (), _: usize) -> &mut [X] {
        &mut []
    }

    #[inline(always)]
    fn saved<'a, X: Tensor, const B: usize>((): &'a (), y: &'a [X]) -> &'a [X] {
        y
    }
}
