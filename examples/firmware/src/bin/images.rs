//! Trains, evaluates and runs every layer of images, series, normalization and branches.
//!
//! That the program links shows that none of them can panic. The predictions must have the same bits as on a PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{nets, program};
use shiplap::{
    layers::{Branches, Concat, GlobalMaxPool, GroupNorm, LayerNorm, Reshape},
    prelude::*,
};

program!(run);

/// Convolutions with strides, dilation and padding, and pools whose windows overlap.
#[network(input = [f32; 50])]
type Windows = (
    Reshape<_, Image<5, 5, 2>>,
    Conv2d<_, 3, 3, Relu, Same<1, 2>>,
    MaxPool2d<_, 3, Same<1>>,
    Conv2d<_, 4, 2, Tanh>,
    AveragePool2d<_, 3, Same<2>>,
    (Flatten<_>, Dense<_, 1>),
);

#[network(input = [f32; 50])]
type Normalized = (
    Reshape<_, Image<5, 5, 2>>,
    (Conv2d<_, 4, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu, 90>),
    Residual<(DepthwiseConv2d<_, 3, Gelu, Same>, Conv2d<_, 4, 1>), Relu>,
    Branches<AveragePool2d<_, 2, Same<1>>, (Conv2d<_, 3, 3, Silu, Same>, GroupNorm<_, 3>), Concat>,
    (MaxPool2d<_, 2>, Flatten<_>, LayerNorm<_>),
    Dense<_, 3, Softmax>,
);

#[network(input = [f32; 50])]
type Resized = (
    Reshape<_, Image<5, 5, 2>>,
    ZeroPad2d<_, 0, 1, 1, 0>,
    DepthwiseConv2d<_, 2, Relu6, Same<2>>,
    UpSample2d<_, 2>,
    ConvTranspose2d<_, 3, 3, HardSwish, Same<2>>,
    (SpatialDropout<_, 25>, GlobalAveragePool<_>),
    Dense<_, 1>,
);

#[network(input = [f32; 50])]
type Series = (
    Reshape<_, [[f32; 5]; 10]>,
    Conv1d<_, 4, 3, Relu, Causal>,
    MaxPool1d<_, 2>,
    Conv1d<_, 6, 2, Elu, Same<2>>,
    AveragePool1d<_, 2>,
    (Flatten<_>, Dense<_, 1>),
);

#[network(input = [f32; 50])]
type Largest = (Reshape<_, Image<5, 5, 2>>, Conv2d<_, 5, 3, Sigmoid>, GlobalMaxPool<_>, Dense<_, 1>);

nets! {
    50 inputs;
    305_190_514: Largest, MeanSquaredError, InPlace(Sgd::new(0.05)), [0.5];
    557_265_141: Windows, MeanSquaredError, InPlace(Adam::new(0.01)), [0.5];
    3_977_594_181: Normalized, SparseCategoricalCrossentropy, Momentum::new(0.02), 2;
    319_519_837: Normalized, SparseCategoricalCrossentropy, InPlace(Sgd::new(0.02)), 2;
    1_807_565_245: Resized, MeanSquaredError, InPlace(Momentum::new(0.02)), [0.5];
    1_817_600_459: Series, MeanSquaredError, InPlace(Sgd::new(0.05)), [0.5];
    2_586_019_100: (Frozen<Series>, Dense<1, 1>), MeanSquaredError, Sgd::new(0.05).clip(Clip::Norm(0.5)), [0.5];
}
