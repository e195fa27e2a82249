//! Streams: each layer and compositions of them compute, frame by frame, the bits of the network for whole series.

mod common;
#[path = "common/frames.rs"]
mod frames;

use frames::{bits, drawn, fill, frames, same_bits};
use shiplap::{
    Pair, Rng, Tensor, include_model,
    layers::{
        AllSteps, Average, Both, BothEnds, Branches, Concat, Constant, First, GroupNorm, Identity, LastStep, LayerNorm,
        Masked, Max, Multiply, RmsNorm, Second, TimeDistributed,
    },
    prelude::*,
    quantized::{Entrance, Int8Layer, Int8Tensor, Quantize, Quantized},
    stream::Streaming,
};

/// Compares the outputs of a stream beyond the series of its type with those of a network of longer series. The last vector
/// is that of all frames, the end of it for `Flatten`, or, without memory, that of a series of the last frames.
fn goes_on<N: Network + Streaming<Frame: Tensor, Emitted: Tensor>, Long: Network<Input: Tensor<Element = N::Element>>>()
where
    N::Frame: Tensor<Element = N::Element>,
{
    let (network, long, x) = (drawn::<N>(5), drawn::<Long>(5), fill::<Long::Input>(&mut Rng::new(2)));
    let mut stream = Stream::<N>::new();
    let outputs: Vec<_> = frames(&x).iter().filter_map(|frame| stream.push(&network, frame)).collect();
    let expected = bits(&long.predict(&x));
    if N::Output::RANK == 1 {
        assert!(outputs.len() > 1);
        let (frames, last) =
            (Long::Input::flat(std::slice::from_ref(&x)), outputs.last().map(bits).unwrap_or_default());
        let mut end = N::Input::zeroed_on_stack();
        let numbers = N::Input::flat_mut(std::slice::from_mut(&mut end));
        numbers.copy_from_slice(&frames[frames.len() - N::Input::LEN..]);
        assert!(expected.ends_with(&last) || bits(&network.predict(&end)) == last);
    } else {
        assert_eq!(outputs.iter().flat_map(bits).collect::<Vec<_>>(), expected);
    }
}

