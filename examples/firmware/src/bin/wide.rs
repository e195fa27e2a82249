//! Trains a convolution with 147 KB of weights in place: its gradient, as large as the weights, is never in memory.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::mem::MaybeUninit;

use firmware::{Outcome, cost, hash::Hash, program, uniform};
use shiplap::prelude::*;

#[network(input = Image<3, 3, 64>)]
type Net = (Conv2d<_, 64, 3, Relu>, Flatten<_>, Dense<_, 1>);
type Learner = Trainer<Net, MeanSquaredError, InPlace<Sgd>, 1>;

const HASH: u32 = 1_768_878_684;

program!(run);

fn run() -> Outcome {
    let mut rng = Rng::new(1);
    let mut images = [[[[0.0; 64]; 3]; 3]];
    images.as_flattened_mut().as_flattened_mut().as_flattened_mut().fill_with(|| uniform(&mut rng));

    let mut memory = MaybeUninit::uninit();
    let learner = Learner::new_at(&mut memory, InPlace(Sgd::new(0.01)), 1);
    for _ in 0..3 {
        learner.step(&images, &[[1.0]]).map_err(|_| "a step failed")?;
    }
    Hash::of_network(learner.network()).check(HASH)?;
    cost::prediction(learner.network(), &images[0])?;
    cost::step::<Net>(|| learner.step(&images, &[[1.0]]))
}
