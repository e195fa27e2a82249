//! An activation as a layer.

use core::{marker::PhantomData, slice};

use crate::{
    Parameters, Rng, Tensor,
    activation::{Activation, Fusible, Save},
    kernel::{Simd, Unchanged},
    layer::{Ending, Layer, Operations, Path},
    stream::Streaming,
};

/// Ends a recorded pass of a layer with the activation `A` that has computed the logits `y`: applies `A`, and saves what the
/// way back needs, unless the pass ends before it.
#[inline(always)]
pub(super) fn activate<S: Simd, E: Ending, A: Activation, Y: Tensor, const B: usize>(
    simd: S,
    y: &mut [Y],
    saved: &mut <A::Saves as Save>::Storage<Y, B>,
) {
    if !E::LOGITS {
        A::record::<S, Y, B>(simd, y, saved);
    }
}

/// Computes the `logits` and applies the activation `A` to them, in one pass where that is faster, unless the pass ends
/// before it.
#[inline(always)]
pub(super) fn compute<S: Simd, E: Ending, A: Activation, Y: Tensor>(simd: S, logits: impl Fusible<Y>, y: &mut [Y]) {
    if E::LOGITS {
        logits.compute(&Unchanged, y);
    } else {
        A::after(simd, logits, y);
    }
}

/// Like [`compute`], in a recorded pass: saves what the way back needs.
#[inline(always)]
pub(super) fn record<S: Simd, E: Ending, A: Activation, Y: Tensor, const B: usize>(
    simd: S,
    logits: impl Fusible<Y>,
    y: &mut [Y],
    saved: &mut <A::Saves as Save>::Storage<Y, B>,
) {
    if A::Saves::SAVES {
        logits.compute(&Unchanged, y);
        activate::<S, E, A, Y, B>(simd, y, saved);
    } else {
        compute::<S, E, A, Y>(simd, logits, y);
    }
}

/// Begins the way back through a layer that [`activate`] or [`record`] has ended: turns `dy` into the gradient with respect
/// to the logits.
#[inline(always)]
pub(super) fn activate_backward<S: Simd, E: Ending, A: Activation, Y: Tensor, const B: usize>(
    simd: S,
    saved: &<A::Saves as Save>::Storage<Y, B>,
    y: &[Y],
    dy: &mut [Y],
) {
    if !E::LOGITS {
        A::backward(simd, A::Saves::saved::<Y, B>(saved, y), y, dy);
    }
}

/// `y = a(x)`, x and y: `[X]`, for an [activation](crate::activation) by itself, for example after a layer without one.
///
/// An [`Elementwise`](crate::activation::Elementwise) activation of your own, which is a formula and its derivative,
/// becomes a layer this way.
///
/// ```
/// use shiplap::{activation::{Elementwise, SaveInput}, layers::Activate, prelude::*};
///
/// /// `y = x³`
/// struct Cube;
///
/// impl Elementwise for Cube {
///     type Saves = SaveInput;
///     const NAME: &'static str = "Cube";
///
///     fn value<V: Real>(x: V) -> V {
///         x * x * x
///     }
///
///     fn derivative<V: Real>(x: V, _: V) -> V {
///         V::splat(3.0) * x * x
///     }
/// }
///
/// let net: (Dense<2, 4, Linear>, Dropout<4, 10>, Activate<Cube, [f32; 4]>) = Network::new(1);
/// assert_eq!(net.2.predict(&[1.0, 2.0, -1.0, 0.5]), [1.0, 8.0, -1.0, 0.125]);
/// ```
#[derive(Default, Parameters)]
#[parameters(element = X::Element)]
pub struct Activate<A: Activation, X: Tensor>(PhantomData<fn() -> (A, X)>);

impl<A: Activation, X: Tensor> Layer for Activate<A, X> {
    type Input = X;
    type Output = X;
    type Tape<const B: usize> = <A::Saves as Save>::Storage<X, B>;
    type Head = A;

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[X], y: &mut [X]) {
        y.copy_from_slice(x);
        if !E::LOGITS {
            A::forward(simd, y);
        }
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[X],
        tape: &mut Self::Tape<B>,
        y: &mut [X],
    ) {
        y.copy_from_slice(x);
        activate::<S, E, A, X, B>(simd, y, tape);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[X],
        tape: &mut Self::Tape<B>,
        y: &[X],
        dy: &mut [X],
        dx: Option<&mut [X]>,
    ) {
        let Some(dx) = dx else { return };
        dx.copy_from_slice(dy);
        activate_backward::<S, E, A, X, B>(simd, tape, y, dx);
    }

    fn operations<V: Operations<X::Element>>(&self, path: Path<'_>, operations: &mut V) {
        A::operations(path, operations);
    }
}

impl<A: Activation, X: Tensor> Streaming for Activate<A, X> {
    type Frame = X::Frame;
    type Emitted = X::Frame;
    type State = ();

    #[inline(always)]
    fn push<S: Simd>(&self, simd: S, (): &mut (), frame: &X::Frame, y: &mut X::Frame) -> bool {
        *y = *frame;
        A::forward(simd, slice::from_mut(y));
        true
    }
}
