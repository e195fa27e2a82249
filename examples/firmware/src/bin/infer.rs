//! A network trained on the PC, its weights in flash, tells malignant from benign cells by 30 measurements of their nuclei.
//! Its first layer standardises them. The outputs are those of the PC, bit for bit.
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
    let mut right = 0;
    for ((sample, of_pc), malignant) in SAMPLES.iter().zip(OUTPUTS).zip(MALIGNANT) {
        let [probability] = NET.predict(sample);
        ensure(probability.to_bits() == of_pc, "not the bits of the PC")?;
        right += u32::from((probability > 0.5) == malignant);
    }
    show("right", right, "of 32 cells");
    ensure(right >= 30, "too many are wrong")?;
    cost::weights::<Net>();
    cost::prediction(&NET, &SAMPLES[0])
}
