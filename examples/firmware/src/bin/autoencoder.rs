//! Runs an autoencoder with 1 MB of weights in flash. It has the architecture of those for ToyADMOS (Koizumi et al. 2019),
//! which detect anomalous machine sounds from 640 features.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use firmware::{FLASH, Outcome, cost, hash::Hash, pattern::pattern, program};
use shiplap::{budget, prelude::*};

#[network]
type Autoencoder = (
    Dense<640, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 8, Relu>,
    Dense<8, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 128, Relu>,
    Dense<128, 640, Linear>,
);

budget!(Autoencoder: flash <= FLASH - CODE);

/// An upper bound for the code of this program.
const CODE: usize = 16 * 1024;

static NET: Autoencoder = (
    Dense::from_parts(pattern(1), [0.01; 128]),
    Dense::from_parts(pattern(2), [0.02; 128]),
    Dense::from_parts(pattern(3), [0.03; 128]),
    Dense::from_parts(pattern(4), [0.04; 128]),
    Dense::from_parts(pattern(5), [0.05; 8]),
    Dense::from_parts(pattern(6), [0.06; 128]),
    Dense::from_parts(pattern(7), [0.07; 128]),
    Dense::from_parts(pattern(8), [0.08; 128]),
    Dense::from_parts(pattern(9), [0.09; 128]),
    Dense::from_parts(pattern(10), [0.1; 640]),
);

program!(run);

fn run() -> Outcome {
    let [sound] = const { pattern::<640, 1>(11) };
    let (net, sound) = (black_box(&NET), black_box(&sound));
    cost::weights::<Autoencoder>();
    cost::prediction(net, sound)?;
    Hash::of(&net.predict(sound)).check(3_501_069_242)
}
