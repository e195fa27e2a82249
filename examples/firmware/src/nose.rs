//! A simulated electronic nose: six gas sensors that age.

use shiplap::prelude::*;

use crate::uniform;

/// The signals of the sensors.
pub type Smell = [f32; 6];

/// The feature layers, which are trained on a PC only.
pub type Features = (Dense<6, 16, Relu>, Dense<16, 12, Relu>);
/// The last layer, which is trained further on the chip.
pub type Head = Dense<12, 4, Softmax>;
/// The classifier of gases.
pub type Net = (Features, Head);

/// The response of the sensors to each of the four gases.
const RESPONSES: [Smell; 4] = [
    [0.9, 0.2, 0.5, 0.1, 0.6, 0.3],
    [0.3, 0.8, 0.2, 0.6, 0.1, 0.5],
    [0.6, 0.5, 0.9, 0.2, 0.2, 0.7],
    [0.2, 0.4, 0.3, 0.9, 0.7, 0.2],
];

/// The relative change of the gain of each old sensor.
const GAINS: Smell = [-0.7, 0.6, -0.5, 0.8, -0.7, 0.4];
/// The signal of each old sensor in clean air.
const OFFSETS: Smell = [0.3, -0.3, 0.5, -0.2, 0.4, -0.4];

/// A simulated electronic nose.
///
/// The signal of sensor `i` is `(1 + age·gain[i])·concentration·response[gas][i] + age·offset[i] + noise`. The concentration
/// is uniform in [0.6, 1.4), the noise uniform within ±0.1.
pub struct Nose {
    rng: Rng,
    /// The age of the sensors, from 0 (new) to 1 (old).
    pub age: f32,
}

impl Nose {
    /// Creates a nose with sensors of this age.
    pub fn new(seed: u64, age: f32) -> Self {
        Self { rng: Rng::new(seed), age }
    }

    /// Returns the signals for a random gas, and the index of the gas.
    pub fn smell(&mut self) -> (Smell, usize) {
        let gas = self.rng.bits() as usize % RESPONSES.len();
        let concentration = 0.6 + 0.8 * uniform(&mut self.rng);
        let mut smell = [0.0; 6];
        for (sensor, value) in smell.iter_mut().enumerate() {
            let response = (1.0 + self.age * GAINS[sensor]) * concentration * RESPONSES[gas][sensor];
            *value = response + self.age * OFFSETS[sensor] + 0.2 * (uniform(&mut self.rng) - 0.5);
        }
        (smell, gas)
    }
}
