//! Classifies cells as malignant or benign by 30 measurements of their nuclei.
//!
//! The network was trained on a PC; its weights are in flash. Its first layer standardizes the measurements. The outputs
//! must have the same bits as on the PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, console::show, cost, ensure, program};
use shiplap::{budget, prelude::*};

#[network]
type Net = (Standardize<30>, Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);

budget!(Net: flash <= 4 * 1024, ram <= 256);

static NET: Net = include_weights!("../../models/cells.safetensors");

include!("../../models/cells.rs");

program!(run);

fn run() -> Outcome {
    let mut correct = 0;
    for ((sample, of_pc), malignant) in SAMPLES.iter().zip(OUTPUTS).zip(MALIGNANT) {
        let [probability] = NET.predict(sample);
        ensure(probability.to_bits() == of_pc, "unlike the output on the PC")?;
        correct += u32::from((probability > 0.5) == malignant);
    }
    show("correct", correct, "of 32 cells");
    ensure(correct >= 30, "too many predictions are wrong")?;
    cost::weights::<Net>();
    cost::prediction(&NET, &SAMPLES[0])
}