/// Each line: the layers. They run over series of 13 and of 29 steps, of 3 features, in `f32` and in `f64`.
macro_rules! series {
    ($($name:ident: $layers:ty;)*) => {
        $(#[test]
        fn $name() {
            #[network(input = [[f32; 3]; 13])]
            type Short = $layers;
            #[network(input = [[f32; 3]; 29])]
            type Long = $layers;
            #[network(input = [[f64; 3]; 13])]
            type ShortInF64 = $layers;
            #[network(input = [[f64; 3]; 29])]
            type LongInF64 = $layers;

            common::at_every_level(|_| {
                same_bits::<Short>();
                same_bits::<ShortInF64>();
                goes_on::<Short, Long>();
                goes_on::<ShortInF64, LongInF64>();
            });
        })*
    };
}
series! {
    conv1d_valid: (Conv1d<_, 5, 4>,);
    conv1d_valid_strided: (Conv1d<_, 17, 4, Relu, Valid<3>>,);
    conv1d_valid_dilated: (Conv1d<_, 9, 3, Tanh, Valid<1, 4>, NoBias>,);
    conv1d_causal: (Conv1d<_, 40, 5, Gelu, Causal>,);
    conv1d_causal_strided: (Conv1d<_, 1, 2, Sigmoid, Causal<4>>,);
    conv1d_causal_dilated: (Conv1d<_, 8, 3, Relu, Causal<1, 3>>,);
    conv1d_all: (Conv1d<_, 6, 3, Softmax, Causal<2, 3>>,);
    conv1d_stride_over_window: (Conv1d<_, 6, 2, Linear, Valid<5>>,);
    conv1d_pointwise: (Conv1d<_, 21, 1, Relu, Same>,);
    depthwise_valid: (DepthwiseConv1d<_, 4, Relu, Valid<3>, NoBias>, DepthwiseConv1d<_, 2>);
    depthwise_causal: (DepthwiseConv1d<_, 5, Gelu, Causal>, Conv1d<_, 40, 1>, DepthwiseConv1d<_, 3, Softmax, Causal<2, 3>>);
    simple_rnn: (SimpleRnn<_, 7>,);
    simple_rnn_all: (SimpleRnn<_, 19, AllStates>,);
    gru: (Gru<_, 6>,);
    gru_all: (Gru<_, 33, AllStates>,);
    lstm: (Lstm<_, 6>,);
    lstm_all: (Lstm<_, 16, AllStates>,);
    activate: (Activate<Softmax, _>, Activate<HardSwish, _>);
    dropout: (Dropout<_, 30>, SpatialDropout<_, 20>);
    batch_norm: (BatchNorm<_, Tanh>,);
    layer_norm: (LayerNorm<_, Silu>,);
    rms_norm: (RmsNorm<_, Relu>,);
    max_pool: (MaxPool1d<_, 3>,);
    max_pool_causal: (MaxPool1d<_, 4, Causal<2>>,);
    average_pool: (AveragePool1d<_, 2, Valid<3>>,);
    average_pool_causal: (AveragePool1d<_, 3, Causal<1, 2>>,);
    global_average: (GlobalAveragePool<_>,);
    global_max: (Conv1d<_, 5, 3>, GlobalMaxPool<_>);
    flatten: (Conv1d<_, 5, 3, Relu, Causal<2>>, Flatten<_>);
    residual: (Residual<(Conv1d<_, 5, 3, Relu, Causal>, Conv1d<_, 3, 3, Linear, Causal<1, 2>>), Relu>,);
    residual_with_weights: (Residual<Conv1d<_, 5, 3, Relu, Causal<2>>, Relu, Conv1d<_, 5, 1, Linear, Valid<2>>>,);
    concat: (Branches<Conv1d<_, 5, 3, Relu>, MaxPool1d<_, 3, Valid>, Concat>,);
    multiply: (Branches<Conv1d<_, 5, 2, Sigmoid, Causal>, Conv1d<_, 5, 1>, Multiply<Tanh>>,);
    time_distributed: (TimeDistributed<(LayerNorm<_, Tanh>, Activate<Softmax, _>)>, Conv1d<_, 4, 3>);
    frozen: (Frozen<(Conv1d<_, 4, 3>, Gru<_, 5>)>,);
}

