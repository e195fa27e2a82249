//! Finds anomalies of a machine in its sound, by an autoencoder: a network of MLPerf Tiny in int8, whose TensorFlow Lite file is in flash.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, int8, program};
use shiplap::{budget, include_model};

include_model! {
    static NET: Net = "../../../../data/mlperf_tiny/ad01_int8.tflite";
}

budget!(Net: flash <= 290 * 1024, ram <= 800);

program!(run);

fn run() -> Outcome {
    int8::run(&NET, include_bytes!("../../../../data/mlperf_tiny/ad01_int8.outputs"), 40, &mut int8::input())
}
