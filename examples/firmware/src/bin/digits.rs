//! Classifies handwritten digits with a convolutional network.
//!
//! The network was trained on a PC; its weights are in flash. It must classify 98 % of the test split correctly, and its
//! outputs for the first 32 digits must have the same bits as on the PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{
    Outcome,
    console::show,
    cost,
    digits::{Net, TEST, correct, read},
    ensure,
    hash::Hash,
    program,
};
use shiplap::{budget, prelude::*};

budget!(Net: flash <= 16 * 1024, ram <= 4 * 1024);

static NET: Net = include_weights!("../../models/digits.safetensors");

const HASH: u32 = 3_237_437_414;

program!(run);

fn run() -> Outcome {
    let correct = correct(&NET, TEST, |picture| picture);
    show("correct", correct, "of 359 digits");
    ensure(correct >= 352, "too many predictions are wrong")?;

    let mut hash = Hash::of(&[]);
    TEST.iter().take(32).for_each(|stored| hash.add(&NET.predict(&read(stored).0)));
    hash.check(HASH)?;
    cost::weights::<Net>();
    cost::prediction(&NET, &TEST.first().map_or([[[0.0]; 8]; 8], |stored| read(stored).0))
}
