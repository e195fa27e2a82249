//! Layers that read a sequence backwards, or in both directions.

use core::{mem, mem::MaybeUninit, slice};

use crate::{
    Parameters, Rng, Tensor, Zeroed,
    kernel::{Simd, copy, map_each},
    layer::{Description, Ending, Inferred, Invalid, Layer, Operations, Path, VisitGradient, first_fault},
    layers::{
        branches::{Branches, Concat},
        image::{Valid, fault, window::Row},
    },
    message::Message,
    stream::Streaming,
};

/// Two layers `L` with weights of their own, of which the second reads the sequence backwards (Schuster and Paliwal
/// 1997), as in Keras and PyTorch. The channels of the first output are followed by those of the second:
///
/// ```text
/// y = [first(x), reversed(second(reversed(x)))]
/// ```
///
/// x: a series `[[T; FEATURES]; STEPS]`; y: the last state of both, `[T; 2·UNITS]`, where the second is that after the
/// first frame; or with [`AllStates`](super::AllStates) all of them in the order of the frames, `[[T; 2·UNITS]; STEPS]`.
///
/// It is an alias: to join the directions otherwise, write `Branches<L, Reversed<L>, Add>`.
///
/// ```
/// use shiplap::prelude::*;
///
/// #[network(input = [[f32; 6]; 32])]
/// type Net = (Bidirectional<Gru<_, 16, AllStates>>, Bidirectional<Lstm<_, 8>>, Dense<_, 3, Softmax>);
///
/// assert_eq!(Net::PARAMS, 2 * 3 * 16 * (6 + 16 + 2) + 2 * 4 * 8 * (32 + 8 + 1) + (16 * 3 + 3));
/// ```
///
/// In full, it has its output:
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer: Bidirectional<Gru<[[f64; 2]; 10], 3>, [f64; 6]> = Network::new(1);
/// let states = layer.predict(&[[1.0, -1.0]; 10]);
/// assert_eq!(states[..3], layer.first.predict(&[[1.0, -1.0]; 10]));
/// ```
pub type Bidirectional<L, O = Inferred> = Branches<L, Reversed<L>, Concat<O>>;

/// The layer `L`, or a sequence of layers, reading the steps from the last to the first: `y = layer(reversed(x))`. If the
/// output is a series, too, it is reversed again, so that its steps are in the order of those of x.
///
/// ```
/// use shiplap::prelude::*;
///
/// let layer: Reversed<Gru<[[f32; 1]; 3], 4>> = Network::new(1);
/// assert_eq!(layer.predict(&[[1.0], [2.0], [3.0]]), layer.layer.predict(&[[3.0], [2.0], [1.0]]));
/// ```
#[derive(Parameters)]
#[parameters(element = L::Element, kind = Message::new().text("Reversed"))]
pub struct Reversed<L: Layer> {
    /// The layer that reads backwards.
    #[layer]
    pub layer: L,
}

/// The steps of a series of this type.
const fn steps<X: Tensor>() -> usize {
    if X::RANK == 2 { X::AXES[0] } else { 1 }
}

/// The numbers of the steps of a sample that count: those of its length, or all if it is 0 or missing.
#[inline(always)]
fn counted<X: Tensor>(lengths: &[usize], row: usize) -> usize {
    match lengths.get(row) {
        Some(&length) if length > 0 => length.saturating_mul(X::LEN / steps::<X>()).min(X::LEN),
        _ => X::LEN,
    }
}

/// Copies each sample with the steps up to its length in the opposite order.
#[inline(always)]
fn copy_reversed<X: Tensor>(lengths: &[usize], from: &[X], to: &mut [X]) {
    copy(from, to);
    reverse(lengths, to);
}

/// Puts the steps of each sample up to its length in the opposite order.
#[inline(always)]
fn reverse<X: Tensor>(lengths: &[usize], samples: &mut [X]) {
    let width = const { if X::LEN == 0 { 1 } else { X::LEN / steps::<X>() } };
    for (row, sample) in samples.iter_mut().enumerate() {
        let numbers = X::flat_mut(slice::from_mut(sample));
        let mut frames = numbers.get_mut(..counted::<X>(lengths, row)).unwrap_or(&mut []).chunks_exact_mut(width);
        while let (Some(first), Some(last)) = (frames.next(), frames.next_back()) {
            first.iter_mut().zip(last).for_each(|(first, last)| mem::swap(first, last));
        }
    }
}

impl<L: Layer> Layer for Reversed<L> {
    type Input = L::Input;
    type Output = L::Output;
    /// That of the layer, its input, its output, and the lengths of the series.
    type Tape<const B: usize> = (L::Tape<B>, [L::Input; B], [L::Output; B], [usize; B]);
    type Head = L::Head;

    const MACS: usize = L::MACS;
    const FAULT: Option<Message> = first_fault(&[
        L::FAULT,
        fault::other_tensor::<L::Input, Row<Valid>>("Reversed"),
        L::OUTLINE.stateful_fault("Reversed"),
    ]);
    const TAKES_MISSING: bool = L::TAKES_MISSING;
    const LOOKS_AHEAD: Option<bool> = Some(L::Output::RANK == 2);
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    const KEEPS_WHOLE: bool = L::KEEPS_WHOLE;
    /// The reversed input.
    const INSIDE: usize = size_of::<L::Input>();

