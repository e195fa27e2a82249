//! Spots keywords, by a network of depthwise convolutions (DS-CNN): a network of MLPerf Tiny in int8, whose TensorFlow Lite file is in flash.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, int8, program};
use shiplap::{budget, include_model};

include_model! {
    static NET: Net = "../../../../data/mlperf_tiny/kws_int8.tflite";
}

budget!(Net: flash <= 64 * 1024, ram <= 16 * 1024);

program!(run);

fn run() -> Outcome {
    int8::run(&NET, include_bytes!("../../../../data/mlperf_tiny/kws_int8.outputs"), 1, &mut int8::input())
}
