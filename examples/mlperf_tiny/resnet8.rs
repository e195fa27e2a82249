//! ResNet-8 of MLPerf Tiny, which classifies images of 32×32 pixels (CIFAR-10).
//!
//! `cargo run --release --features safetensors --example resnet8`

mod common;

use shiplap::prelude::*;

#[network(input = Image<32, 32, 3>)]
type Resnet8 = (
    Conv2d<_, 16, 3, Relu, Same>,
    Residual<(Conv2d<_, 16, 3, Relu, Same>, Conv2d<_, 16, 3, Linear, Same>), Relu>,
    Residual<
        (Conv2d<_, 32, 3, Relu, Same<2>>, Conv2d<_, 32, 3, Linear, Same>),
        Relu,
        Conv2d<_, 32, 1, Linear, Same<2>>,
    >,
    Residual<
        (Conv2d<_, 64, 3, Relu, Same<2>>, Conv2d<_, 64, 3, Linear, Same>),
        Relu,
        Conv2d<_, 64, 1, Linear, Same<2>>,
    >,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);

const_assert!(Resnet8::PARAMS == 77_706);
const_assert!(Resnet8::MACS == 12_501_632);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    common::check::<Resnet8>("resnet8", [0.0, 255.0])
}
