//! A simulated acceleration sensor on a vibrating machine.

use shiplap::Rng;

use crate::uniform;

/// The number of measurements in a window.
pub const WINDOW: usize = 16;

/// A simulated acceleration sensor on a machine.
///
/// The signal is the sum of three parts: the shaft, a sine of amplitude 1 and 0.53 rad per measurement; the fan, a sine of
/// amplitude 0.5 and 1.3 rad per measurement; and noise, uniform within ±0.1. A broken bearing adds a sine of amplitude 0.4
/// and 2.2 rad per measurement.
pub struct Machine {
    shaft: Sine,
    fan: Sine,
    bearing: Sine,
    rng: Rng,
    /// Whether the bearing is broken.
    pub broken: bool,
}

impl Machine {
    /// Creates an intact machine.
    pub fn new(seed: u64) -> Self {
        Self {
            shaft: Sine::new(1.0, [0.862_807_1, 0.505_533_34]),
            fan: Sine::new(0.5, [0.267_498_82, 0.963_558_2]),
            bearing: Sine::new(0.4, [-0.588_501_1, 0.808_496_4]),
            rng: Rng::new(seed),
            broken: false,
        }
    }

    /// Returns the next window of measurements.
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

/// A sine, computed without a sine function: a point that rotates on a circle.
struct Sine {
    point: [f32; 2],
    /// Cosine and sine of the angle of rotation.
    rotation: [f32; 2],
}

impl Sine {
    fn new(amplitude: f32, rotation: [f32; 2]) -> Self {
        Self { point: [0.0, amplitude], rotation }
    }

    fn next(&mut self) -> f32 {
        let ([y, x], [cosine, sine]) = (self.point, self.rotation);
        self.point = [x * sine + y * cosine, x * cosine - y * sine];
        y
    }
}
