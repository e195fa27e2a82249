//! Shiplap: `include_model!`.
#![no_std]
#![no_main]

use core::slice;

use firmware::{Outcome, program};
use shiplap::quantized::{Int8Layer, Int8Tensor, Quantize, Quantized};

include!(concat!(env!("OUT_DIR"), "/shiplap.rs"));

program!(run);

fn run() -> Outcome {
    predictions(&NET)
}

fn predictions<N: Quantize<Int8: Int8Layer<Input: Int8Tensor>>>(network: &Quantized<N>) -> Outcome {
    let mut input = firmware::int8::input();
    embedded_peers::run(|x, y| {
        Int8Tensor::flat_mut(slice::from_mut(&mut input)).copy_from_slice(x);
        y.copy_from_slice(Int8Tensor::flat(slice::from_ref(&network.predict_int8(&input))));
    })
}
