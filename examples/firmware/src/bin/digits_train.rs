//! Trains a convolutional network for handwritten digits from scratch, with one digit at a time.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{
    Outcome,
    console::show,
    cost,
    digits::{self, Picture, correct, read},
    ensure,
    hash::Hash,
    program,
};
use shiplap::prelude::*;

#[network(input = Picture)]
type Net = (Conv2d<_, 6, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 10, Softmax>);
type Learner = Trainer<Net, SparseCategoricalCrossentropy, InPlace<Sgd>, 1>;

const EPOCHS: usize = 10;

const HASH: u32 = 719_189_573;

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
