//! The keyword spotter of MLPerf Tiny, a network of depthwise convolutions (DS-CNN) that tells 12 classes of sounds apart
//! by 49 frames of 10 coefficients.
//!
//! `cargo run --release --features safetensors --example kws`

mod common;

use shiplap::prelude::*;

#[network(input = Image<49, 10, 1>)]
type Kws = (
    Conv2d<_, 64, 10, Relu, Same<2>, Bias, 4>,
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    GlobalAveragePool<_>,
    Dense<_, 12, Softmax>,
);

const_assert!(Kws::PARAMS == 22_604);
const_assert!(Kws::MACS == 2_656_768);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    common::check::<Kws>("kws", [-123.0, 26.0])
}
