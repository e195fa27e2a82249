//! A network trained on the PC tells four gases apart by six sensors, until these age. Its feature layers stay in flash as
//! they are; its last layer goes on learning on the chip, from one smell after another whose gas is known.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{
    Outcome,
    console::show,
    cost, ensure,
    hash::Hash,
    nose::{Features, Head, Net, Nose},
    program,
};
use shiplap::prelude::*;

static NET: Net = include_weights!("../../models/gases.safetensors");

type Learner = Trainer<Head, SparseCategoricalCrossentropy, Sgd, 1>;

/// How many smells it meets while the sensors age, and how many the accuracy is of.
const LEARNT: u16 = 2000;
const TESTED: u32 = 500;

const HASH: u32 = 491_504_401;

program!(run);

fn run() -> Outcome {
    let (features, head) = &NET;
    show("accuracy of new sensors", accuracy(features, head, 0.0), "of 500");
    let before = accuracy(features, head, 1.0);
    show("accuracy of old sensors, before", before, "of 500");

    let mut learner = Learner::new(Sgd::new(0.05), 1);
    *learner.network_mut() = head.clone();
    let mut nose = Nose::new(2, 0.0);
    for time in 0..LEARNT {
        nose.age = f32::from(time) / f32::from(LEARNT);
        let (smell, gas) = nose.smell();
        learner.step(&[features.predict(&smell)], &[gas]).map_err(|_| "a step failed")?;
    }
    let after = accuracy(features, learner.network(), 1.0);
    show("accuracy of old sensors, after", after, "of 500");
    Hash::of_network(learner.network()).check(HASH)?;
    ensure(after > before + 50, "it has not adapted")?;

    let (smell, gas) = nose.smell();
    let seen = cost::of("prediction", || features.predict(&smell));
    cost::of("step", || learner.step(&[seen], &[gas])).map_err(|_| "a step failed")?;
    Ok(())
}

/// How many smells it tells right when the sensors are of this age.
fn accuracy(features: &Features, head: &Head, age: f32) -> u32 {
    let mut nose = Nose::new(3, age);
    let mut right = 0;
    for _ in 0..TESTED {
        let (smell, gas) = nose.smell();
        let chances = head.predict(&features.predict(&smell));
        right += u32::from(chances.get(gas).is_some_and(|of_gas| chances.iter().all(|chance| chance <= of_gas)));
    }
    right
}
