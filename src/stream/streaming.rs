//! The trait of layers that take one frame at a time.

use core::slice;

use super::Push;
use crate::{
    Zeroed,
    budget::PartCosts,
    kernel::{Simd, cast_rows, int8::apart},
    message::Message,
};

/// The fault of a layer that does not take one frame at a time.
pub(crate) const fn not_streamed(layer: &str, why: &str) -> Message {
    Message::naming(layer).text("cannot be streamed: ").text(why)
}

/// Why layers that change the number of rows of an image cannot be streamed, in `f32` and in int8.
pub(crate) const ADDS_ROWS: &str = "it adds rows, which are frames; the window `Causal` starts before the first one";
pub(crate) const REPEATS_ROWS: &str = "it outputs several rows, which are frames, for each one";
pub(crate) const INTERPOLATES_ROWS: &str = "its rows, which are frames, lie between those of the input";
pub(crate) const CUTS_ROWS: &str = "it cuts off the last rows, which are frames, and a stream has no end";
/// Why a series of constants cannot be streamed.
pub(crate) const CONSTANT_FRAMES: &str = "it has numbers for each frame, and a stream has no end";

/// A layer or network that also takes one frame at a time: the form of a [`Layer`](crate::Layer), or of its int8 twin, in
/// a [`Stream`](super::Stream).
///
/// The outputs for the frames of a series are those that the layer computes for the whole series, bit for bit. The
/// exception is an input with NaN or an infinity: [`MultiHeadAttention`](crate::layers::MultiHeadAttention) makes all
/// outputs of the whole series NaN, but in a stream only those from this frame on.
///
/// A layer of your own implements it beside its formula. This one keeps the frame before:
///
/// ```
/// use shiplap::{prelude::*, stream::Streaming};
///
/// /// `y[t] = x[t] + x[t − 1]`
/// #[derive(Layer)]
/// struct Sums;
///
/// impl SimpleLayer for Sums {
///     type Input = [[f32; 1]; 4];
///     type Output = [[f32; 1]; 3];
///     type Tape = ();
///
///     fn forward<S: Simd>(&self, _: S, x: &[[f32; 1]; 4], y: &mut [[f32; 1]; 3]) {
///         *y = std::array::from_fn(|step| [x[step + 1][0] + x[step][0]]);
///     }
///     # fn backward<S: Simd>(&self, _: S, _: &Self::Input, _: &(), _: &Self::Output, _: &Self::Output, _: &mut Self::Input) {}
/// }
///
/// impl Streaming for Sums {
///     type Frame = [f32; 1];
///     type Emitted = [f32; 1];
///     type State = (bool, f32);
///     const DELAY: usize = 1;
///
///     fn push<S: Simd>(&self, _: S, (started, before): &mut (bool, f32), [x]: &[f32; 1], y: &mut [f32; 1]) -> bool {
///         *y = [x + *before];
///         *before = *x;
///         std::mem::replace(started, true)
///     }
/// }
///
/// type Net = (Sums, Activate<Relu, [[f32; 1]; 3]>);
/// let (net, mut stream) = (Net::new(1), Stream::<Net>::new());
/// assert_eq!([1.0, 2.0, 4.0].map(|x| stream.push(&net, &[x])), [None, Some([3.0]), Some([6.0])]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be streamed",
    label = "a layer that does not take one frame at a time",
    note = "a stream takes windows of at most 128 frames that are `Causal` or `Valid`, pools, recurrent layers, causal attention, and layers of vectors or of each frame by itself; a layer of your own implements `stream::Streaming`"
)]
pub trait Streaming: Sized {
    /// One frame of the input; the whole input of a layer without time.
    type Frame: 'static;
    /// One frame of the output; the whole output of a layer without time, or at the end of time.
    type Emitted: Zeroed + Copy + 'static;
    /// What the layer keeps between frames. It starts with bytes of zero.
    type State: Zeroed + Copy;

    /// The reason why the layer cannot be streamed, if there is one: its window looks ahead. A stream of a network with a
    /// fault does not compile.
    const STREAM_FAULT: Option<Message> = None;
    /// The reason why the layer cannot take series whose lengths vary, in [`Masked`](crate::layers::Masked), if there is one.
    #[doc(hidden)]
    const PADDED_FAULT: Option<Message> = Self::STREAM_FAULT;
    /// Whether the layer runs in a function of its own, so that the layers of a network share the memory of their windows.
    #[doc(hidden)]
    const APART: bool = false;
    /// The costs of each nested layer of a sequence, for budgets.
    #[doc(hidden)]
    const PARTS: &'static [(&'static str, PartCosts)] = &[];
    /// The multiply-accumulates for one frame of the output.
    const FRAME_MACS: usize = 0;
    /// The number of frames before the first one with an output.
    const DELAY: usize = 0;
    /// The number of frames from one output to the next.
    const PERIOD: usize = 1;

    /// Takes the next frame. Returns whether an output is due, which is then in `emitted`.
    fn push<S: Simd>(&self, simd: S, state: &mut Self::State, frame: &Self::Frame, emitted: &mut Self::Emitted)
    -> bool;
}

