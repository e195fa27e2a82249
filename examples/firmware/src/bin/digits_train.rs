//! Trains a convolutional network for handwritten digits from scratch, with one digit at a time.
//!
//! The gradient of its convolutions would take 5 KB. Training in place uses it a row at a time, on 1.5 KB of stack.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{
    Outcome,
    console::show,
    cost,
    digits::{self, Net, correct, read},
    ensure,
    hash::Hash,
    program,
};
use shiplap::prelude::*;

type Learner = Trainer<Net, SparseCategoricalCrossentropy, InPlace<Sgd>, 1>;

const EPOCHS: usize = 10;

const HASH: u32 = 987_275_251;

program!(run);

fn run() -> Outcome {
    cost::training::<Net>(Learner::BYTES, || {
        let (train, test) = digits::on_the_chip();
        let mut memory = MaybeUninit::uninit();
        let learner = Learner::new_at(&mut memory, InPlace(Sgd::new(0.05)), 1);
        for (picture, digit) in (0..EPOCHS).flat_map(|_| train).map(read) {
            learner.step(&[picture], &[digit]).map_err(|_| "a step failed")?;
        }
        let correct = correct(learner.network(), test, |picture| picture);
        show("after training", correct, "of 119 digits");
        Hash::of_network(learner.network()).check(HASH)?;
        ensure(correct >= 107, "too many predictions are wrong")?;

        let (picture, digit) = test.first().map(read).ok_or("there are no digits")?;
        cost::prediction(learner.network(), &picture)?;
        cost::step::<Net>(|| learner.step(&[picture], &[digit]))
    })
}
