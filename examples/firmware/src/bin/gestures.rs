//! Recognizes gestures in a stream of frames of sensors, with a network that was trained on a PC for whole windows.
//!
//! It must recognize each window of the test split that is in flash, and its outputs after each frame must have the same
//! bits as on the PC.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{
    Outcome,
    console::show,
    cost, ensure,
    gestures::{Net, TEST, read},
    hash::Hash,
    program,
};
use shiplap::{budget, prelude::*};

type Watch = Stream<Net>;

budget!(Watch: flash <= 16 * 1024, ram <= 2 * 1024);

static NET: Net = include_weights!("../../models/gestures.safetensors");

const HASH: u32 = 1_310_602_181;

/// The maximum size of the stack frames of a push, with the window of a layer and the outputs between layers.
const FRAMES: usize = 2048;

program!(run);

fn run() -> Outcome {
    cost::weights::<Net>();
    show("state", Watch::BYTES as u32, "bytes");
    let (mut watch, mut hash, mut correct) = (Watch::new(), Hash::of(&[]), 0);
    for (number, window) in TEST.iter().enumerate() {
        watch.reset();
        let mut last = [0.0; 4];
        for frame in window {
            if let Some(shares) = watch.push(&NET, &read(frame)) {
                hash.add(&shares);
                last = shares;
            }
        }
        // Indexing could panic.
        correct += u32::from(last.get(number / 2).is_some_and(|share| last.iter().all(|other| other <= share)));
    }
    show("correct", correct, "of 8 gestures");
    ensure(correct == 8, "a gesture was not recognized")?;
    hash.check(HASH)?;

    // The first frame after a reset goes through each layer.
    watch.reset();
    let frame = TEST.first().and_then(|window| window.first()).map_or([0.0; 6], read);
    let (_, stack) = cost::of("prediction", || watch.push(&NET, &frame));
    ensure(stack <= FRAMES, "a frame took too much stack")
}
