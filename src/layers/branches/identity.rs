//! The identity as a layer.

use core::marker::PhantomData;

use crate::{
    Layer, Tensor,
    kernel::Simd,
    layer::{Operations, Path, SimpleLayer},
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
#[derive(Default, Layer)]
#[parameters(element = X::Element)]
pub struct Identity<X: Tensor>(PhantomData<fn() -> X>);

impl<X: Tensor> SimpleLayer for Identity<X> {
    type Input = X;
    type Output = X;
    type Tape = ();

    const KEEPS_WHOLE: bool = true;

    #[inline(always)]
    fn part(x: &X) -> Option<(usize, &X)> {
        Some((0, x))
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, _: S, x: &X, y: &mut X) {
        *y = *x;
    }

    #[inline(always)]
    fn backward<S: Simd>(&self, _: S, _: &X, (): &(), _: &X, dy: &X, dx: &mut X) {
        *dx = *dy;
    }

    fn operations<V: Operations<X::Element>>(&self, _: Path<'_>, _: &mut V) {}
}

impl<X: Tensor> Streaming for Identity<X> {
    unchanged!(X::Frame);
}
