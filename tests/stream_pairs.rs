//! Streams of pairs of layers, of which one follows the other: they compute, frame by frame, the bits of the network for
//! whole series.

mod common;
#[path = "common/frames.rs"]
mod frames;

use frames::same_bits;
use shiplap::{
    layers::{Branches, Concat, LayerNorm, Multiply, RmsNorm, TimeDistributed},
    prelude::*,
};

/// Each test: a first layer, with each of the second layers and a recurrent one after it.
macro_rules! pairs {
    ($seconds:tt $($name:ident: $first:ty;)*) => {
        $(#[test]
        fn $name() {
            common::at_every_level(|_| pairs!(@of $first, $seconds));
        })*
    };
    (@of $first:ty, [$($second:ty;)*]) => {
        {$({
            #[network(input = [[f32; 4]; 26])]
            type Net = ($first, $second, SimpleRnn<_, 3>);
            same_bits::<Net>();
        })*}
    };
}
pairs! {
    [
        Conv1d<_, 6, 3, Relu, Valid<2>>;
        Conv1d<_, 4, 2, Tanh, Causal<1, 3>>;
        DepthwiseConv1d<_, 3, Tanh, Causal<2>>;
        Gru<_, 5, AllStates>;
        MaxPool1d<_, 2>;
        AveragePool1d<_, 3, Causal<2>>;
        MultiHeadAttention<_, 1, Causal>;
        BatchNorm<_, Relu>;
        TimeDistributed<(LayerNorm<_>, Activate<Softmax, _>)>;
        Residual<(Conv1d<_, 4, 3, Relu, Causal>, Conv1d<_, 4, 3, Linear, Causal>), Relu>;
        Branches<Lstm<_, 3, AllStates>, Conv1d<_, 2, 1>, Concat>;
    ]
    conv1d_valid: Conv1d<_, 4, 3, Relu, Valid<2>>;
    conv1d_causal: Conv1d<_, 4, 4, Elu, Causal<2, 2>>;
    depthwise: DepthwiseConv1d<_, 3, Relu, Causal<1, 2>>;
    gru: Gru<_, 4, AllStates>;
    max_pool: MaxPool1d<_, 3, Causal<2>>;
    average_pool: AveragePool1d<_, 2, Valid<1, 3>>;
    attention: MultiHeadAttention<_, 2, Causal, Rotary>;
    positions: LearnedPositions<_>;
    transformer: TransformerBlock<_, 2, 5, Causal>;
    normalized: (RmsNorm<_>, Dropout<_, 20>, Activate<HardSwish, _>);
    residual: Residual<(Conv1d<_, 4, 2, Tanh, Causal>, Lstm<_, 4, AllStates>)>;
    multiply: Branches<Conv1d<_, 4, 3, Sigmoid, Causal<2>>, AveragePool1d<_, 2, Causal<2>>, Multiply>;
    each_frame: TimeDistributed<(Dense<_, 6, Tanh>, Dense<_, 4>)>;
}
