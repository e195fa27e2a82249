//! A network of all kinds of layers that have an int8 form.

use shiplap::{
    layers::{Branches, Concat},
    prelude::*,
};

#[network(input = Image<12, 10, 3>)]
pub type Mixed = (
    (Conv2d<_, 8, 3, Relu, Same>, DepthwiseConv2d<_, 3, Relu6, Same<2>>, Conv2d<_, 6, 1, HardSwish, Padded<1>>),
    Residual<(Conv2d<_, 6, 3, Relu, Same<1, 2>>, SpatialDropout<_, 20>), Relu>,
    Residual<Conv2d<_, 6, 3, Linear, Same>, Tanh, Conv2d<_, 6, 1>>,
    Branches<Conv2d<_, 3, 1, Sigmoid>, MaxPool2d<_, 3, Same<1>>, Concat>,
    AveragePool2d<_, 2, Same<2>>,
    Activate<Elu, _>,
    (Reshape<_, [[f32; 9]; 16]>, Conv1d<_, 5, 3, Gelu, Causal<2>>, DepthwiseConv1d<_, 3, Relu, Same>, MaxPool1d<_, 2>),
    Branches<GlobalAveragePool<_>, (Flatten<_>, Dense<_, 5, Silu>), Concat>,
    Dense<_, 4, Softmax>,
);