/// Each line: the input and the layers.
macro_rules! networks {
    ($($name:ident: $input:ty, $layers:ty;)*) => {
        $(#[test]
        fn $name() {
            #[network(input = $input)]
            type Net = $layers;
            common::at_every_level(|_| same_bits::<Net>());
        })*
    };
}
networks! {
    gestures: [[f32; 6]; 50],
        (BatchNorm<_>, Conv1d<_, 16, 5, Relu, Causal<2>>, Dropout<_, 20>, Gru<_, 24>, Dense<_, 4, Softmax>);
    each_frame: [[f32; 6]; 20],
        (TimeDistributed<(Dense<_, 9, Tanh>, Dropout<_, 20>, Dense<_, 5>)>, Gru<_, 7>, Dense<_, 4, Softmax>);
    dilated: [[f32; 1]; 64],
        (
            Conv1d<_, 8, 2, Relu, Causal>,
            Residual<(Conv1d<_, 8, 2, Relu, Causal<1, 2>>, BatchNorm<_>), Relu>,
            Residual<(Conv1d<_, 8, 2, Relu, Causal<1, 4>>, LayerNorm<_>), Relu>,
            Residual<(Conv1d<_, 8, 2, Relu, Causal<1, 8>>, Dropout<_, 50>), Relu>,
            Conv1d<_, 3, 1>,
        );
    pooled: [[f32; 9]; 40],
        (Conv1d<_, 12, 3>, MaxPool1d<_, 2>, Conv1d<_, 12, 3, Elu>, AveragePool1d<_, 2>, GlobalAveragePool<_>, Dense<_, 5>);
    stacked: [[f32; 4]; 20],
        ((Lstm<_, 8, AllStates>, Activate<Relu, _>), (Lstm<_, 9, AllStates>, Conv1d<_, 3, 4>), Flatten<_>, Dense<_, 2>);
    norms: [[f32; 4]; 9], (Flatten<_>, GroupNorm<_, 6, Relu>, Regularized<Dense<_, 8>, L2<1, -3>>, Activate<Softmax, _>);
    spectrogram: Image<20, 10, 1>,
        (Conv2d<_, 8, 4, Relu, Valid<2>>, MaxPool2d<_, 2, Valid<1>>, Flatten<_>, Dense<_, 12, Softmax>);
    separable: Image<30, 1, 40>,
        (
            (DepthwiseConv2d<_, 3, Linear, Valid, Bias, 1>, Conv2d<_, 32, 1, Relu>),
            (DepthwiseConv2d<_, 5, Linear, Valid, Bias, 1>, Conv2d<_, 16, 1, Relu>),
            GlobalMaxPool<_>,
            Dense<_, 3, Softmax>,
        );
    columns_of_any_padding: Image<16, 9, 2>,
        (
            Conv2d<_, 6, 3, Relu, Padded<0, 1, 1, 2, 2>>,
            DepthwiseConv2d<_, 3, Tanh, Causal<2, 1, 1>>,
            AveragePool2d<_, 2, Causal>,
            BatchNorm<_>,
            Reshape<_, [[f32; 36]; 7]>,
            Gru<_, 4>,
        );
    each_step: [Image<5, 4, 2>; 6],
        (TimeDistributed<(Conv2d<_, 3, 2, Relu, Same>, GlobalAveragePool<_>, Dense<_, 5, Tanh>)>, Gru<_, 3>);
    attention: [[f32; 24]; 17], (MultiHeadAttention<_, 3, Causal>,);
    transformer: [[f32; 8]; 20],
        (
            LearnedPositions<_>,
            TransformerBlock<_, 2, 24, Causal>,
            TransformerBlock<_, 4, 16, Causal, Rotary>,
            SinusoidalPositions<_>,
            Conv1d<_, 9, 1, Softmax>,
        );
    columns_of_images: Image<11, 5, 2>,
        (ZeroPad2d<_, 0, 0, 1, 2>, Conv2d<_, 4, 3, Relu, Causal>, UpSample2d<_, 1, 2>, Crop2d<_, 3, 0, 1, 2>, Resize2d<_, 8, 7>);
    classes_of_frames: [[f32; 3]; 9],
        (TimeDistributed<(OneHot<_, 1, 4, 6>, Dense<_, 5, Tanh>)>, Conv1d<_, 4, 2>);
    constants: [[f32; 3]; 9], (Branches<Identity<_>, Constant<_, [f32; 3]>, Multiply<Tanh>>, Gru<_, 2>);
    two_outputs: [[f32; 3]; 12], (Branches<Gru<_, 4>, (GlobalAveragePool<_>, Dense<_, 2>), Both>,);
}

/// A frame of whole numbers is one of them.
#[test]
fn texts_are_streamed() {
    common::at_every_level(|_| {
        #[network(input = [f32; 9])]
        type Net = (Embedding<_, 20, 6>, Gru<_, 5, AllStates>, Conv1d<_, 20, 2, Softmax, Causal>);
        let (network, mut stream) = (drawn::<Net>(2), Stream::<Net>::new());
        let text = [3.0, 0.0, 19.0, 7.0, 7.0, 1.0, 12.0, 2.0, 5.0];
        assert_eq!(text.map(|letter| stream.push(&network, &letter).unwrap()), network.predict(&text));
        assert!(stream.push(&network, &20.0).unwrap()[0].is_nan());
    });
}

/// Beyond the sequence of its type, a frame attends to the last ones, whose positions are relative to each other.
#[test]
fn attention_goes_on_with_the_last_frames() {
    common::at_every_level(|_| {
        #[network(input = [[f32; 8]; 6])]
        type Net = (MultiHeadAttention<_, 2, Causal, Rotary>,);
        let (network, mut stream) = (drawn::<Net>(1), Stream::<Net>::new());
        let x: [[f32; 8]; 15] = fill(&mut Rng::new(3));
        for (number, frame) in x.iter().enumerate() {
            let y = stream.push(&network, frame).unwrap();
            if let Some(last) = x[..=number].last_chunk() {
                assert_eq!(y, network.predict::<[[f32; 8]; 6]>(last)[5]);
            }
        }
    });
}

