//! Hears a wake word in a stream: the network of `int8_sww`, which takes one frame at a time.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, console::show, cost, ensure, int8, program};
use shiplap::{include_model, prelude::*};

include_model! {
    static NET: Net = "../../../../data/mlperf_tiny/sww_int8.tflite";
}

/// 40 features of 20 ms of sound.
type Frame = [[i8; 40]; 1];
type Listener = Stream<Net>;

const_assert!(Listener::BYTES <= 4096);
const_assert!(Listener::MACS <= 46_040);

/// The maximum size of the stack frames of a push, with the window of a layer and the outputs between layers.
const FRAMES: usize = 4096;

program!(run);

fn run() -> Outcome {
    show("weights", size_of::<Net>() as u32, "bytes");
    show("state", Listener::BYTES as u32, "bytes");
    let (mut listener, mut last) = (Listener::new(), [[[0; 40]; 1]; 30]);
    for number in 0..40 {
        last.copy_within(1.., 0);
        int8::fill(number, last[29].as_flattened_mut());
        let heard = listener.push(&NET, &last[29]);
        let expected = (number >= 29).then(|| NET.predict_int8(&last));
        ensure(heard == expected, "unlike the network for the last 30 frames")?;
    }
    let frame: &Frame = &last[29];
    let (_, stack) = cost::of("prediction", || listener.push(&NET, frame));
    ensure(stack <= FRAMES, "a frame took too much stack")
}
