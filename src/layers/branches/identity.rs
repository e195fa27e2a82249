//! The identity as a layer.

use core::marker::PhantomData;

use crate::{
    Parameters, Rng, Tensor,
    activation::Linear,
    kernel::Simd,
    layer::{Ending, Layer, Operations, Path},
    stream::{Streaming, unchanged},
};

/// `y = x`, for a branch without layers: the shortcut of a [`Residual`](super::Residual) connection.
///
/// ```
/// use shiplap::{layers::Identity, prelude::*};
///
/// let net: (Identity<[f32; 3]>, Dense<3, 1, Linear>) = Network::new(1);
/// assert_eq!(net.0.predict(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
/// ```
#[derive(Default, Parameters)]
#[parameters(element = X::Element)]
pub struct Identity<X: Tensor>(PhantomData<fn() -> X>);

impl<X: Tensor> Layer for Identity<X> {
    type Input = X;
    type Output = X;
    type Tape<const B: usize> = ();
    type Head = Linear;

    const KEEPS_WHOLE: bool = true;
    const IS_IDENTITY: bool = true;

    #[inline(always)]
    fn part(x: &X) -> Option<(usize, &X)> {
        Some((0, x))
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[X], y: &mut [X]) {
        y.copy_from_slice(x);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: Option<&mut Rng>,
        x: &[X],
        (): &mut (),
        y: &mut [X],
    ) {
        y.copy_from_slice(x);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[X],
        (): &mut (),
        _: &[X],
        dy: &mut [X],
        dx: Option<&mut [X]>,
    ) {
        if let Some(dx) = dx {
            dx.copy_from_slice(dy);
        }
    }

    fn operations<V: Operations<X::Element>>(&self, _: Path<'_>, _: &mut V) {}
}

impl<X: Tensor> Streaming for Identity<X> {
    unchanged!(X::Frame);
}
