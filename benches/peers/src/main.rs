//! Times a training step and inference of each contender on each workload, in turn, round after round.
//!
//! `peers BUILD ROUNDS` prints a CSV line for each workload, contender and round; BUILD is a name for the flags that
//! it was built with. `run` makes a table of them, and checks that all have computed the same.

mod by_hand;
mod contender;
mod in_burn;
mod in_candle;
mod in_dfdx;
mod in_shiplap;
mod workload;

use std::time::Instant;

use contender::CONTENDERS;
use workload::{Problem, WARM_UP, WORKLOADS};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(build), Some(rounds)) = (arguments.next(), arguments.next().and_then(|rounds| rounds.parse().ok()))
    else {
        eprintln!("usage: peers BUILD ROUNDS");
        std::process::exit(2);
    };
    for workload in &WORKLOADS {
        let problem = Problem::new(workload);
        for _round in 0..rounds {
            for (name, start) in CONTENDERS {
                let mut contender = start(&problem);
                let first_loss = contender.train(1);
                contender.train(WARM_UP - 1);
                let (step, _) = microseconds(workload.steps, |steps| contender.train(steps));
                let last_loss = contender.train(1);
                let (one, _) = predict(|times| contender.predict_one(times));
                let (many, prediction) = predict(|times| contender.predict_many(times));
                let workload = workload.name;
                println!("{workload},{name},{build},{step},{one},{many},{first_loss},{last_loss},{prediction}");
            }
        }
    }
}

/// Microseconds for each of `times`, and the result.
fn microseconds<T>(times: usize, work: impl FnOnce(usize) -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work(times);
    (start.elapsed().as_secs_f64() * 1e6 / times as f64, result)
}

/// Times predictions for about a millisecond, after a first one to warm up and to tell how many that makes.
fn predict(mut predict: impl FnMut(usize) -> f32) -> (f64, f32) {
    predict(1);
    let (once, _) = microseconds(1, &mut predict);
    microseconds((1e3 / once).ceil().max(10.0) as usize, predict)
}
