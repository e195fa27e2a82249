//! Trains the tutorial's network on the chip, from nothing, in several ways. The weights are then those of the PC, bit for
//! bit.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{Outcome, console::say, cost, ensure, hash::Hash, program, uniform};
use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

const SAMPLES: usize = 100;
const EPOCHS: usize = 10;

program!(run);

fn run() -> Outcome {
    say("# Sgd, batch 1");
    cost::stack("training", || train::<Sgd, 1>(Sgd::new(0.1), 225_479_924))?;
    say("# Sgd in place, batch 1");
    cost::stack("training", || train::<InPlace<Sgd>, 1>(InPlace(Sgd::new(0.1)), 225_479_924))?;
    say("# Sgd, batch 10");
    cost::stack("training", || train::<Sgd, 10>(Sgd::new(0.5), 2203777136))?;
    say("# Adam, batch 1");
    cost::stack("training", || train::<Adam, 1>(Adam::new(0.01), 2822289000))?;
    say("# Adam, batch 10");
    cost::stack("training", || train::<Adam, 10>(Adam::new(0.05), 3060445756))
}

/// Trains, and compares the weights with those `of_pc`.
fn train<O: Optimizer, const BATCH: usize>(optimizer: O, of_pc: u32) -> Outcome {
    let mut place = MaybeUninit::uninit();
    let trainer = Trainer::<Net, BinaryCrossentropy, O, BATCH>::new_at(&mut place, optimizer, 42);
    let mut batch = ([[0.0; 10]; BATCH], [[0.0]; BATCH]);
    let mut loss = 0.0;
    for _ in 0..EPOCHS {
        let mut rng = Rng::new(1);
        loss = 0.0;
        for _ in 0..SAMPLES / BATCH {
            fill(&mut batch, &mut rng);
            loss += trainer.step(&batch.0, &batch.1).map_err(|_| "a step failed")?;
        }
    }
    ensure(loss < 0.5 * (SAMPLES / BATCH) as f64, "it has not learnt")?;
    Hash::of_network(trainer.network()).check(of_pc)?;

    cost::of("prediction", || trainer.predict(&batch.0[0]));
    cost::of("evaluation", || trainer.evaluate(&batch.0, &batch.1)).map_err(|_| "the evaluation failed")?;
    cost::of("step", || trainer.step(&batch.0, &batch.1)).map_err(|_| "a step failed")?;
    Ok(())
}

/// Samples are made when they are needed: 100 of them take more memory than the training. What is to be learnt is whether
/// the first five numbers outweigh the others.
fn fill<const BATCH: usize>((x, y): &mut ([[f32; 10]; BATCH], [[f32; 1]; BATCH]), rng: &mut Rng) {
    for (x, y) in x.iter_mut().zip(y) {
        let mut balance = 0.0;
        for (place, number) in x.iter_mut().enumerate() {
            *number = uniform(rng);
            balance += if place < 5 { *number } else { -*number };
        }
        *y = [if balance > 0.0 { 1.0 } else { 0.0 }];
    }
}
