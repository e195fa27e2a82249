//! The ResNet-8 of MLPerf Tiny, for images of CIFAR-10.

use shiplap::prelude::*;

#[network(input = Image<32, 32, 3>)]
pub type ResNet8 = (
    (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
    Residual<
        (
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
    >,
    Residual<
        (
            (Conv2d<_, 32, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 32, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 32, 1, Linear, Same<2>>,
    >,
    Residual<
        (
            (Conv2d<_, 64, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 64, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 64, 1, Linear, Same<2>>,
    >,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);
