//! Layers that read a sequence backwards.

use core::mem::MaybeUninit;

use super::reversal::{copy_reversed, reverse};
use crate::{
    Parameters, Rng, Tensor, Zeroed,
    kernel::{Simd, copy, map_each},
    layer::{Description, Ending, Invalid, Layer, Operations, Path, VisitGradient, first_fault},
    layers::image::{Valid, fault, window::Row},
    message::Message,
    stream::{Streaming, never},
};

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
        reverse(lengths, dx.unwrap_or_default());
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
        Description::around::<Self, L>(path, show);
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
    const STREAM_FAULT: Option<Message> = {
        let fault = Message::new().text("`Reversed`, which `Bidirectional` contains, starts `").text(L::KIND.as_str());
        Some(fault.text("` with the last step, which a stream does not have yet: use the layer in one direction"))
    };
    const PADDED_FAULT: Option<Message> = if L::Output::RANK != 2 || L::DELAY != 0 || L::PERIOD != 1 {
        Some(Message::new().text(
            "`Reversed`, which `Bidirectional` contains, needs an output for each step of a series whose length varies, such as \
             `AllStates`",
        ))
    } else {
        L::PADDED_FAULT
    };

    never!(L::Frame, L::Emitted);
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use crate::{check, layers::Causal, prelude::*};

    /// Also of layers that save their output, and of several.
    #[test]
    fn gradients() {
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
