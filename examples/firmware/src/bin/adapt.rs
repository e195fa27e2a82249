//! Adapts a classifier to aging sensors.
//!
//! The network was trained on a PC to classify four gases by six sensors. Its feature layers stay in flash, unchanged. Its
//! last layer is trained further on the chip, with one labeled sample at a time, as the sensors age. The trainer contains
//! only that layer.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{
    Outcome,
    console::show,
    cost, ensure,
    hash::Hash,
    nose::{self, Nose},
    program,
};
use shiplap::{flash::Flash, layers::InFlash, prelude::*};

static NET: nose::Net = include_weights!("../../models/gases.safetensors");

/// The feature layers in flash.
struct Features;

impl Flash for Features {
    type Network = nose::Features;
    const NETWORK: &'static nose::Features = &NET.0;
}

#[network]
type Net = (InFlash<Features>, nose::Head);
type Learner = Trainer<Net, SparseCategoricalCrossentropy, InPlace<Sgd>, 1>;

/// The number of training samples, during which the sensors age.
const TRAINING_SAMPLES: u16 = 2000;
const TEST_SAMPLES: u32 = 500;

const HASH: u32 = 491_504_401;

program!(run);

fn run() -> Outcome {
    show("accuracy of new sensors", accuracy(&NET, 0.0), "of 500");
    let before = accuracy(&NET, 1.0);
    show("accuracy of old sensors, before", before, "of 500");

    let mut memory = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut memory, InPlace(Sgd::new(0.05)), 1);
    learner.network_mut().1 = NET.1.clone();
    let mut nose = Nose::new(2, 0.0);
    for time in 0..TRAINING_SAMPLES {
        nose.age = f32::from(time) / f32::from(TRAINING_SAMPLES);
        let (smell, gas) = nose.smell();
        learner.step(&[smell], &[gas]).map_err(|_| "a step failed")?;
    }
    let after = accuracy(learner.network(), 1.0);
    show("accuracy of old sensors, after", after, "of 500");
    Hash::of_network(learner.network()).check(HASH)?;
    ensure(after > before + 50, "the network has not adapted")?;

    let (smell, gas) = nose.smell();
    cost::weights::<nose::Net>();
    cost::prediction(learner.network(), &smell)?;
    cost::step::<Net>(|| learner.step(&[smell], &[gas]))
}

/// The number of test samples that the network classifies correctly with sensors of this age.
fn accuracy<N: Network<Input = nose::Smell, Output = [f32; 4]>>(network: &N, age: f32) -> u32 {
    let mut nose = Nose::new(3, age);
    let mut correct = 0;
    for _ in 0..TEST_SAMPLES {
        let (smell, gas) = nose.smell();
        let probabilities = network.predict(&smell);
        // Indexing could panic.
        correct += u32::from(probabilities.get(gas).is_some_and(|of_gas| probabilities.iter().all(|p| p <= of_gas)));
    }
    correct
}
