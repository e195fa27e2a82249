//! Adapts a classifier of digits to a camera that is mounted upside down.
//!
//! The convolutions stay in flash, as they were trained on a PC. The last layer is trained further on the chip, with one
//! digit at a time.
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
use shiplap::{flash::Flash, layers::InFlash, prelude::*};

static NET: digits::Net = include_weights!("../../models/digits.safetensors");

/// The convolutions in flash.
struct Features;

impl Flash for Features {
    type Network = digits::Features;
    const NETWORK: &'static digits::Features = &NET.0;
}

#[network]
type Net = (InFlash<Features>, digits::Head);
type Learner = Trainer<Net, SparseCategoricalCrossentropy, InPlace<Sgd>, 1>;

const EPOCHS: usize = 10;

const HASH: u32 = 3_493_245_124;

program!(run);

fn run() -> Outcome {
    let (train, test) = digits::on_the_chip();
    let before = correct(&NET, test, turned);
    show("upside down, before", before, "of 119 digits");

    let mut memory = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut memory, InPlace(Sgd::new(0.01)), 1);
    learner.network_mut().1 = NET.1.clone();
    for (picture, digit) in (0..EPOCHS).flat_map(|_| train).map(read) {
        learner.step(&[turned(picture)], &[digit]).map_err(|_| "a step failed")?;
    }
    let after = correct(learner.network(), test, turned);
    show("upside down, after", after, "of 119 digits");
    Hash::of_network(learner.network()).check(HASH)?;
    ensure(after > before + 50, "the network has not adapted")?;

    let (picture, digit) = test.first().map(read).ok_or("there are no digits")?;
    cost::weights::<digits::Net>();
    cost::prediction(learner.network(), &picture)?;
    cost::step::<Net>(|| learner.step(&[picture], &[digit]))
}

/// The image, turned by 180°.
fn turned(mut picture: Picture) -> Picture {
    picture.as_flattened_mut().reverse();
    picture
}
