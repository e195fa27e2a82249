//! Approximates the sine in int8: MicroFlow's model of the "hello world", with the outputs of TensorFlow Lite for each input.
#![cfg_attr(target_os = "none", no_std, no_main)]

use firmware::{Outcome, console::show, cost, ensure, program};
use shiplap::{budget, include_model};

include_model! {
    static NET: Net = "../../../../data/microflow/sine.tflite";
}

budget!(Net: flash <= 1024, ram <= 64);

program!(run);

fn run() -> Outcome {
    show("weights", Net::BYTES as u32, "bytes");
    for (x, expected) in (i8::MIN..=i8::MAX).zip(include_bytes!("../../../../data/microflow/sine.outputs")) {
        ensure(NET.predict_int8(&[x]) == [*expected as i8], "unlike TensorFlow Lite")?;
    }
    cost::of("prediction", || NET.predict_int8(&[0]));
    Ok(())
}
