//! Trains an autoencoder on the chip with the vibrations of an intact machine, and detects a broken bearing.
//!
//! The reconstruction error of an autoencoder is small for data like those of its training. The program raises an alarm if
//! the moving average of the error exceeds three times its value at the end of training.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{
    Outcome,
    console::show,
    cost, ensure,
    hash::Hash,
    machine::{Machine, WINDOW},
    program,
};
use shiplap::prelude::*;

#[network]
type Autoencoder = (Dense<WINDOW, 6, Tanh>, Dense<6, WINDOW, Linear>);
type Learner = Trainer<Autoencoder, MeanSquaredError, Adam, 1>;

/// The number of windows for training.
const TRAINING_WINDOWS: u32 = 3000;
/// The number of windows to monitor, first of the intact machine, then of the broken one.
const MONITORED_WINDOWS: u32 = 1000;

const HASH: u32 = 1_961_173_508;

program!(run);

fn run() -> Outcome {
    let mut machine = Machine::new(1);
    let mut memory = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut memory, Adam::new(3e-3), 42);
    let mut error = MovingAverage { mean: 0.0 };
    for _ in 0..TRAINING_WINDOWS {
        let window = machine.window();
        let loss = learner.step(&[window], &[window]).map_err(|_| "a step failed")?;
        error.update(loss as f32);
    }
    show("error after training", (1e6 * error.mean) as u32, "millionths");
    Hash::of_network(learner.network()).check(HASH)?;
    let limit = 3.0 * error.mean;

    ensure(monitor(&mut machine, learner, &mut error, limit).is_none(), "a false alarm")?;
    show("error of the intact machine", (1e6 * error.mean) as u32, "millionths");

    machine.broken = true;
    let alarm = monitor(&mut machine, learner, &mut error, limit).ok_or("no alarm")?;
    show("alarm after", alarm, "windows");

    let window = machine.window();
    cost::prediction(learner.network(), &window)?;
    cost::step::<Autoencoder>(|| learner.step(&[window], &[window]))
}

/// The number of windows until the alarm, or `None` without an alarm.
fn monitor(machine: &mut Machine, learner: &Learner, error: &mut MovingAverage, limit: f32) -> Option<u32> {
    (1..=MONITORED_WINDOWS).find(|_| {
        let window = machine.window();
        let mut squares = 0.0;
        for (input, output) in window.iter().zip(learner.predict(&window)) {
            squares += (input - output) * (input - output);
        }
        error.update(squares / WINDOW as f32);
        error.mean > limit
    })
}

/// An exponential moving average over about 20 windows.
struct MovingAverage {
    mean: f32,
}

impl MovingAverage {
    fn update(&mut self, error: f32) {
        self.mean += 0.05 * (error - self.mean);
    }
}