    #[inline(always)]
    fn invalid(x: &L::Input) -> Option<Invalid> {
        L::invalid(x)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, E: Ending, const B: usize>(&self, simd: S, x: &[L::Input], y: &mut [L::Output]) {
        self.forward_padded::<S, E, B>(simd, &[], x, y);
    }

    #[inline(always)]
    fn forward_padded<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        lengths: &[usize],
        x: &[L::Input],
        y: &mut [L::Output],
    ) {
        let mut reversed = MaybeUninit::uninit();
        let reversed = &mut <[L::Input; B]>::zeroed_in(&mut reversed)[..x.len()];
        copy_reversed(lengths, x, reversed);
        self.layer.forward_padded::<S, E, B>(simd, lengths, reversed, y);
        reverse(lengths, y);
    }

    #[inline(always)]
    fn set_lengths<const B: usize>((tape, _, _, kept): &mut Self::Tape<B>, lengths: &[usize]) {
        copy(lengths, kept);
        L::set_lengths::<B>(tape, lengths);
    }

    #[inline(always)]
    fn record_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[L::Input],
        (tape, reversed, output, lengths): &mut Self::Tape<B>,
        y: &mut [L::Output],
    ) {
        let (reversed, output) = (&mut reversed[..x.len()], &mut output[..x.len()]);
        copy_reversed(lengths, x, reversed);
        self.layer.record_batch::<S, E, B>(simd, rng, reversed, tape, output);
        copy_reversed(lengths, output, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, E: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        (tape, reversed, output, lengths): &mut Self::Tape<B>,
        _: &[L::Output],
        dy: &mut [L::Output],
        mut dx: Option<&mut [L::Input]>,
    ) {
        let (reversed, output) = (&reversed[..x.len()], &output[..x.len()]);
        reverse(lengths, dy);
        self.layer.backward_batch::<S, E, B>(simd, reversed, tape, output, dy, dx.as_deref_mut());
        if let Some(dx) = dx {
            reverse(lengths, dx);
        }
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[L::Input],
        (tape, reversed, ..): &mut Self::Tape<B>,
        dy: &[L::Output],
        gradient: &mut Self::Trainable,
    ) {
        self.layer.gradient_batch::<S, B>(simd, &reversed[..x.len()], tape, dy, &mut gradient.0);
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<L::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[L::Input],
        (tape, reversed, ..): &mut Self::Tape<B>,
        dy: &[L::Output],
        mut state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let state = map_each(&mut state, |state| &mut state.0);
        let (reversed, path) = (&reversed[..x.len()], path.join("layer"));
        self.layer.visit_gradient::<S, V, M, B>(simd, reversed, tape, dy, state, path, visitor);
    }

    #[inline(always)]
    fn update_statistics<S: Simd, const B: usize>(&mut self, simd: S, (tape, ..): &Self::Tape<B>, share: f64) {
        self.layer.update_statistics(simd, tape, share);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        L::describe(path.join("layer"), show);
        let kind = format_args!("{}", Self::KIND.as_str());
        show(&Description { path, kind, output: L::Output::write_shape, params: 0 });
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.reverse(path);
        self.layer.operations(path.join("layer"), operations);
        if L::Output::RANK == 2 {
            operations.reverse(path);
        }
    }
}

/// A fault: it needs the last frame first.
impl<L: Layer + Streaming> Streaming for Reversed<L> {
    type Frame = L::Frame;
    type Emitted = L::Emitted;
    type State = ();
    const STREAM_FAULT: Option<Message> = {
        let message =
            Message::new().text("`Reversed`, which `Bidirectional` contains, starts `").text(L::KIND.as_str());
        Some(message.text("` with the last step, which a stream does not have yet: use the layer in one direction"))
    };
    const PADDED_FAULT: Option<Message> = if L::Output::RANK != 2 || L::DELAY != 0 || L::PERIOD != 1 {
        Some(Message::new().text(
            "`Reversed`, which `Bidirectional` contains, needs an output for each step of a series whose length varies, such as \
             `AllStates`",
        ))
    } else {
        L::PADDED_FAULT
    };

    fn push<S: Simd>(&self, _: S, (): &mut (), _: &L::Frame, _: &mut L::Emitted) -> bool {
        false
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::{
        check,
        layers::{AllStates, Causal},
        prelude::*,
    };

    #[test]
    fn gradients() {
        check::gradients::<Bidirectional<Gru<[[f64; 3]; 5], 2>, [f64; 4]>>().unwrap();
        check::gradients::<Bidirectional<Lstm<[[f64; 2]; 4], 3, AllStates>, [[f64; 6]; 4]>>().unwrap();
    }

    /// Also of layers that save their output, and of several.
    #[test]
    fn gradients_of_reversed_layers() {
        #[network(input = [[f64; 3]; 5])]
        type Net = (
            Conv1d<_, 2, 2, Tanh, Causal>,
            Reversed<(Conv1d<_, 4, 3, Tanh, Causal<2>>, Conv1d<_, 3, 2, Sigmoid>)>,
            Reversed<Flatten<_>>,
        );
        check::gradients::<Net>().unwrap();
    }

    #[test]
    fn the_steps_are_in_order() {
        type Ramp = Reversed<Conv1d<[[f32; 1]; 4], 1, 2, Linear, Causal, NoBias, [[f32; 1]; 4]>>;
        let ramp = Ramp { layer: Conv1d::from_parts([[[10.0]], [[1.0]]], []) };
        assert_eq!(ramp.predict(&[[1.0], [2.0], [3.0], [4.0]]), [[21.0], [32.0], [43.0], [4.0]]);
    }
}
