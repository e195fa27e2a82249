//! Streams: networks that take one frame at a time.
//!
//! A network of series is trained and evaluated with whole series, `[[T; FEATURES]; STEPS]`. A [`Stream`] has the same
//! type and the same weights, but takes its frames one by one, `[T; FEATURES]`, keeps what later outputs need in a state
//! of constant size, and computes no output twice:
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[network(input = [[f32; 3]; 32])]
//! type Net = (Conv1d<_, 8, 5, Relu, Causal<2>>, Gru<_, 12>, Dense<_, 4, Softmax>);
//! const_assert!(Stream::<Net>::BYTES <= 128);
//!
//! let network = Net::new(1);
//! let series: [[f32; 3]; 32] = std::array::from_fn(|step| [step as f32, 1.0, -1.0]);
//! let mut stream = Stream::<Net>::new();
//! let mut last = None;
//! for frame in &series {
//!     last = stream.push(&network, frame).or(last);
//! }
//! assert_eq!(last, Some(network.predict(&series)));
//! ```
//!
//! The outputs for the first `STEPS` frames are those of the network, bit for bit, except that NaN or an infinity makes all
//! outputs of causal attention in the network NaN, and in the stream only those from its frame on. The stream then goes on
//! without an end: each layer continues as it would in a network of longer series.
//!
//! After a frame with NaN or an infinity, the state of a recurrent layer is NaN, and so are its outputs, until the stream
//! is [reset](Stream::reset).
//!
//! - A convolution or a pool outputs a frame when its window is at its next position. [`Causal`](crate::layers::Causal)
//!   windows start before the first frame, and [`Valid`](crate::layers::Valid) ones with it. `Same` and `Padded` ones
//!   look ahead, which is a compile error. (Zeros before a series are summed: an output may be 0 where that of the
//!   network is −0.)
//! - A layer of series that outputs a vector, such as `Flatten`, `GlobalAveragePool` or a recurrent layer, outputs it
//!   first with the last frame of its input, and then for each further frame: that of the last frames, as many as its
//!   input has, or the last state. After each frame, `Masked` outputs the result for the series so far.
//! - `MultiHeadAttention` with the mask `Causal` keeps the keys and values of the last `STEPS` frames, to which a frame
//!   attends. A push also takes `STEPS + 4·WIDTH` numbers on the stack, and with `Rotary` `8·WIDTH + 8` more. Positions
//!   that are added to a sequence are for `STEPS` frames: the stream then outputs nothing until it is reset.
//! - An image is a series of rows: layers that add rows, such as `UpSample2d<_, 2>`, have no stream, and those that only
//!   add columns have one.
//! - A layer without time, which takes vectors, computes its output for each one that it gets. A tensor of several axes is
//!   a series of frames, its rows: an image is a series of rows of pixels.
//!
//! The state is apart from the weights, so that these can be in flash. It is a plain value: a copy saves it.

mod past;
mod streaming;

pub use past::{Past, Taps};
pub use streaming::Streaming;
pub(crate) use streaming::{
    ADDS_ROWS, CONSTANT_FRAMES, CUTS_ROWS, INTERPOLATES_ROWS, REPEATS_ROWS, apart_in_time, by_layer, never,
    not_streamed, unchanged, whole_sample,
};
#[doc(hidden)]
pub use streaming::{costs, pass, step};

use core::fmt;

use crate::{
    Zeroed,
    budget::{Budgeted, Costs},
    kernel::{Simd, Work, dispatch},
    layer::assert_sound,
    zeroed::{ON_THE_STACK, clear, fits_stack},
};

/// The state of a network `N` that takes one frame at a time.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 1]; 8])]
/// type Net = (Conv1d<_, 1, 2, Linear, Valid, NoBias>,);
///
/// static DIFFERENCES: Net = (Conv1d::from_parts([[[-1.0]], [[1.0]]], []),);
/// let mut stream = Stream::<Net>::new();
/// assert_eq!(stream.push(&DIFFERENCES, &[3.0]), None);
/// assert_eq!(stream.push(&DIFFERENCES, &[5.0]), Some([2.0]));
/// let saved = stream;
/// assert_eq!(stream.push(&DIFFERENCES, &[4.0]), Some([-1.0]));
/// stream = saved;
/// assert_eq!(stream.push(&DIFFERENCES, &[6.0]), Some([1.0]));
/// stream.reset();
/// assert_eq!(stream.push(&DIFFERENCES, &[6.0]), None);
/// ```
///
/// A stream in a `static` takes no flash, since its bytes are zero at the start.
pub struct Stream<N: Streaming> {
    state: N::State,
}

// SAFETY: the field is `Zeroed`.
unsafe impl<N: Streaming> Zeroed for Stream<N> {}

impl<N: Streaming> Stream<N> {
    /// The bytes of the state.
    pub const BYTES: usize = {
        assert_sound(&N::STREAM_FAULT);
        size_of::<Self>()
    };

    /// The multiply-accumulates of a [`push`](Self::push) in which each layer computes an output: the most that it takes.
    pub const MACS: usize = N::FRAME_MACS;

    /// The number of frames before the first one with an output.
    pub const DELAY: usize = N::DELAY;

    /// The number of frames from one output to the next.
    pub const PERIOD: usize = N::PERIOD;

    /// A stream before its first frame. One above 256 KiB does not compile: make it with
    /// [`zeroed_box`](Zeroed::zeroed_box).
    #[must_use]
    pub const fn new() -> Self {
        const {
            assert_sound(&N::STREAM_FAULT);
            assert!(
                size_of::<Self>() <= ON_THE_STACK,
                "this stream is too large for the stack (over 256 KiB): make it with `Stream::zeroed_box`"
            );
        }
        Self { state: crate::zeroed::zeros() }
    }

    /// Takes the next frame. Returns the output of `network`, if one is due.
    ///
    /// A stream that goes on with other weights, or another network of the same type, mixes them.
    pub fn push(&mut self, network: &N, frame: &N::Frame) -> Option<N::Emitted> {
        const {
            assert_sound(&N::STREAM_FAULT);
            assert!(
                fits_stack(size_of::<N::Emitted>()),
                "an output of this stream is too large for the stack (over 256 KiB)"
            );
        }
        let mut emitted = N::Emitted::zeroed_on_stack();
        let due = dispatch(Push { network, state: &mut self.state, frame, emitted: &mut emitted });
        due.then_some(emitted)
    }

    /// Returns to the state before the first frame, in place.
    pub fn reset(&mut self) {
        clear(&mut self.state);
    }
}

impl<N: Streaming + Budgeted> Budgeted for Stream<N> {
    const COSTS: Costs =
        Costs { ram: Self::BYTES, macs: Self::MACS, form: Some(costs::<N>()), ..<N as Budgeted>::COSTS };
}

impl<N: Streaming> Default for Stream<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: Streaming> Clone for Stream<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Streaming> Copy for Stream<N> {}

impl<N: Streaming> fmt::Debug for Stream<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Stream of {} bytes", size_of::<Self>())
    }
}

/// One frame on its way through a network.
struct Push<'a, N: Streaming> {
    network: &'a N,
    state: &'a mut N::State,
    frame: &'a N::Frame,
    emitted: &'a mut N::Emitted,
}

impl<N: Streaming> Work for Push<'_, N> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> bool {
        self.network.push(simd, self.state, self.frame, self.emitted)
    }
}
