//! An electronic nose, simulated: six gas sensors that age.

use shiplap::prelude::*;

use crate::uniform;

/// What the sensors give.
pub type Smell = [f32; 6];

/// The layers that stay as they were made on the PC.
pub type Features = (Dense<6, 16, Relu>, Dense<16, 12, Relu>);
/// The layer that goes on learning.
pub type Head = Dense<12, 4, Softmax>;
/// From sensors to gases.
pub type Net = (Features, Head);

/// How strongly the sensors answer to each of the four gases.
const RESPONSES: [Smell; 4] = [
    [0.9, 0.2, 0.5, 0.1, 0.6, 0.3],
    [0.3, 0.8, 0.2, 0.6, 0.1, 0.5],
    [0.6, 0.5, 0.9, 0.2, 0.2, 0.7],
    [0.2, 0.4, 0.3, 0.9, 0.7, 0.2],
];

/// By how much the sensors' gains have changed when they are old, and what they then give in clean air.
const GAINS: Smell = [-0.7, 0.6, -0.5, 0.8, -0.7, 0.4];
const OFFSETS: Smell = [0.3, -0.3, 0.5, -0.2, 0.4, -0.4];

/// Gives smells, each with the gas it is of: sensor `i` gives
/// `(1 + age·gain[i])·concentration·response[gas][i] + age·offset[i] + noise`, the concentration from 0.6 to 1.4, the
/// noise within ±0.1, both uniform.
pub struct Nose {
    rng: Rng,
    /// From 0, new, to 1, old.
    pub age: f32,
}

impl Nose {
    /// A nose of this age.
    pub fn new(seed: u64, age: f32) -> Self {
        Self { rng: Rng::new(seed), age }
    }

    /// The next smell.
    pub fn smell(&mut self) -> (Smell, usize) {
        let gas = self.rng.bits() as usize % RESPONSES.len();
        let concentration = 0.6 + 0.8 * uniform(&mut self.rng);
        let mut smell = [0.0; 6];
        for (sensor, value) in smell.iter_mut().enumerate() {
            let answer = (1.0 + self.age * GAINS[sensor]) * concentration * RESPONSES[gas][sensor];
            *value = answer + self.age * OFFSETS[sensor] + 0.2 * (uniform(&mut self.rng) - 0.5);
        }
        (smell, gas)
    }
}
