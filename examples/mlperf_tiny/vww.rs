//! The visual wake words of MLPerf Tiny: MobileNetV1 of a quarter of its width, which tells whether an image of 96×96
//! pixels shows a person.
//!
//! `cargo run --release --features safetensors --example vww`

mod common;

use shiplap::prelude::*;

#[network(input = Image<96, 96, 3>)]
type Vww = (
    Conv2d<_, 8, 3, Relu, Same<2>>,
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 16, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 256, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 256, 1, Relu>),
    (GlobalAveragePool<_>, Dense<_, 2, Softmax>),
);

const_assert!(Vww::PARAMS == 210_850);
const_assert!(Vww::MACS == 7_489_664);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    common::check::<Vww>("vww", [0.0, 1.0])
}
