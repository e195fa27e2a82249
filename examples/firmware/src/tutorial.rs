//! Trains the network of the tutorial from scratch. The weights must have the same bits as on a PC.

use core::mem::MaybeUninit;

use shiplap::prelude::*;

use crate::{Outcome, cost, ensure, hash::Hash, uniform};

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

const SAMPLES: usize = 100;
const EPOCHS: usize = 10;

/// Trains with in-place gradient descent, which stores no gradient, and a batch size of 1.
pub fn in_place_1() -> Outcome {
    train::<_, 1>(InPlace(Sgd::new(0.1)), 971_680_704)
}

/// Trains with gradient descent and a batch size of 1. The weights are the same as those of [`in_place_1`].
pub fn sgd_1() -> Outcome {
    train::<_, 1>(Sgd::new(0.1), 971_680_704)
}

/// Trains with gradient descent and a batch size of 10.
pub fn sgd_10() -> Outcome {
    train::<_, 10>(Sgd::new(0.5), 4_122_082_363)
}

/// Trains with Adam and a batch size of 1.
pub fn adam_1() -> Outcome {
    train::<_, 1>(Adam::new(0.01), 1_036_869_767)
}

/// Trains with Adam and a batch size of 10.
pub fn adam_10() -> Outcome {
    train::<_, 10>(Adam::new(0.05), 1_669_398_705)
}

/// Trains, and compares the hash of the weights with that of the PC.
fn train<O: Optimizer, const BATCH: usize>(optimizer: O, of_pc: u32) -> Outcome {
    let mut batch = ([[0.0; 10]; BATCH], [[0.0]; BATCH]);
    cost::training::<Net>(Trainer::<Net, BinaryCrossentropy, O, BATCH>::BYTES, || {
        let mut memory = MaybeUninit::uninit();
        let trainer = Trainer::<Net, BinaryCrossentropy, O, BATCH>::new_at(&mut memory, optimizer, 42);
        let mut loss = 0.0;
        for _ in 0..EPOCHS {
            let mut rng = Rng::new(1);
            loss = 0.0;
            for _ in 0..SAMPLES / BATCH {
                fill(&mut batch, &mut rng);
                loss += trainer.step(&batch.0, &batch.1).map_err(|_| "a step failed")?;
            }
        }
        ensure(loss < 0.5 * (SAMPLES / BATCH) as f64, "the loss is too high after training")?;
        Hash::of_network(trainer.network()).check(of_pc)?;

        cost::prediction(trainer.network(), &batch.0[0])?;
        cost::of("evaluation", || trainer.evaluate(&batch.0, &batch.1)).0.map_err(|_| "the evaluation failed")?;
        cost::step::<Net>(|| trainer.step(&batch.0, &batch.1))
    })
}

/// Generates a batch of samples. The label is whether the sum of the first five inputs exceeds that of the others.
///
/// Samples are generated on demand, because storing all 100 would take more memory than training.
fn fill<const BATCH: usize>((x, y): &mut ([[f32; 10]; BATCH], [[f32; 1]; BATCH]), rng: &mut Rng) {
    for (x, y) in x.iter_mut().zip(y) {
        let mut balance = 0.0;
        for (index, number) in x.iter_mut().enumerate() {
            *number = uniform(rng);
            balance += if index < 5 { *number } else { -*number };
        }
        *y = [if balance > 0.0 { 1.0 } else { 0.0 }];
    }
}
