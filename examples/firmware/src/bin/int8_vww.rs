//! Sees whether a person is in an image, by a MobileNet: a network of MLPerf Tiny in int8, whose TensorFlow Lite file is in flash.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, int8, program};
use shiplap::{budget, include_model};

include_model! {
    static NET: Net = "../../../../data/mlperf_tiny/vww_int8.tflite";
}

budget!(Net: flash <= 300 * 1024, ram <= 55_300);

program!(run);

fn run() -> Outcome {
    int8::run(&NET, include_bytes!("../../../../data/mlperf_tiny/vww_int8.outputs"), 0, &mut int8::input())
}
