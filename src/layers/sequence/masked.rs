//! Series of lengths that vary.

use core::{marker::PhantomData, mem::MaybeUninit, slice};

use super::Ends;
use crate::{
    Pair, Parameters, Rng, Tensor, Zeroed,
    activation::Linear,
    kernel::{Element as _, Simd, copy, map_each},
    layer::{Description, Ending, Invalid, Layer, Link, Operations, Path, Predictions, VisitGradient, first_fault},
    message::Message,
    stream::Streaming,
};

/// The layer `L`, or a sequence of layers, over the first steps of a series, whose number varies from sample to sample. A
/// sample is a `Pair` of the series and its length; the steps after it are padding, and have no influence.
///
/// `L` outputs a series, of which `E` makes the output. It is [`LastStep`](super::LastStep) by default,
/// [`BothEnds`](super::BothEnds) of a [`Bidirectional`](super::Bidirectional) layer, or the
/// [`Average`](crate::layers::Average) or [`Max`](crate::layers::Max) of the steps up to the length. With
/// [`AllSteps`](super::AllSteps), the output is the series, for a label of each step.
///
/// x: `Pair<[[T; FEATURES]; STEPS], T>`; y: `[T; CHANNELS]`, or `[[T; CHANNELS]; STEPS]` with `AllSteps`. A length that
/// is not a whole number from 1 to `STEPS`, or too short for an output of `L`, is an error in training and evaluation,
/// [`TrainError::Length`](crate::train::TrainError::Length), and makes a prediction NaN. [`pad`](crate::data::pad)
/// makes samples.
///
/// ```
/// use shiplap::{Pair, layers::Masked, prelude::*};
///
/// #[network(input = Pair<[[f32; 2]; 5], f32>)]
/// type Net = (Masked<(Conv1d<_, 4, 3, Relu, Causal>, Gru<_, 8, AllStates>)>, Dense<_, 3, Softmax>);
///
/// let net = Net::new(1);
/// let [short, other] = [9.0, -7.0].map(|padding| [[0.5, 0.1], [0.2, 0.3], [padding; 2], [padding; 2], [padding; 2]]);
/// assert_eq!(net.predict(&Pair(short, 2.0)), net.predict(&Pair(other, 2.0)));
/// ```
///
/// The layers of `L` are those of a [`Stream`](crate::stream::Stream), in which an output depends only on steps before
/// it, and layers that stop at the length: [`MultiHeadAttention`](super::MultiHeadAttention) and
/// [`TransformerBlock`](super::TransformerBlock) attend to the steps up to it, and
/// [`Bidirectional`](super::Bidirectional) layers with `AllStates` start backwards from it. The outputs are those of a
/// series without padding, bit for bit. With a stride or a window, the steps of the output count up to the length as
/// those of a stream. A layer that trains with the statistics of the batch, which would be those of the padding, is a
/// compile error, unless it is [`Frozen`](crate::layers::Frozen).
///
/// A stream, which has no padding, takes frames without a length. After each one, it outputs the result for the series so
/// far: with `Average`, the mean of all outputs of `L` since the last reset. A model in ONNX, whose input is also a pair,
/// does not check the lengths.
#[derive(Parameters)]
#[parameters(element = L::Element, kind = Message::new().text("Masked<").text(E::NAME).text(">"))]
pub struct Masked<L: Layer, E: Ends = super::LastStep> {
    /// The layer.
    #[layer]
    pub layer: L,
    end: PhantomData<fn() -> E>,
}

impl<L: Layer + Streaming, E: Ends> Masked<L, E> {
    const MISUSE: Option<Message> = {
        let message = Message::naming(Self::KIND.as_str());
        if L::Output::RANK != 2 {
            let message = message.text("takes layers that output a series: a recurrent layer with `AllStates`");
            Some(message.text("; `BothEnds` then takes the last state of each direction of `Bidirectional`"))
        } else if L::OUTLINE.has_running_statistics() {
            Some(message.text("has no place for `BatchNorm`, whose statistics would be those of the padding"))
        } else {
            None
        }
    };