#[derive(Network)]
struct Named {
    norm: LayerNorm<[[f32; 3]; 10]>,
    hidden: Gru<[[f32; 3]; 10], 5, AllStates>,
    last: Lstm<[[f32; 5]; 10], 2>,
}

#[test]
fn structs_are_streamed() {
    common::at_every_level(|_| {
        same_bits::<Named>();
        #[derive(Network)]
        struct Of<L: Network> {
            first: Conv1d<[[f32; 3]; 10], 5, 1, Relu, Valid, Bias, [[f32; 5]; 10]>,
            rest: L,
        }
        same_bits::<Of<Gru<[[f32; 5]; 10], 4>>>();
    });
}

#[test]
fn frames_of_pairs_are_pairs_of_frames() {
    common::at_every_level(|_| {
        #[network(input = Pair<[[f32; 3]; 12], [[f32; 2]; 12]>)]
        type Net =
            (Branches<(First<_>, Conv1d<_, 4, 3, Relu>), (Second<_>, MaxPool1d<_, 3, Valid>), Concat>, Gru<_, 5>);

        let (network, mut stream) = (drawn::<Net>(3), Stream::<Net>::new());
        let x: Pair<[[f32; 3]; 12], [[f32; 2]; 12]> = fill(&mut Rng::new(1));
        let mut last = None;
        for (a, b) in x.0.into_iter().zip(x.1) {
            last = stream.push(&network, &Pair(a, b));
        }
        assert_eq!(last, Some(network.predict(&x)));
    });
}

/// After each frame, the output is that for the series up to it, whatever the end of the series.
#[test]
fn series_of_any_length_are_streamed() {
    macro_rules! end {
        ($end:ty) => {{
            #[network(input = Pair<[[f32; 3]; 9], f32>)]
            type Net = (Masked<(Conv1d<_, 4, 3, Relu>, Gru<_, 5, AllStates>), $end>, Dense<_, 2>);
            let (network, mut stream, mut rng) = (drawn::<Net>(3), Stream::<Net>::new(), Rng::new(1));
            for _ in 0..2 {
                let x: [[f32; 3]; 9] = fill(&mut rng);
                for (frame, length) in x.iter().zip(1u8..) {
                    let expected = (length > 2).then(|| network.predict(&Pair(x, f32::from(length))));
                    assert_eq!(stream.push(&network, frame), expected);
                }
                stream.reset();
            }
        }};
    }
    common::at_every_level(|_| {
        end!(LastStep);
        end!(BothEnds);
        end!(Average);
        end!(Max);

        #[network(input = Pair<[[f32; 3]; 9], f32>)]
        type Each = Masked<(Conv1d<_, 4, 3, Relu>, Gru<_, 5, AllStates>), AllSteps>;
        let (network, mut stream) = (drawn::<Each>(3), Stream::<Each>::new());
        let x: [[f32; 3]; 9] = fill(&mut Rng::new(1));
        let steps: Vec<_> = x.iter().filter_map(|frame| stream.push(&network, frame)).collect();
        assert_eq!(network.predict(&Pair(x, 9.0))[..], steps);
    });
}

/// The last state is that of all frames, however many. A window is that of the last ones.
#[test]
fn vectors_follow_each_frame() {
    common::at_every_level(|_| {
        type States = Lstm<[[f32; 2]; 5], 3>;
        type LongStates = Lstm<[[f32; 2]; 9], 3>;
        type Window =
            (Conv1d<[[f32; 2]; 5], 3, 2, Relu, Valid, Bias, [[f32; 3]; 4]>, Flatten<[[f32; 3]; 4], [f32; 12]>);
        type Mean = GlobalAveragePool<[[f32; 2]; 5]>;
        let x: [[f32; 2]; 9] = fill(&mut Rng::new(4));

        let (states, long, mut stream) = (drawn::<States>(1), drawn::<LongStates>(1), Stream::<States>::new());
        assert_eq!(x.iter().filter_map(|frame| stream.push(&states, frame)).count(), 5);
        stream.reset();
        assert_eq!(x.iter().map(|frame| stream.push(&states, frame)).last(), Some(Some(long.predict(&x))));

        let (window, mut stream) = (drawn::<Window>(1), Stream::<Window>::new());
        let (mean, mut means) = (Mean::new(1), Stream::<Mean>::new());
        for (number, frame) in x.iter().enumerate() {
            let last: Option<&[[f32; 2]; 5]> = x[..=number].last_chunk();
            assert_eq!(stream.push(&window, frame), last.map(|last| window.predict(last)));
            assert_eq!(means.push(&mean, frame), last.map(|last| mean.predict(last)));
        }
    });
}

