//! A network trained on the PC tells four gases apart by six sensors, until these age. Its feature layers stay in flash as
//! they are; its last layer goes on learning on the chip, from one smell after another whose gas is known. The trainer has
//! memory for that layer only.
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

/// The feature layers, where they are.
struct Features;

impl Flash for Features {
    type Network = nose::Features;
    const NETWORK: &'static nose::Features = &NET.0;
}

#[network]
type Net = (InFlash<Features>, nose::Head);
type Learner = Trainer<Net, SparseCategoricalCrossentropy, InPlace<Sgd>, 1>;

/// How many smells it meets while the sensors age, and how many the accuracy is of.
const LEARNT: u16 = 2000;
const TESTED: u32 = 500;

const HASH: u32 = 491_504_401;

program!(run);

fn run() -> Outcome {
    show("accuracy of new sensors", accuracy(&NET, 0.0), "of 500");
    let before = accuracy(&NET, 1.0);
    show("accuracy of old sensors, before", before, "of 500");

    let mut place = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut place, InPlace(Sgd::new(0.05)), 1);
    learner.network_mut().1 = NET.1.clone();
    let mut nose = Nose::new(2, 0.0);
    for time in 0..LEARNT {
        nose.age = f32::from(time) / f32::from(LEARNT);
        let (smell, gas) = nose.smell();
        learner.step(&[smell], &[gas]).map_err(|_| "a step failed")?;
    }
    let after = accuracy(learner.network(), 1.0);
    show("accuracy of old sensors, after", after, "of 500");
    Hash::of_network(learner.network()).check(HASH)?;
    ensure(after > before + 50, "it has not adapted")?;

    let (smell, gas) = nose.smell();
    cost::weights::<nose::Net>();
    cost::prediction(learner.network(), &smell)?;
    cost::step(|| learner.step(&[smell], &[gas]))
}

/// How many smells it tells right when the sensors are of this age.
fn accuracy<N: Network<Input = nose::Smell, Output = [f32; 4]>>(network: &N, age: f32) -> u32 {
    let mut nose = Nose::new(3, age);
    let mut right = 0;
    for _ in 0..TESTED {
        let (smell, gas) = nose.smell();
        let chances = network.predict(&smell);
        right += u32::from(chances.get(gas).is_some_and(|of_gas| chances.iter().all(|chance| chance <= of_gas)));
    }
    right
}