    /// Layers that stop at the length need that of their own input.
    const OTHER_STEPS: Option<Message> = if L::OUTLINE.looking_ahead().is_some() && (L::DELAY != 0 || L::PERIOD != 1) {
        let message = Message::naming(Self::KIND.as_str());
        Some(message.text("has layers that look ahead, beside a stride or a window that outputs fewer steps"))
    } else {
        None
    };

    const CHANNELS: usize = <L::Output as Tensor>::Row::LEN;

    /// The number of steps of the output that belong to a sample, or `None` if its length is impossible.
    #[inline(always)]
    fn steps(Pair(_, length): &Pair<L::Input, L::Element>) -> Option<usize> {
        let length = length.to_f64();
        let steps = length as usize;
        let possible = steps as f64 == length && steps > L::DELAY && steps <= L::Input::AXES[0];
        possible.then(|| (steps - 1 - L::DELAY) / L::PERIOD + 1)
    }

    /// The lengths of the samples, for layers that look ahead.
    #[inline(always)]
    fn lengths<const B: usize>(x: &[Pair<L::Input, L::Element>]) -> [usize; B] {
        let mut lengths = [0; B];
        lengths.iter_mut().zip(x).for_each(|(length, x)| *length = Self::steps(x).unwrap_or(0));
        lengths
    }

    /// Makes the outputs of the states of each sample.
    #[inline(always)]
    fn end(x: &[Pair<L::Input, L::Element>], states: &[L::Output], y: &mut [E::Output<L::Output>]) {
        for ((x, states), y) in x.iter().zip(states).zip(y) {
            let (states, y) = (Tensor::flat(slice::from_ref(states)), Tensor::flat_mut(slice::from_mut(y)));
            match Self::steps(x).and_then(|steps| states.get(..steps * Self::CHANNELS)) {
                Some(states) => E::end(states, y),
                None => y.fill(L::Element::from_f64(f64::NAN)),
            }
        }
    }
}

/// Copies the steps of each sample up to its length, and zeros instead of the padding: a number that no layer takes, such
/// as NaN, would have a gradient.
#[inline(always)]
fn series<X: Tensor>(x: &[Pair<X, X::Element>], series: &mut [X]) {
    for (Pair(from, length), to) in x.iter().zip(series) {
        let (from, to) = (X::flat(slice::from_ref(from)), X::flat_mut(slice::from_mut(to)));
        let count = (length.to_f64() as usize).saturating_mul(X::LEN / if X::RANK == 0 { 1 } else { X::AXES[0] });
        let (taken, padding) = to.split_at_mut(count.min(from.len()));
        copy(from, taken);
        padding.fill(X::Element::from_f64(0.0));
    }
}

impl<L: Layer + Streaming, E: Ends> Layer for Masked<L, E> {
    type Input = Pair<L::Input, L::Element>;
    type Output = E::Output<L::Output>;
    /// Those of the layer, with its inputs, outputs and the gradients with respect to them.
    type Tape<const B: usize> = (Link<L::Tape<B>, L::Output, B>, [L::Input; B], [L::Input; B]);
    type Head = Linear;

    /// It does not read the padding.
    const LOOKS_AHEAD: Option<bool> = Some(false);
    const MACS: usize = L::MACS;
    const FAULT: Option<Message> =
        first_fault(&[L::FAULT, Self::MISUSE, L::OUTLINE.stateful_fault("Masked"), L::PADDED_FAULT, Self::OTHER_STEPS]);
    const TAKES_WHOLE: bool = L::TAKES_WHOLE;
    /// The series without its length.
    const INSIDE: usize = size_of::<L::Input>();

