//! Approximates the sine: the "hello world" of TensorFlow Lite for microcontrollers, in `f32`.
//!
//! The network was trained on a PC. The outputs must have the same bits as there.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, cost, ensure, program};
use shiplap::prelude::*;

#[network]
type Net = (Dense<1, 16, Relu>, Dense<16, 16, Relu>, Dense<16, 1, Linear>);

static NET: Net = include_weights!("../../models/sine.safetensors");

include!("../../models/sine.rs");

program!(run);

fn run() -> Outcome {
    for ((sample, of_pc), sine) in SAMPLES.iter().zip(OUTPUTS).zip(SINES) {
        let [output] = NET.predict(sample);
        ensure(output.to_bits() == of_pc, "unlike the output on the PC")?;
        ensure((output - sine).abs() < 0.1, "this is not the sine")?;
    }
    cost::weights::<Net>();
    cost::prediction(&NET, &SAMPLES[0])
}
