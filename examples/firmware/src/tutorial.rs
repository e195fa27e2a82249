//! The tutorial's network, trained on the chip from nothing: its weights are then those of the PC, bit for bit.

use core::mem::MaybeUninit;

use shiplap::prelude::*;

use crate::{Outcome, cost, ensure, hash::Hash, uniform};

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

const SAMPLES: usize = 100;
const EPOCHS: usize = 10;

/// Trains with plain gradient descent, which keeps no gradient, on one sample at a time.
pub fn in_place_1() -> Outcome {
    train::<_, 1>(InPlace(Sgd::new(0.1)), 225_479_924)
}

/// The same with a gradient: it gives the same weights.
pub fn sgd_1() -> Outcome {
    train::<_, 1>(Sgd::new(0.1), 225_479_924)
}

/// Ten samples at a time.
pub fn sgd_10() -> Outcome {
    train::<_, 10>(Sgd::new(0.5), 2_203_777_136)
}

/// Trains with Adam on one sample at a time.
pub fn adam_1() -> Outcome {
    train::<_, 1>(Adam::new(0.01), 2_822_289_000)
}

/// Ten samples at a time.
pub fn adam_10() -> Outcome {
    train::<_, 10>(Adam::new(0.05), 3_060_445_756)
}

/// Trains, and compares the weights with those `of_pc`.
fn train<O: Optimizer, const BATCH: usize>(optimizer: O, of_pc: u32) -> Outcome {
    let mut batch = ([[0.0; 10]; BATCH], [[0.0]; BATCH]);
    cost::training(Trainer::<Net, BinaryCrossentropy, O, BATCH>::BYTES, || {
        let mut place = MaybeUninit::uninit();
        let trainer = Trainer::<Net, BinaryCrossentropy, O, BATCH>::new_at(&mut place, optimizer, 42);
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

        cost::prediction(trainer.network(), &batch.0[0])?;
        cost::of("evaluation", || trainer.evaluate(&batch.0, &batch.1)).0.map_err(|_| "the evaluation failed")?;
        cost::step(|| trainer.step(&batch.0, &batch.1))
    })
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