    /// Numbers of the padding are not given to the layer.
    #[inline(always)]
    fn invalid(x: &Self::Input) -> Option<Invalid> {
        let Pair(series, length) = x;
        let length = length.to_f64();
        if Self::steps(x).is_none() {
            let (least, most) = (L::DELAY + 1, L::Input::AXES[0]);
            return Some(Invalid::Length { place: L::Input::LEN, length, least, most });
        }
        let count = length as usize * (L::Input::LEN / L::Input::AXES[0]);
        L::invalid(series).filter(|invalid| invalid.place() < count)
    }

    #[inline(always)]
    fn forward_batch<S: Simd, N: Ending, const B: usize>(&self, simd: S, x: &[Self::Input], y: &mut [Self::Output]) {
        let (mut inputs, mut states) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let inputs = &mut <[L::Input; B]>::zeroed_in(&mut inputs)[..x.len()];
        let states = &mut <[L::Output; B]>::zeroed_in(&mut states)[..x.len()];
        series(x, inputs);
        self.layer.forward_padded::<S, Predictions, B>(simd, &Self::lengths::<B>(x), inputs, states);
        Self::end(x, states, y);
    }

    #[inline(always)]
    fn record_batch<S: Simd, N: Ending, const B: usize>(
        &self,
        simd: S,
        rng: Option<&mut Rng>,
        x: &[Self::Input],
        (link, inputs, _): &mut Self::Tape<B>,
        y: &mut [Self::Output],
    ) {
        let (inputs, states) = (&mut inputs[..x.len()], &mut link.output[..x.len()]);
        series(x, inputs);
        L::set_lengths::<B>(&mut link.tape, &Self::lengths::<B>(x));
        self.layer.record_batch::<S, Predictions, B>(simd, rng, inputs, &mut link.tape, states);
        Self::end(x, states, y);
    }

