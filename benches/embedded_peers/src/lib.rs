//! The measurement that all engines share.
#![no_std]

use firmware::{Outcome, console::show, cost, ensure, int8::fill};

/// The number of inputs and outputs of the model.
pub const SHAPE: (usize, usize) = match env!("MODEL").as_bytes() {
    b"sine" => (1, 1),
    b"speech" => (1960, 4),
    b"ad01" => (640, 640),
    b"kws" => (490, 12),
    b"resnet8" => (3072, 10),
    b"sww" => (1200, 3),
    b"vww" => (27648, 2),
    _ => panic!("there is no such model"),
};
pub type Input = [i8; SHAPE.0];
pub type Output = [i8; SHAPE.1];
/// The scale and the zero point of the outputs of the models that MicroFlow can read.
pub const OUTPUT_SCALE: (f32, f32) = if SHAPE.0 == 1 { (0.008269669, 7.0) } else { (0.00390625, -128.0) };

/// Sample inputs, one after another.
static SAMPLES: &[u8] = include_bytes!(env!("SAMPLES"));
/// The outputs of TensorFlow Lite's reference kernels for the samples, and then for the random inputs.
static OUTPUTS: &[u8] = include_bytes!(env!("OUTPUTS"));

/// The networks of MLPerf Tiny have hashes of outputs.
const HASHED: bool = !matches!(env!("MODEL").as_bytes(), b"sine" | b"speech");
/// The random inputs of those, whose outputs take long.
const HASHED_INPUTS: usize = 2;

/// Counts the outputs that differ from those of TensorFlow Lite, and measures a prediction of `engine`.
///
/// # Errors
///
/// Returns an error if there is no output to compare with.
pub fn run(mut engine: impl FnMut(&Input, &mut Output)) -> Outcome {
    let (mut x, mut y) = ([0; SHAPE.0], [0; SHAPE.1]);
    let (samples, size) = (SAMPLES.as_chunks::<{ SHAPE.0 }>().0, if HASHED { 8 } else { SHAPE.1 });
    let (mut inputs, mut unlike, mut worst) = (0, 0, 0);
    for (number, expected) in OUTPUTS.chunks_exact(size).enumerate() {
        match (samples.get(number), number.checked_sub(samples.len())) {
            (Some(_), _) if HASHED => continue,
            (Some(sample), _) => x = sample.map(|byte| byte as i8),
            (_, Some(random)) if !HASHED || random < HASHED_INPUTS => fill(random as u32, &mut x),
            _ => break,
        }
        engine(&x, &mut y);
        inputs += 1;
        if HASHED {
            unlike += u32::from(!hash(&y).to_le_bytes().iter().eq(expected));
        } else {
            let differences = y.iter().zip(expected).map(|(y, expected)| u32::from(y.abs_diff(*expected as i8)));
            let largest = differences.max().unwrap_or(0);
            unlike += u32::from(largest > 0);
            worst = worst.max(largest);
        }
    }
    show("inputs", inputs, "");
    show("unlike", unlike, "");
    show("worst", worst, "");
    cost::of("prediction", || engine(&x, &mut y));
    ensure(inputs > 0, "no outputs to compare with")
}

fn hash(output: &[i8]) -> u64 {
    output.iter().fold(0xcbf2_9ce4_8422_2325, |hash, y| (hash ^ u64::from(*y as u8)).wrapping_mul(0x100_0000_01b3))
}