#[test]
fn streams_go_on_from_a_copy_of_their_state() {
    common::at_every_level(|_| {
        #[network(input = [[f32; 3]; 20])]
        type Net = (Conv1d<_, 4, 3, Relu, Valid<2, 2>>, MaxPool1d<_, 2, Causal>, Gru<_, 4, AllStates>);
        let (network, mut rng) = (drawn::<Net>(1), Rng::new(1));
        let mut stream = Stream::<Net>::new();
        for _ in 0..20 {
            stream.push(&network, &fill(&mut rng));
            let (mut copy, frames) = (stream, [(); 9].map(|()| fill::<[f32; 3]>(&mut rng)));
            let mut other = stream;
            let first = frames.map(|frame| copy.push(&network, &frame));
            assert_eq!(frames.map(|frame| other.push(&network, &frame)), first);
            assert!(first.iter().any(Option::is_some));
        }
    });
}

/// A stream keeps the frames before the newest of each window, and a counter.
#[test]
fn states_are_small() {
    #[network(input = [[f32; 3]; 32])]
    type Net = (Conv1d<_, 8, 5, Relu, Causal>, Conv1d<_, 4, 3, Relu, Causal<1, 4>>, Conv1d<_, 2, 1>, Activate<Tanh, _>);
    let (counter, number) = (size_of::<usize>(), size_of::<f32>());
    assert_eq!(Stream::<Net>::BYTES, (4 * 3 + 2 * 4 * 8) * number + 3 * counter);
    assert_eq!(Stream::<Net>::MACS, 3 * 5 * 8 + 8 * 3 * 4 + 4 * 2);
    assert_eq!(Net::MACS, 32 * Stream::<Net>::MACS);
}

/// Compares the int8 outputs for the frames of a random series with those for the series.
fn same_int8<N>()
where
    N: Network<Element = f32> + Quantize<Int8: Streaming<Frame: Int8Tensor, Emitted: Int8Tensor>> + 'static,
    N::Int8: Int8Layer<Input = <N::Input as Tensor>::Int8>,
{
    let (network, mut rng) = (drawn::<N>(3), Rng::new(6));
    let samples: Vec<N::Input> = (0..5).map(|_| fill(&mut rng)).collect();
    let int8 = Quantized::<N>::calibrate(&network, &samples).unwrap();
    let mut stream = Stream::<Quantized<N>>::new();
    for x in &samples {
        let mut q = <N::Input as Tensor>::Int8::zeroed_on_stack();
        q.enter(x, int8.input);
        let (mut emitted, mut first) = (Vec::new(), None);
        let numbers = Int8Tensor::flat(std::slice::from_ref(&q));
        for (number, numbers) in numbers.chunks(<N::Int8 as Streaming>::Frame::LEN).enumerate() {
            let mut frame = <N::Int8 as Streaming>::Frame::zeroed_on_stack();
            Int8Tensor::flat_mut(std::slice::from_mut(&mut frame)).copy_from_slice(numbers);
            if let Some(y) = stream.push(&*int8, &frame) {
                first = first.or(Some(number));
                emitted.extend_from_slice(Int8Tensor::flat(&[y]));
            }
        }
        assert_eq!(first, Some(Stream::<Quantized<N>>::DELAY));
        assert_eq!(emitted, Int8Tensor::flat(&[int8.predict_int8(&q)]));
        stream.reset();
    }
}

