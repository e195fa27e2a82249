//! Images as vectors.

use core::{marker::PhantomData, slice};

use super::recent::Whole;
use crate::{
    Parameters, Rng, Tensor,
    activation::Linear,
    kernel::{Simd, copy},
    layer::{Ending, Infer, Inferred, Layer, Operations, Path},
    message::Message,
    stream::Streaming,
};

/// The numbers of `I`, of any shape, as a vector, in row-major order: for an image, row by row and pixel by pixel, with
/// the channels of a pixel side by side. It stands between image layers and [`Dense`](crate::layers::Dense).
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = Image<2, 2, 3>)]
/// type Net = (Flatten<_>, Dense<_, 1, Linear>);
///
/// assert_eq!(Net::PARAMS, 2 * 2 * 3 + 1);
/// // In full, with the shape of the vector:
/// type InFull = Flatten<Image<2, 2, 3>, [f32; 12]>;
/// assert_eq!(Net::new(1).0, InFull::zeroed());
/// ```
#[derive(Default, Parameters)]
#[parameters(element = I::Element)]
pub struct Flatten<I: Tensor, O = Inferred>(PhantomData<fn() -> (I, O)>);

#[diagnostic::do_not_recommend]
impl<I: Tensor> Infer for Flatten<I, Inferred> {
    const EXTENTS: [usize; 6] = [I::LEN, 0, 0, 0, 0, 0];
    type Layer<const N: usize, const B: usize, const C: usize, const D: usize, const E: usize, const F: usize> =
        Flatten<I, [I::Element; N]>;
}

impl<I: Tensor, const N: usize> Layer for Flatten<I, [I::Element; N]> {
    type Input = I;
    type Output = [I::Element; N];
    type Tape<const B: usize> = ();
    type Head = Linear;

    const FAULT: Option<Message> = if N == I::LEN {
        None
    } else {
        let message = Message::naming(Self::KIND.as_str()).text("outputs ").number(I::LEN as u128);
        Some(message.text(" numbers, but its type says ").number(N as u128))
    };
    const KEEPS_WHOLE: bool = true;

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, _: S, x: &[I], y: &mut [Self::Output]) {
        copy(I::flat(x), y.as_flattened_mut());
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[I],
        (): &mut (),
        y: &mut [Self::Output],
    ) {
        self.forward_batch::<S, E, B>(simd, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        _: S,
        _: &[I],
        (): &mut (),
        _: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [I]>,
    ) {
        if let Some(dx) = dx {
            copy(dy.as_flattened(), I::flat_mut(dx));
        }
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.flatten(path, I::SHAPE);
    }
}

impl<I: Tensor, const N: usize> Streaming for Flatten<I, [I::Element; N]> {
    type Frame = I::Frame;
    type Emitted = [I::Element; N];
    type State = Whole<I>;

    const STREAM_FAULT: Option<Message> = <Self as Layer>::FAULT;
    const DELAY: usize = Self::State::DELAY;

    #[inline(always)]
    fn push<S: Simd>(&self, _: S, state: &mut Whole<I>, frame: &I::Frame, y: &mut [I::Element; N]) -> bool {
        let Some(series) = state.push(frame) else { return false };
        copy(I::flat(slice::from_ref(series)), y);
        true
    }
}
