//! An autoencoder learns on the chip how a machine vibrates when it is in order, and raises the alarm when a bearing
//! breaks, and not before.
//!
//! What the autoencoder gives back differs from what it is given by an error that is small for what it has learnt. The
//! alarm is raised when the mean error of late is over three times what it was at the end of learning.
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

/// How many windows it learns from, and how many it watches in order and then broken.
const LEARNT: u32 = 3000;
const WATCHED: u32 = 1000;

const HASH: u32 = 1_961_173_508;

program!(run);

fn run() -> Outcome {
    let mut machine = Machine::new(1);
    let mut place = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut place, Adam::new(3e-3), 42);
    let mut level = Level { mean: 0.0 };
    for _ in 0..LEARNT {
        let window = machine.window();
        let loss = learner.step(&[window], &[window]).map_err(|_| "a step failed")?;
        level.update(loss as f32);
    }
    show("error when learnt", (1e6 * level.mean) as u32, "millionths");
    Hash::of_network(learner.network()).check(HASH)?;
    let limit = 3.0 * level.mean;

    ensure(watch(&mut machine, learner, &mut level, limit).is_none(), "a false alarm")?;
    show("error in order", (1e6 * level.mean) as u32, "millionths");

    machine.broken = true;
    let alarm = watch(&mut machine, learner, &mut level, limit).ok_or("no alarm")?;
    show("alarm after", alarm, "windows");

    let window = machine.window();
    cost::prediction(learner.network(), &window)?;
    cost::step(|| learner.step(&[window], &[window]))
}

/// After how many windows the alarm is raised, if it is.
fn watch(machine: &mut Machine, learner: &Learner, level: &mut Level, limit: f32) -> Option<u32> {
    (1..=WATCHED).find(|_| {
        let window = machine.window();
        let mut error = 0.0;
        for (given, back) in window.iter().zip(learner.predict(&window)) {
            error += (given - back) * (given - back);
        }
        level.update(error / WINDOW as f32);
        level.mean > limit
    })
}

/// The mean error of the last 20 windows or so.
struct Level {
    mean: f32,
}

impl Level {
    fn update(&mut self, error: f32) {
        self.mean += 0.05 * (error - self.mean);
    }
}
