//! Networks in int8.

use core::slice;

use shiplap::{
    Zeroed,
    quantized::{Int8Layer, Int8Tensor, Quantize, Quantized},
};

use crate::{Outcome, console::show, cost, ensure};

/// The maximum size of the stack frames of a prediction, with the windows and sums of a layer, in addition to the
/// activations.
const FRAMES: usize = 5120;

/// Compares the outputs for the first of the random inputs of `examples/mlperf_tiny/int8.rs` with those of TensorFlow Lite,
/// whose hashes are in `outputs` after those for `samples` sample inputs. Then measures a prediction.
///
/// # Errors
///
/// Returns an error if an output differs, or a prediction takes too much stack.
pub fn run<N: Quantize<Int8: Int8Layer<Input: Int8Tensor>>>(
    network: &Quantized<N>,
    outputs: &[u8],
    samples: usize,
    x: &mut <N::Int8 as Int8Layer>::Input,
) -> Outcome {
    show("weights", Quantized::<N>::BYTES as u32, "bytes");
    show("activations", Quantized::<N>::ACTIVATIONS as u32, "bytes");
    for (number, expected) in (0..2).zip(outputs.as_chunks::<8>().0.iter().skip(samples)) {
        fill(number, Int8Tensor::flat_mut(slice::from_mut(x)));
        let y = network.predict_int8(x);
        ensure(hash(Int8Tensor::flat(slice::from_ref(&y))) == u64::from_le_bytes(*expected), "unlike TensorFlow Lite")?;
    }
    let (_, stack) = cost::of("prediction", || network.predict_int8(x));
    ensure(stack <= Quantized::<N>::ACTIVATIONS + FRAMES, "prediction took too much stack")
}

/// The random numbers of `int8.py`: uniform for odd numbers, close to one level for even ones.
pub fn fill(number: u32, x: &mut [i8]) {
    let mut state = number;
    for x in x {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let uniform = (state >> 24) as i32 - 128;
        let level = (number * 37 % 256) as i32 - 128;
        *x = if number % 2 == 1 { uniform } else { (level + (uniform >> 2)).clamp(-128, 127) } as i8;
    }
}

fn hash(output: &[i8]) -> u64 {
    output.iter().fold(0xcbf2_9ce4_8422_2325, |hash, y| (hash ^ u64::from(*y as u8)).wrapping_mul(0x100_0000_01b3))
}

/// An input in the memory of the program.
pub fn input<X: Zeroed>() -> X {
    X::zeroed()
}
