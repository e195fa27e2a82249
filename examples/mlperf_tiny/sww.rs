//! The streaming wake word of MLPerf Tiny: separable convolutions over 30 frames of 40 features.
//!
//! `cargo run --release --features safetensors --example sww`

mod common;

use shiplap::prelude::*;

#[network(input = Image<30, 1, 40>)]
type Sww = (
    (DepthwiseConv2d<_, 3, Linear, Valid, Bias, 1>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 5, Linear, Valid, Bias, 1>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 10, Linear, Valid, Bias, 1>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 15, Linear, Valid, Bias, 1>, Conv2d<_, 32, 1, Relu>),
    Flatten<_>,
    Dense<_, 3, Softmax>,
);

const_assert!(Sww::PARAMS == 46_883);
const_assert!(Sww::MACS == 826_368);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    common::check::<Sww>("sww", [0.0, 0.94])
}
