//! The trained int8 networks of MLPerf Tiny.

mod common;

use std::slice;

use common::at_every_level;
use shiplap::{
    include_model,
    prelude::*,
    quantized::{Int8Layer, Int8Tensor, Quantize, Quantized},
};

include_model! {
    static AD01: Ad01 = "../data/mlperf_tiny/ad01_int8.tflite";
}
include_model! {
    static VWW: Vww = "../data/mlperf_tiny/vww_int8.tflite";
}
include_model! {
    static KWS: Kws = "../data/mlperf_tiny/kws_int8.tflite";
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/mlperf_tiny/");

/// The outputs for the sample inputs are those of TensorFlow Lite, as hashes. The example `int8` compares all networks on
/// 1000 inputs.
fn compare<N: Quantize<Int8: Int8Layer<Input: Int8Tensor>>>(name: &str, network: &Quantized<N>, count: usize) {
    let samples = std::fs::read(format!("{DATA}{name}_int8.samples")).unwrap();
    let outputs = std::fs::read(format!("{DATA}{name}_int8.outputs")).unwrap();
    let mut x = <N::Int8 as Int8Layer>::Input::zeroed();
    let length = Int8Tensor::flat(slice::from_ref(&x)).len();
    for (sample, expected) in samples.chunks_exact(length).zip(outputs.as_chunks().0).take(count) {
        let numbers = Int8Tensor::flat_mut(slice::from_mut(&mut x));
        numbers.iter_mut().zip(sample).for_each(|(x, byte)| *x = *byte as i8);
        let y = network.predict_int8(&x);
        let hash = Int8Tensor::flat(slice::from_ref(&y))
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, y| (hash ^ u64::from(*y as u8)).wrapping_mul(0x100_0000_01b3));
        assert_eq!(hash, u64::from_le_bytes(*expected), "{name}");
    }
}

#[test]
fn models_compute_the_bytes_of_tensorflow_lite_at_every_level() {
    at_every_level(|_| {
        compare("ad01", &AD01, 4);
        compare("kws", &KWS, 1);
    });
}

#[test]
fn activations_of_models_are_two_buffers_and_the_output() {
    assert_eq!(Quantized::<<Kws as Twin>::Network>::ACTIVATIONS, 2 * 25 * 5 * 64 + 12);
    assert_eq!(Quantized::<<Ad01 as Twin>::Network>::ACTIVATIONS, 128 + 640);
    assert_eq!(Quantized::<<Vww as Twin>::Network>::ACTIVATIONS, 48 * 48 * (8 + 16) + 2);
}

trait Twin {
    type Network: Quantize;
}

impl<N: Quantize> Twin for Quantized<N> {
    type Network = N;
}