    #[inline(always)]
    fn backward_batch<S: Simd, N: Ending, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        (link, inputs, of_inputs): &mut Self::Tape<B>,
        y: &[Self::Output],
        dy: &mut [Self::Output],
        dx: Option<&mut [Self::Input]>,
    ) {
        let (inputs, states) = (&inputs[..x.len()], &link.output[..x.len()]);
        let (gradients, of_inputs) = (&mut link.gradient[..x.len()], &mut of_inputs[..x.len()]);
        Tensor::flat_mut(gradients).fill(L::Element::from_f64(0.0));
        let rows = x.iter().zip(states).zip(y.iter().zip(&*dy));
        for (((x, states), (y, dy)), gradients) in rows.zip(&mut *gradients) {
            let [y, dy] = [y, dy].map(|row| Tensor::flat(slice::from_ref(row)));
            let (states, gradients) =
                (Tensor::flat(slice::from_ref(states)), Tensor::flat_mut(slice::from_mut(gradients)));
            let count = Self::steps(x).unwrap_or(0) * Self::CHANNELS;
            if let (Some(states), Some(gradients)) = (states.get(..count), gradients.get_mut(..count)) {
                E::end_backward(states, y, dy, gradients);
            }
        }
        let wanted = dx.is_some().then_some(&mut *of_inputs);
        self.layer.backward_batch::<S, Predictions, B>(simd, inputs, &mut link.tape, states, gradients, wanted);
        if let Some(dx) = dx {
            for (Pair(series, length), from) in dx.iter_mut().zip(&*of_inputs) {
                copy(slice::from_ref(from), slice::from_mut(series));
                *length = L::Element::from_f64(0.0);
            }
        }
    }

    #[inline(always)]
    fn gradient_batch<S: Simd, const B: usize>(
        &self,
        simd: S,
        x: &[Self::Input],
        (link, inputs, _): &mut Self::Tape<B>,
        _: &[Self::Output],
        gradient: &mut Self::Trainable,
    ) {
        let gradients = &link.gradient[..x.len()];
        self.layer.gradient_batch::<S, B>(simd, &inputs[..x.len()], &mut link.tape, gradients, &mut gradient.0);
    }

    #[inline(always)]
    fn visit_gradient<S: Simd, V: VisitGradient<L::Element, M>, const M: usize, const B: usize>(
        &mut self,
        simd: S,
        x: &[Self::Input],
        (link, inputs, _): &mut Self::Tape<B>,
        _: &[Self::Output],
        mut state: [&mut Self::Trainable; M],
        path: Path<'_>,
        visitor: &mut V,
    ) {
        let state = map_each(&mut state, |state| &mut state.0);
        let (inputs, gradients, path) = (&inputs[..x.len()], &link.gradient[..x.len()], path.join("layer"));
        self.layer.visit_gradient::<S, V, M, B>(simd, inputs, &mut link.tape, gradients, state, path, visitor);
    }

    fn operations<V: Operations<L::Element>>(&self, path: Path<'_>, operations: &mut V) {
        operations.of_length(path, L::Input::SHAPE);
        self.layer.operations(path.join("layer"), operations);
        operations.up_to_length(path, L::Output::SHAPE, E::END, [L::DELAY, L::PERIOD]);
    }

    fn describe(path: Path<'_>, show: &mut dyn FnMut(&Description<'_>)) {
        Description::around::<Self, L>(path, show);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::{
        check,
        layers::{
            AllStates, AllSteps, BothEnds, Branches, Causal, Concat,
            image::{Average, Max},
        },
        prelude::*,
    };

    /// Makes samples of random series, with a length that follows from their first number.
    #[derive(Layer)]
    #[parameters(element = f64)]
    struct WithLength;

    impl SimpleLayer for WithLength {
        type Input = [[f64; 2]; 6];
        type Output = Pair<[[f64; 2]; 6], f64>;
        type Tape = ();

        fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
            *y = Pair(*x, if x[0][0] > 0.0 { 6.0 } else { 3.0 });
        }

        fn backward<S: Simd>(
            &self,
            _: S,
            _: &Self::Input,
            (): &(),
            _: &Self::Output,
            dy: &Self::Output,
            dx: &mut Self::Input,
        ) {
            assert_eq!(dy.1, 0.0);
            *dx = dy.0;
        }
    }

    #[test]
    fn gradients() {
        #[network(input = [[f64; 2]; 6])]
        type Last = (WithLength, Masked<Gru<_, 3, AllStates>>);
        check::gradients::<Last>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type Mean =
            (WithLength, Masked<(Conv1d<_, 3, 2, Tanh>, Lstm<_, 2, AllStates>), Average>, Dense<_, 2, Linear, f64>);
        check::gradients::<Mean>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type Most = (WithLength, Masked<Conv1d<_, 3, 2, Sigmoid, Causal<2>>, Max>);
        check::gradients::<Most>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type Ahead = (
            WithLength,
            Masked<(TransformerBlock<_, 1, 3>, Bidirectional<Gru<_, 2, AllStates>>), Average>,
            Dense<_, 2, Linear, f64>,
        );
        check::gradients::<Ahead>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type Directions = (WithLength, Masked<Bidirectional<Gru<_, 2, AllStates>>, BothEnds>);
        check::gradients::<Directions>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type Each = (
            WithLength,
            Masked<(MultiHeadAttention<_, 1>, Bidirectional<Gru<_, 2, AllStates>>), AllSteps>,
            TimeDistributed<Dense<_, 2, Tanh, f64>, 6>,
        );
        check::gradients::<Each>().unwrap();
        #[network(input = [[f64; 2]; 6])]
        type EachSecond = (WithLength, Masked<Conv1d<_, 3, 2, Sigmoid, Causal<2>>, AllSteps>);
        check::gradients::<EachSecond>().unwrap();
    }

    /// The outputs are those of a network for a series of that length.
    #[test]
    fn the_padding_has_no_influence() {
        type Short = (Conv1d<[[f32; 2]; 4], 3, 2, Relu, Causal<2>, Bias, [[f32; 3]; 2]>, Gru<[[f32; 3]; 2], 5>);
        type Long = Masked<(
            Conv1d<[[f32; 2]; 9], 3, 2, Relu, Causal<2>, Bias, [[f32; 3]; 5]>,
            Gru<[[f32; 3]; 5], 5, AllStates>,
        )>;
        let (short, mut long) = (Short::new(1), Long::new(2));
        long.layer.0.kernel = short.0.kernel;
        long.layer.1.kernel = short.1.kernel;
        long.layer.1.recurrent_kernel = short.1.recurrent_kernel;
        let series: [[f32; 2]; 4] = [[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5], [1.0, 0.0]];
        for padding in [0.0, 7.0, f32::NAN] {
            let mut padded = [[padding; 2]; 9];
            padded[..4].copy_from_slice(&series);
            assert_eq!(long.predict(&Pair(padded, 4.0)), short.predict(&series));
            // The third step is due only with the fifth frame.
            assert_eq!(long.predict(&Pair(padded, 3.0)), long.predict(&Pair(padded, 4.0)));
        }
        for length in [0.0, -1.0, 2.5, 10.0, f32::NAN, f32::INFINITY] {
            assert!(long.predict(&Pair([[1.0; 2]; 9], length)).iter().all(|state| state.is_nan()), "{length}");
        }
    }

    /// The steps are those of a series of that length, and zeros after it. In training, the padding has no influence.
    #[test]
    fn all_steps_are_those_up_to_the_length() {
        #[network(input = [[f32; 2]; 3])]
        type Short = (TransformerBlock<_, 1, 4>, Bidirectional<Gru<_, 3, AllStates>>, Flatten<_>);
        #[network(input = Pair<[[f32; 2]; 5], f32>)]
        type Long = Masked<(TransformerBlock<_, 1, 4>, Bidirectional<Gru<_, 3, AllStates>>), AllSteps>;

        let series = [[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]];
        let samples = [0.0, 7.0, f32::NAN].map(|padding| {
            let mut padded = [[padding; 2]; 5];
            padded[..3].copy_from_slice(&series);
            Pair(padded, 3.0)
        });
        let y = Short::new(1).predict(&series);
        for sample in &samples {
            let padded = Long::new(1).predict(sample);
            assert_eq!((padded[..3].as_flattened(), &padded[3..]), (&y[..], &[[0.0; 6]; 2][..]));
        }

        let labels: [f32; 18] = core::array::from_fn(|number| number as f32 / 20.0 - 0.4);
        let mut short = Trainer::<Short, MeanSquaredError, Sgd, 1>::boxed(Sgd::new(0.1), 1);
        (0..9).for_each(|_| assert!(short.step(&[series], &[labels]).is_ok()));
        let trained = samples[..2].iter().map(|sample| {
            let mut long = Trainer::<Long, EachStep<MeanSquaredError>, Sgd, 1>::boxed(Sgd::new(0.1), 1);
            let mut padded = [[sample.0[4][0]; 6]; 5];
            padded[..3].as_flattened_mut().copy_from_slice(&labels);
            (0..9).for_each(|_| assert!(long.step(&[*sample], &[(padded, 3)]).is_ok()));
            long.predict(sample)
        });
        let trained: Vec<_> = trained.collect();
        assert_eq!(trained[0], trained[1]);
        let steps = trained[0].as_flattened().iter();
        assert!(short.predict(&series).iter().zip(steps).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    /// A number that a branch does not take is found even if another branch does not take the padding.
    #[test]
    fn padding_hides_no_invalid_number() {
        #[network(input = Pair<[f32; 4], f32>)]
        type Net = Masked<(Branches<Embedding<_, 10, 2>, Embedding<_, 5, 2>, Concat>, Gru<_, 3, AllStates>)>;

        let invalid = |numbers| Net::invalid(&Pair(numbers, 3.0));
        let found = |place, number, vocabulary| Some(Invalid::Vocabulary { place, number, vocabulary });
        assert_eq!(invalid([7.0, 3.0, 1.0, 20.0]), found(0, 7.0, 5));
        assert_eq!(invalid([4.0, 11.0, 5.0, 0.0]), found(1, 11.0, 10));
        assert_eq!(invalid([4.0, 3.0, 1.0, 20.0]), None);
    }

    /// The statistics of a frozen layer are not those of the padding.
    #[test]
    fn frozen_batch_norms_act_on_each_step() {
        type Frame = Frozen<BatchNorm<[[f32; 2]; 4], Tanh>>;
        type Net = (Masked<(Frame, Gru<[[f32; 2]; 4], 3, AllStates>)>, Dense<3, 1>);
        let samples = [0.0, 50.0].map(|padding| Pair([[0.5, -1.0], [2.0, 0.25], [padding; 2], [padding; 2]], 2.0));
        let [one, other] = samples.map(|sample| {
            let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 1>::boxed(Sgd::new(0.1), 1);
            trainer.network_mut().0.layer.0.layer.mean = [1.0, -1.0];
            trainer.step(&[sample], &[[0.5f32]]).unwrap();
            assert_eq!(trainer.network().0.layer.0.layer.mean, [1.0, -1.0]);
            trainer.predict(&sample)
        });
        assert_eq!(one, other);
        type Each = TimeDistributed<(Dense<2, 3>, Frozen<BatchNorm<[f32; 3]>>), 4>;
        assert!(Each::FAULT.is_none() && TimeDistributed::<BatchNorm<[f32; 3]>, 4>::FAULT.is_some());
    }

    /// A window without zeros before the series outputs its first step with the last frame that it reads.
    #[test]
    fn steps_are_counted_from_the_first_whole_window() {
        type Short = (Conv1d<[[f32; 2]; 4], 3, 3, Tanh, Valid, Bias, [[f32; 3]; 2]>, Gru<[[f32; 3]; 2], 5>);
        type Long =
            Masked<(Conv1d<[[f32; 2]; 9], 3, 3, Tanh, Valid, Bias, [[f32; 3]; 7]>, Gru<[[f32; 3]; 7], 5, AllStates>)>;
        let (short, mut long) = (Short::new(1), Long::new(2));
        long.layer.0.kernel = short.0.kernel;
        long.layer.1.kernel = short.1.kernel;
        long.layer.1.recurrent_kernel = short.1.recurrent_kernel;
        let mut padded = [[f32::NAN; 2]; 9];
        padded[..4].copy_from_slice(&[[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5], [1.0, 0.0]]);
        assert_eq!(long.predict(&Pair(padded, 4.0)), short.predict(padded.first_chunk::<4>().unwrap()));
        assert!(long.predict(&Pair([[1.0; 2]; 9], 2.0)).iter().all(|state| state.is_nan()));
    }

    #[test]
    fn means_and_maxima_are_those_of_the_steps() {
        type Series = Pair<[[f64; 2]; 4], f64>;
        type Same = Activate<Linear, [[f64; 2]; 4]>;
        let x: Series = Pair([[1.0, -2.0], [3.0, -4.0], [8.0, 9.0], [9.0, 9.0]], 2.0);
        assert_eq!(Masked::<Same, Average>::new(1).predict(&x), [2.0, -3.0]);
        assert_eq!(Masked::<Same, Max>::new(1).predict(&x), [3.0, -2.0]);
        assert_eq!(Masked::<Same>::new(1).predict(&x), [3.0, -4.0]);
        assert_eq!(Masked::<Same, BothEnds>::new(1).predict(&x), [3.0, -2.0]);
    }

    #[test]
    fn the_padding_is_not_read() {
        use crate::layers::{AllStates, Average, Bidirectional, Gru};

        #[network(input = [[f32; 2]; 3])]
        type States = Bidirectional<Gru<_, 4, AllStates>>;
        assert!(<States as Layer>::OUTLINE.looking_ahead().is_some());
        assert!(Masked::<States, Average>::OUTLINE.looking_ahead().is_none());
    }
}