macro_rules! int8 {
    ($($name:ident: $input:ty, $layers:ty;)*) => {
        mod int8 {
            use super::*;
            $(#[test]
            fn $name() {
                #[network(input = $input)]
                type Net = $layers;
                common::at_every_level(|_| same_int8::<Net>());
            })*
        }
    };
}
int8! {
    conv1d: [[f32; 5]; 21], (Conv1d<_, 8, 3, Relu, Causal<2>>, Conv1d<_, 7, 2, Tanh, Causal<1, 3>>, Conv1d<_, 9, 3, Relu6, Valid<3>>);
    depthwise: [[f32; 5]; 21],
        (
            DepthwiseConv1d<_, 3, Relu, Causal<2>>,
            Conv1d<_, 20, 1, Relu>,
            DepthwiseConv1d<_, 4, Tanh, Causal<1, 2>>,
            DepthwiseConv1d<_, 2, Relu6, Valid<2>, NoBias>,
        );
    pools: [[f32; 6]; 24],
        (MaxPool1d<_, 3, Causal>, AveragePool1d<_, 3, Causal<2>>, MaxPool1d<_, 2>, AveragePool1d<_, 2, Valid<1, 2>>);
    global_average: [[f32; 4]; 9], (Conv1d<_, 5, 3, HardSwish>, GlobalAveragePool<_>, Dense<_, 4, Softmax>);
    global_max: [[f32; 4]; 9], (Activate<Tanh, _>, Dropout<_, 20>, GlobalMaxPool<_>, Dense<_, 4, Sigmoid>);
    residual: [[f32; 4]; 12],
        (Residual<(Conv1d<_, 4, 3, Relu, Causal>, Conv1d<_, 4, 2, Linear, Causal>), Relu>, Flatten<_>, Dense<_, 2>);
    recurrent: [[f32; 4]; 12], (Conv1d<_, 6, 3, Relu>, Gru<_, 7, AllStates>, Lstm<_, 5>, Dense<_, 3, Softmax>);
    concat: [[f32; 4]; 12],
        (Branches<Conv1d<_, 5, 3, Relu>, MaxPool1d<_, 3, Valid>, Concat>, Reshape<_, Image<10, 3, 3>>, Conv2d<_, 4, 2>);
    images: Image<20, 9, 3>,
        (
            Conv2d<_, 8, 3, Relu, Causal<2, 1, 1>>,
            DepthwiseConv2d<_, 3, Relu, Padded<0, 1, 1, 1>>,
            DepthwiseConv2d<_, 2, Relu, Valid<2>>,
            MaxPool2d<_, 2, Valid<1>>,
            Flatten<_>,
            Dense<_, 3, Softmax>,
        );
    columns_of_images: Image<11, 5, 2>,
        (ZeroPad2d<_, 0, 0, 1, 2>, Conv2d<_, 4, 3, Relu, Causal>, UpSample2d<_, 1, 2>, Crop2d<_, 3, 0, 1, 2>, Resize2d<_, 8, 7>);
    constants: [[f32; 3]; 9], (Branches<Identity<_>, Constant<_, [f32; 3]>, Multiply>, Gru<_, 2>);
}

include_model! {
    static WAKE_WORD: WakeWord = "../data/mlperf_tiny/sww_int8.tflite";
}

const_assert!(Stream::<WakeWord>::BYTES <= 4096);

/// The wake word of MLPerf Tiny, once for each frame, is that of the last 30 frames.
#[test]
fn the_wake_word_is_streamed() {
    assert_eq!((Stream::<WakeWord>::MACS, Stream::<WakeWord>::DELAY), (46_040, 29));
    common::at_every_level(|_| {
        let (mut rng, mut stream) = (Rng::new(1), Stream::<WakeWord>::new());
        let frames: Vec<[[i8; 40]; 1]> = (0..100).map(|_| [[(); 40].map(|()| rng.bits() as i8)]).collect();
        for (number, frame) in frames.iter().enumerate() {
            let last: Option<&[[[i8; 40]; 1]; 30]> = frames[..=number].last_chunk();
            assert_eq!(stream.push(&WAKE_WORD, frame), last.map(|last| WAKE_WORD.predict_int8(last)));
        }
    });
}