/// The costs of a layer for one frame.
#[doc(hidden)]
pub const fn costs<L: Streaming>() -> PartCosts {
    PartCosts { flash: size_of::<L>(), ram: size_of::<L::State>(), macs: Some(L::FRAME_MACS), parts: L::PARTS }
}

/// The fault of branches that output at different frames.
pub(crate) const fn apart_in_time<A: Streaming, B: Streaming>() -> Option<Message> {
    if A::DELAY == B::DELAY && A::PERIOD == B::PERIOD {
        return None;
    }
    let message =
        Message::new().text("branches are streamed if they output at the same frames; the first one starts after ");
    let message = message.number(A::DELAY as u128).text(" frames and outputs every ").number(A::PERIOD as u128);
    let message = message.text(", the second one after ").number(B::DELAY as u128).text(" and every ");
    Some(message.number(B::PERIOD as u128))
}

/// Pushes a frame to one layer of a network.
#[doc(hidden)]
#[inline(always)]
pub fn step<S: Simd, L: Streaming>(
    layer: &L,
    simd: S,
    state: &mut L::State,
    frame: &L::Frame,
    emitted: &mut L::Emitted,
) -> bool {
    if const { L::APART } {
        apart(simd, Push { network: layer, state, frame, emitted })
    } else {
        layer.push(simd, state, frame, emitted)
    }
}

/// Passes a frame from one layer to the next, which takes frames of the same type.
#[doc(hidden)]
#[inline(always)]
pub fn pass<Given: 'static, Taken: 'static>(frame: &Given) -> Option<&Taken> {
    const { assert!(size_of::<Given>() == size_of::<Taken>(), "a layer takes other frames than the one before it emits") };
    cast_rows(slice::from_ref(frame)).first()
}

/// The items of [`Streaming`] for a layer whose input is a vector, without time, or for one whose frames are inputs of
/// another, its field `$layer` of type `$L`.
macro_rules! whole_sample {
    () => {
        $crate::stream::whole_sample!(Self, |this| this);
    };
    ($L:ty, |$this:ident| $layer:expr) => {
        type Frame = <$L as $crate::layer::Layer>::Input;
        type Emitted = <$L as $crate::layer::Layer>::Output;
        type State = ();
        const STREAM_FAULT: Option<$crate::message::Message> = <Self as $crate::layer::Layer>::FAULT;
        const FRAME_MACS: usize = <$L as $crate::layer::Layer>::MACS;

        #[inline(always)]
        fn push<S: $crate::kernel::Simd>(
            &self,
            simd: S,
            (): &mut (),
            frame: &Self::Frame,
            emitted: &mut Self::Emitted,
        ) -> bool {
            let ($this, x, y) = (self, core::slice::from_ref(frame), core::slice::from_mut(emitted));
            $crate::layer::Layer::forward_batch::<S, $crate::layer::Predictions, 1>($layer, simd, x, y);
            true
        }
    };
}
pub(crate) use whole_sample;

/// The items of [`Streaming`] for a layer that does nothing at inference, with these frames.
macro_rules! unchanged {
    ($Frame:ty) => {
        type Frame = $Frame;
        type Emitted = $Frame;
        type State = ();

        #[inline(always)]
        fn push<S: $crate::kernel::Simd>(&self, _: S, (): &mut (), frame: &$Frame, emitted: &mut $Frame) -> bool {
            *emitted = *frame;
            true
        }
    };
}
pub(crate) use unchanged;

/// The items of [`Streaming`] for a layer whose `STREAM_FAULT` is that it cannot be streamed, with these frames.
macro_rules! never {
    ($Frame:ty, $Emitted:ty) => {
        type Frame = $Frame;
        type Emitted = $Emitted;
        type State = ();

        fn push<S: $crate::kernel::Simd>(&self, _: S, (): &mut (), _: &$Frame, _: &mut $Emitted) -> bool {
            false
        }
    };
}
pub(crate) use never;

/// The items of [`Streaming`] for a layer that computes the same as another, its field `$layer` of type `$L`.
macro_rules! by_layer {
    ($L:ty, |$this:ident| $layer:expr) => {
        type Frame = <$L as $crate::stream::Streaming>::Frame;
        type Emitted = <$L as $crate::stream::Streaming>::Emitted;
        type State = <$L as $crate::stream::Streaming>::State;
        const STREAM_FAULT: Option<$crate::message::Message> = <$L as $crate::stream::Streaming>::STREAM_FAULT;
        const PARTS: &'static [(&'static str, $crate::budget::PartCosts)] = <$L as $crate::stream::Streaming>::PARTS;
        const FRAME_MACS: usize = <$L as $crate::stream::Streaming>::FRAME_MACS;
        const DELAY: usize = <$L as $crate::stream::Streaming>::DELAY;
        const PERIOD: usize = <$L as $crate::stream::Streaming>::PERIOD;

        #[inline(always)]
        fn push<S: $crate::kernel::Simd>(
            &self,
            simd: S,
            state: &mut Self::State,
            frame: &Self::Frame,
            emitted: &mut Self::Emitted,
        ) -> bool {
            let $this = self;
            $crate::stream::Streaming::push($layer, simd, state, frame, emitted)
        }
    };
}
pub(crate) use by_layer;
