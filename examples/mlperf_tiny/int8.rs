//! The networks of MLPerf Tiny in int8, read from their TensorFlow Lite files when this program is compiled.
//!
//! Each output for the sample inputs and for 1000 random inputs equals that of TensorFlow Lite's reference kernels, byte
//! for byte, on each instruction set: `int8.py` has written their hashes.
//!
//! `cargo run --release --features include-model --example int8`

use std::{error::Error, fs, hint::black_box, path::Path, slice, time::Instant};

use shiplap::{
    Zeroed, include_model,
    kernel::{Level, set_level},
    quantized::{Int8Layer, Int8Tensor, Quantize, Quantized},
};

include_model! {
    /// Anomalies of a machine in its sound, by an autoencoder.
    static AD01: Ad01 = "../../data/mlperf_tiny/ad01_int8.tflite";
}
include_model! {
    /// Spoken words, by a network of depthwise convolutions.
    static KWS: Kws = "../../data/mlperf_tiny/kws_int8.tflite";
}
include_model! {
    /// Objects in images, by a residual network.
    static RESNET8: Resnet8 = "../../data/mlperf_tiny/resnet8_int8.tflite";
}
include_model! {
    /// A wake word.
    static SWW: Sww = "../../data/mlperf_tiny/sww_int8.tflite";
}
include_model! {
    /// Persons in images, by MobileNet.
    static VWW: Vww = "../../data/mlperf_tiny/vww_int8.tflite";
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("network   inputs  flash, bytes  activations, bytes  time of one");
    check("ad01", &AD01)?;
    check("kws", &KWS)?;
    check("resnet8", &RESNET8)?;
    check("sww", &SWW)?;
    check("vww", &VWW)
}

/// Compares the outputs of a network with those of TensorFlow Lite, on each instruction set of the processor, and measures
/// a prediction on the best one, which is the last.
fn check<N: Quantize<Int8: Int8Layer<Input: Int8Tensor>>>(
    name: &str,
    network: &Quantized<N>,
) -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mlperf_tiny");
    let samples = fs::read(data.join(format!("{name}_int8.samples")))?;
    let expected = fs::read(data.join(format!("{name}_int8.outputs")))?;
    let mut x = <N::Int8 as Int8Layer>::Input::zeroed_box();
    let known = samples.len() / <N::Int8 as Int8Layer>::Input::LEN;
    for level in Level::ALL.iter().filter(|level| set_level(**level).is_ok()) {
        for (number, expected) in expected.as_chunks().0.iter().enumerate() {
            let numbers = Int8Tensor::flat_mut(slice::from_mut(&mut *x));
            match number.checked_sub(known) {
                None => {
                    let sample = samples.chunks_exact(numbers.len()).nth(number).ok_or("a sample is missing")?;
                    numbers.iter_mut().zip(sample).for_each(|(x, byte)| *x = *byte as i8);
                }
                Some(random) => fill(random as u32, numbers),
            }
            let y = network.predict_int8(&x);
            if fnv1a(Int8Tensor::flat(slice::from_ref(&y))) != u64::from_le_bytes(*expected) {
                return Err(format!(
                    "{name}: the output for input {number} is not that of TensorFlow Lite at {level:?}"
                )
                .into());
            }
        }
    }
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let start = Instant::now();
            black_box(network.predict_int8(black_box(&x)));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let (inputs, time) = (expected.len() / 8, times[times.len() / 2]);
    println!(
        "{name:<8}  {inputs:>6}  {:>12}  {:>18}  {time:>11.1?}",
        Quantized::<N>::BYTES,
        Quantized::<N>::ACTIVATIONS
    );
    Ok(())
}

/// The random numbers of `int8.py`: uniform for odd numbers, close to one level for even ones.
fn fill(number: u32, x: &mut [i8]) {
    let mut state = number;
    for x in x {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let uniform = (state >> 24) as i32 - 128;
        let level = (number * 37 % 256) as i32 - 128;
        *x = if number % 2 == 1 { uniform } else { (level + (uniform >> 2)).clamp(-128, 127) } as i8;
    }
}

fn fnv1a(output: &[i8]) -> u64 {
    output.iter().fold(0xcbf2_9ce4_8422_2325, |hash, y| (hash ^ u64::from(*y as u8)).wrapping_mul(0x100_0000_01b3))
}
