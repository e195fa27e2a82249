//! The stand-in for a network whose layers do not fit.

use core::marker::PhantomData;

use super::{Ending, Layer, Parameters, Path, Visit, VisitMut, VisitTrainable};
use crate::{Rng, Zeroed, kernel::Simd};

/// A network with the input and output of `N`, whose layers do not fit. A program that uses it does not compile.
#[derive(Debug)]
pub struct Unfit<N>(PhantomData<fn() -> N>);

// SAFETY: it has no bytes.
unsafe impl<N> Zeroed for Unfit<N> {}

impl<N: Layer> Parameters for Unfit<N> {
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

impl<N: Layer> Layer for Unfit<N> {
    type Input = N::Input;
    type Output = N::Output;
    type Tape<const B: usize> = ();
    type Head = N::Head;

    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, _: S, _: &[N::Input], _: &mut [N::Output]) {}

    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: Option<&mut Rng>,
        _: &[N::Input],
        (): &mut (),
        _: &mut [N::Output],
    ) {
    }

    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[N::Input],
        (): &mut (),
        _: &[N::Output],
        _: &mut [N::Output],
        _: Option<&mut [N::Input]>,
    ) {
    }
}
