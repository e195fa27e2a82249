//! Code that the networks of MLPerf Tiny share.

use std::{error::Error, fs, path::Path, time::Instant};

use shiplap::{Tensor, io::Import, layer::Sample, prelude::*};

/// Loads the weights of the network `name`, predicts 100 samples of numbers in a range, and compares the predictions with
/// those that `convert.py` has written, of TensorFlow Lite or Keras.
pub fn check<N: Network<Element = f32, Input: Tensor<Element = f32> + Sample<N>>>(
    name: &str,
    [low, high]: [f32; 2],
) -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mlperf_tiny");
    let expected: Vec<Vec<f64>> = serde_json::from_str(&fs::read_to_string(data.join(format!("{name}.json")))?)?;
    let mut network = N::zeroed_box();
    Import::keras().load(&mut *network, data.join(format!("{name}.safetensors")))?;
    println!("{}", N::summary());

    let samples: Vec<N::Input> = (0..expected.len()).map(|number| sample(number as u32, low, high)).collect();
    let start = Instant::now();
    let predictions: Vec<N::Output> = samples.iter().map(|sample| network.predict(sample)).collect();
    let time = start.elapsed() / samples.len() as u32;
    let numbers = Tensor::flat(&predictions);
    let expected = expected.concat();
    if numbers.len() != expected.len() {
        return Err(format!("{} outputs, not {}", numbers.len(), expected.len()).into());
    }
    let distances = numbers.iter().zip(&expected).map(|(&number, expected)| (f64::from(number) - expected).abs());
    let worst = distances.fold(0.0, f64::max);
    println!("{} predictions agree with the reference to {worst:.1e}; {time:.1?} each", samples.len());
    if worst > 1e-5 || numbers.iter().any(|number| number.is_nan()) {
        return Err(format!("{name}: a prediction is off by {worst:.1e}").into());
    }
    Ok(())
}

/// The inputs of `convert.py`: a pseudo-random number for each 4×4 pixels, brighter in some samples than in others.
fn sample<X: Tensor<Element = f32>>(number: u32, low: f32, high: f32) -> X {
    let [_, width, channels] = [X::AXES[0], X::AXES[1], X::AXES[2]];
    let mut image = X::zeroed();
    for (index, value) in X::flat_mut(std::slice::from_mut(&mut image)).iter_mut().enumerate() {
        let (row, column, channel) = (index / channels / width, index / channels % width, index % channels);
        let place = (row / 4) as u32 * 131 + (column / 4) as u32 * 17 + channel as u32 * 3;
        let mut seed = number.wrapping_mul(7919).wrapping_add(place).wrapping_add(1);
        seed = (seed ^ (seed >> 15)).wrapping_mul(0x2c1b_3c6d);
        seed = (seed ^ (seed >> 12)).wrapping_mul(0x297a_2d39);
        seed = (seed ^ (seed >> 15)) >> 8;
        let light = (number % 10 + 1) as f32 / 10.0;
        *value = low + seed as f32 / (1 << 24) as f32 * light * (high - low);
    }
    image
}
