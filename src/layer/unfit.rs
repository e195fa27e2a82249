//! The stand-in for a network whose layers do not fit.

use core::marker::PhantomData;

use super::{Ending, Layer, Parameters, Path, Visit, VisitMut, VisitTrainable};
use crate::{Rng, Tensor, Zeroed, kernel::Simd};

/// A network with the input `X` and the output of `N`, whose layers do not fit. A program that uses it does not compile.
#[derive(Debug)]
pub struct Unfit<N, X>(PhantomData<fn() -> (N, X)>);

// SAFETY: it has no bytes.
unsafe impl<N, X> Zeroed for Unfit<N, X> {}

impl<N: Layer, X> Parameters for Unfit<N, X> {
    type Element = N::Element;
    type Trainable = N::Trainable;
    const PARAMS: usize = N::PARAMS;

    fn parameters<V: Visit<N::Element>>(&self, _: Path<'_>, _: &mut V) {}

    fn parameters_mut<V: VisitMut<N::Element, M>, const M: usize>(_: [&mut Self; M], _: Path<'_>, _: &mut V) {}

    fn trainable<V: Visit<N::Element>>(_: &N::Trainable, _: Path<'_>, _: &mut V) {}

    fn trainable_mut<V: VisitTrainable<N::Element, M>, const M: usize>(
        _: Option<&mut Self>,
        _: &mut N::Trainable,
        _: [&mut N::Trainable; M],
        _: Path<'_>,
        _: &mut V,
    ) {
    }
}

impl<N: Layer, X: Tensor<Element = N::Element>> Layer for Unfit<N, X> {
    type Input = X;
    type Output = N::Output;
    type Tape<const B: usize> = ();
    type Head = N::Head;

    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, _: S, _: &[X], _: &mut [N::Output]) {}

    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: Option<&mut Rng>,
        _: &[X],
        (): &mut (),
        _: &mut [N::Output],
    ) {
    }

    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[X],
        (): &mut (),
        _: &[N::Output],
        _: &mut [N::Output],
        _: Option<&mut [X]>,
    ) {
    }
}
