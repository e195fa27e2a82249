//! The layer of all recurrent units.

use core::{any::type_name, marker::PhantomData, slice};

use super::{Returns, Unit, passes::Tape};
use crate::{
    Parameters, Rng, Tensor,
    activation::Linear,
    init::Initializer,
    kernel::{Real as _, Simd, map_each},
    layer::{Ending, Layer, Operations, Path, Recurrence},
    layers::image::{Channels, Valid, fault, window::Row},
    message::Message,
    stream::Streaming,
};

/// A layer that reads a sequence frame by frame: [`SimpleRnn`](super::SimpleRnn), [`Gru`](super::Gru) or
/// [`Lstm`](super::Lstm), depending on `K`, the formula of a step.
#[derive(Parameters)]
#[parameters(element = I::Element, kind = Self::NAMED)]
pub struct Recurrent<
    I: Channels,
    const UNITS: usize,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> {
    /// The weights of the frame: `kernel[gate][feature][unit]`.
    #[kernel(fan_in = I::INNERMOST, fan_out = GATES * UNITS)]
    pub kernel: [I::Each<[I::Element; UNITS]>; GATES],
    /// The weights of the state before: `recurrent_kernel[gate][unit before][unit]`.
    #[kernel(initializer = Initializer::Orthogonal, fan_in = UNITS, fan_out = GATES * UNITS)]
    pub recurrent_kernel: [[[I::Element; UNITS]; UNITS]; GATES],
    /// The bias of the product with the frame: `bias[gate][unit]`.
    #[bias(initializer = K::BIAS)]
    pub bias: [[I::Element; UNITS]; GATES],
    /// The bias of the product with the state, in layers that need another one: `recurrent_bias[gate][unit]`.
    #[bias]
    pub recurrent_bias: K::RecurrentBias<[I::Element; UNITS]>,
    #[allow(clippy::type_complexity, reason = "three names")]
    types: PhantomData<fn() -> (I, K, R)>,
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    const NAMED: Message<64> = Message::new().text(K::NAME).text("<").number(UNITS as u128).text(R::SUFFIX).text(">");
    /// The number of frames.
    pub(super) const STEPS: usize = I::LEN / if I::INNERMOST == 0 { 1 } else { I::INNERMOST };

    /// A layer with these parameters.
    pub const fn from_parts(
        kernel: [I::Each<[I::Element; UNITS]>; GATES],
        recurrent_kernel: [[[I::Element; UNITS]; UNITS]; GATES],
        bias: [[I::Element; UNITS]; GATES],
        recurrent_bias: K::RecurrentBias<[I::Element; UNITS]>,
    ) -> Self {
        Self { kernel, recurrent_kernel, bias, recurrent_bias, types: PhantomData }
    }
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Layer for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Input = I;
    type Output = R::Of<I, UNITS>;
    type Tape<const B: usize> = Tape<I, R, UNITS, B, GATES, SAVED, STATES>;
    type Head = Linear;

    const STATEFUL: bool = R::STATEFUL;
    const MACS: usize = Self::STEPS * GATES * UNITS * (I::INNERMOST + UNITS);
    const FAULT: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str());
        if let Some(fault) = fault::other_tensor::<I, Row<Valid>>(Self::KIND.as_str()) {
            Some(fault)
        } else if I::LEN == 0 {
            Some(message.text("has nothing to read: its series has no steps or no features"))
        } else if UNITS == 0 {
            Some(message.text("has no units: it needs at least 1"))
        } else {
            None
        }
    };

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[I], y: &mut [Self::Output]) {
        self.states::<S, B>(simd, x, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: Option<&mut Rng>,
        x: &[I],
        tape: &mut Self::Tape<B>,
        y: &mut [Self::Output],
    ) {
        tape.record(self, simd, x, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        _: &[I],
        tape: &mut Self::Tape<B>,
        _: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [I]>,
    ) {
        tape.backward(self, simd, dy, dx);
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[I],
        tape: &mut Self::Tape<B>,
        _: &[Self::Output],
        gradient: &mut Self,
    ) {
        tape.gradient(simd, x.len(), gradient);
    }

    fn operations<V: Operations<I::Element>>(&self, path: Path<'_>, operations: &mut V) {
        let parameters = [
            ("kernel", Tensor::flat(&self.kernel)),
            ("recurrent_kernel", Tensor::flat(&self.recurrent_kernel)),
            ("bias", Tensor::flat(&self.bias)),
            ("recurrent_bias", Tensor::flat(slice::from_ref(&self.recurrent_bias))),
        ];
        let Some(cell) = K::CELL else {
            let (name, details) = (const { &Self::KIND }.as_str(), type_name::<Self>());
            operations.other(path, name, format_args!("{details}"), &parameters);
            return;
        };
        operations.recurrent(path, Recurrence { cell, features: I::INNERMOST, units: UNITS, all: R::ALL }, parameters);
    }
}

impl<
    I: Channels,
    const UNITS: usize,
    K: Unit<GATES, SAVED, STATES>,
    R: Returns,
    const GATES: usize,
    const SAVED: usize,
    const STATES: usize,
> Streaming for Recurrent<I, UNITS, K, R, GATES, SAVED, STATES>
{
    type Frame = I::Frame;
    type Emitted = [I::Element; UNITS];
    /// The states, and the number of frames up to the first output.
    type State = ([[I::Element; UNITS]; STATES], usize);

    const STREAM_FAULT: Option<Message> = Self::FAULT;
    const FRAME_MACS: usize = GATES * UNITS * (I::INNERMOST + UNITS);
    const DELAY: usize = if R::ALL { 0 } else { Self::STEPS - 1 };

    #[inline(always)]
    fn push<S: Simd>(
        &self,
        simd: S,
        (states, seen): &mut Self::State,
        frame: &I::Frame,
        y: &mut Self::Emitted,
    ) -> bool {
        let mut saved = [[[I::Element::splat(0.0); UNITS]; 1]; SAVED];
        let mut products = [[[I::Element::splat(0.0); UNITS]; 1]; GATES];
        self.read(simd, Tensor::flat(slice::from_ref(frame)), &mut map_each(&mut saved, |rows| &mut rows[..]));
        let (products, saved) =
            (map_each(&mut products, |rows| &mut rows[..]), map_each(&mut saved, |rows| &mut rows[..]));
        self.step(simd, products, saved, map_each(states, slice::from_mut));
        *y = states[0];
        let due = *seen >= Self::DELAY;
        *seen += usize::from(!due);
        due
    }
}
