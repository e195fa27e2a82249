//! A machine that vibrates, simulated: sines and noise.

use shiplap::Rng;

use crate::uniform;

/// How many measurements are looked at together.
pub const WINDOW: usize = 16;

/// An acceleration sensor on a machine: the sum of what its shaft does, a sine of amplitude 1 that turns by 0.53 rad from
/// one measurement to the next, of its fan, amplitude 0.5 and 1.3 rad, and of noise, uniform within ±0.1. A broken
/// bearing adds a sine of amplitude 0.4 and 2.2 rad.
pub struct Machine {
    shaft: Sine,
    fan: Sine,
    bearing: Sine,
    rng: Rng,
    /// Whether the bearing is broken.
    pub broken: bool,
}

impl Machine {
    /// One that is in order.
    pub fn new(seed: u64) -> Self {
        Self {
            shaft: Sine::new(1.0, [0.862_807_1, 0.505_533_34]),
            fan: Sine::new(0.5, [0.267_498_82, 0.963_558_2]),
            bearing: Sine::new(0.4, [-0.588_501_1, 0.808_496_4]),
            rng: Rng::new(seed),
            broken: false,
        }
    }

    /// The next measurements.
    pub fn window(&mut self) -> [f32; WINDOW] {
        let mut window = [0.0; WINDOW];
        for value in &mut window {
            let (shaft, fan, bearing) = (self.shaft.next(), self.fan.next(), self.bearing.next());
            let noise = 0.2 * (uniform(&mut self.rng) - 0.5);
            *value = shaft + fan + noise + if self.broken { bearing } else { 0.0 };
        }
        window
    }
}

/// A point on a circle, turned from number to number: a sine without a sine.
struct Sine {
    point: [f32; 2],
    /// Cosine and sine of the angle.
    turn: [f32; 2],
}

impl Sine {
    fn new(amplitude: f32, turn: [f32; 2]) -> Self {
        Self { point: [0.0, amplitude], turn }
    }

    fn next(&mut self) -> f32 {
        let ([y, x], [cosine, sine]) = (self.point, self.turn);
        self.point = [x * sine + y * cosine, x * cosine - y * sine];
        y
    }
}
