//! The frames that a window needs in a stream.

use core::slice;

use super::{
    Window,
    window::{Padding, slide},
};
use crate::{
    Tensor, Zeroed,
    kernel::{copy, int8::Int8Tensor},
    message::Message,
    stream::{Past, Taps},
};

/// The frames before the newest one that a window `P` of `K` frames, along the first axis, still needs.
///
/// A dilated window reads every `DILATION`-th frame. The frames are as many series, interleaved, of each of which the
/// window reads the last `K` frames, side by side.
pub struct Recent<X: Zeroed + Copy, P: Window, const K: usize>
where
    Taps<K>: Past,
{
    past: P::Interleaved<<Taps<K> as Past>::Of<X>>,
    /// The number of the next frame. Those past the first window are counted modulo the stride and the dilation.
    position: usize,
}

impl<X: Zeroed + Copy, P: Window, const K: usize> Clone for Recent<X, P, K>
where
    Taps<K>: Past,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<X: Zeroed + Copy, P: Window, const K: usize> Copy for Recent<X, P, K> where Taps<K>: Past {}

// SAFETY: the fields are `Zeroed`.
unsafe impl<X: Zeroed + Copy, P: Window, const K: usize> Zeroed for Recent<X, P, K> where Taps<K>: Past {}

impl<X: Zeroed + Copy, P: Window, const K: usize> Recent<X, P, K>
where
    Taps<K>: Past,
{
    /// The number of frames before the first one that ends a window inside the series.
    const BEFORE: usize = P::DILATION[0] * (K - 1);
    /// The number of frames before the first one with an output.
    pub const DELAY: usize = if matches!(P::PADDING, Padding::Causal) { 0 } else { Self::BEFORE };
    /// The number of frames from one output to the next.
    pub const PERIOD: usize = P::STRIDE[0];

    /// Takes the next frame. If an output is due, writes the frames of its window, and returns how many are of the
    /// series; those before it are the first ones, `outside`.
    #[inline(always)]
    pub fn push(&mut self, frame: &X, outside: &X, window: &mut [X; K]) -> Option<usize> {
        let (position, dilation) = (self.position, P::DILATION[0].max(1));
        let last = Self::BEFORE + Self::PERIOD * dilation;
        self.position = if position + 1 >= last { Self::BEFORE } else { position + 1 };
        let past = self.past.as_mut().get_mut(position % dilation)?.as_mut();
        let seen = (position / dilation + 1).min(K);
        if let Some((newest, before)) = window.split_last_mut() {
            copy(past, before);
            copy(slice::from_ref(frame), slice::from_mut(newest));
        }
        copy(window.get(1..)?, past);
        if position < Self::DELAY || (position - Self::DELAY) % Self::PERIOD.max(1) != 0 {
            return None;
        }
        window.get_mut(..K - seen)?.fill(*outside);
        Some(seen)
    }
}

/// The fault of a layer whose window is not in the past.
pub const fn looks_ahead<P: Window>(layer: &str, length: usize, frames: usize) -> Option<Message> {
    if is_past::<P>(length, frames) {
        return None;
    }
    let message = Message::naming(layer).text("cannot be streamed: its window, `").text(P::NAME);
    Some(message.text("`, reads frames that are not there yet; use `Causal` or `Valid`"))
}

/// The fault of a layer whose window reads the padding after a series.
pub const fn reads_padding<P: Window>(layer: &str, length: usize, frames: usize) -> Option<Message> {
    if is_past::<P>(length, frames) {
        return None;
    }
    let message = Message::naming(layer).text("has a window, `").text(P::NAME);
    Some(message.text("`, that reads the padding after a series: `Masked` takes `Causal` or `Valid` windows"))
}

/// Whether each window ends with the newest frame.
pub const fn is_past<P: Window>(length: usize, frames: usize) -> bool {
    let window = slide::<P>([length, 1], [frames, 1]).1;
    matches!(P::PADDING, Padding::Causal) || (window.before[0] == 0 && window.after[0] == 0)
}

/// The last frames of a series `I`, as many as it has.
#[derive(Clone, Copy)]
pub struct Whole<I> {
    series: I,
    /// The number of frames up to its end.
    seen: usize,
}

// SAFETY: the fields are `Zeroed`.
unsafe impl<I: Zeroed> Zeroed for Whole<I> {}

impl<I: Tensor> Whole<I> {
    /// The number of frames before the first one that ends a series.
    pub const DELAY: usize = delay(I::LEN, I::Frame::LEN);

    /// Takes the next frame. Returns the series that it ends, if there are so many frames.
    #[inline(always)]
    pub fn push(&mut self, frame: &I::Frame) -> Option<&I> {
        append(I::flat_mut(slice::from_mut(&mut self.series)), I::Frame::flat(slice::from_ref(frame)));
        self.ended(Self::DELAY)
    }
}

impl<I: Int8Tensor> Whole<I> {
    /// [`DELAY`](Self::DELAY) in int8.
    pub const INT8_DELAY: usize = delay(I::LEN, I::Frame::LEN);

    /// [`push`](Self::push) in int8.
    #[inline(always)]
    pub fn push_int8(&mut self, frame: &I::Frame) -> Option<&I> {
        append(I::flat_mut(slice::from_mut(&mut self.series)), I::Frame::flat(slice::from_ref(frame)));
        self.ended(Self::INT8_DELAY)
    }
}

impl<I> Whole<I> {
    #[inline(always)]
    fn ended(&mut self, delay: usize) -> Option<&I> {
        let due = self.seen >= delay;
        self.seen += usize::from(!due);
        due.then_some(&self.series)
    }
}

const fn delay(series: usize, frame: usize) -> usize {
    (series / if frame == 0 { 1 } else { frame }).saturating_sub(1)
}

/// Puts a frame after the others, of which the first one goes.
#[inline(always)]
fn append<T: Copy>(series: &mut [T], frame: &[T]) {
    let Some(last) = series.len().checked_sub(frame.len()) else { return };
    series.copy_within(frame.len().., 0);
    copy(frame, &mut series[last..]);
}
