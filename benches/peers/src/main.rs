//! Times a training step and inference for each workload and contender. The contenders take turns in each round.
//!
//! `peers BUILD ROUNDS [WORKLOAD]...` prints a CSV line for each workload (by default all), contender and round. BUILD is
//! a name for the compiler flags. `run` creates tables from these lines, and checks that all contenders computed the same.
//!
//! To add a contender, write a file that implements [`Contender`], and add its `mod` line and a line in [`CONTENDERS`].

mod by_hand;
mod contender;
mod in_burn;
mod in_candle;
mod in_dfdx;
mod in_shiplap;
mod workload;

use contender::Contender;
use rustix::time::{ClockId, clock_gettime};
use workload::{Problem, WARM_UP, WORKLOADS};

/// Creates a contender that starts from the weights of the problem, if the library can run its workload.
type Start = fn(&Problem) -> Option<Box<dyn Contender>>;

const CONTENDERS: [(&str, Start); 5] = [
    ("shiplap", in_shiplap::start),
    ("dfdx", in_dfdx::start),
    ("burn", in_burn::start),
    ("candle", in_candle::start),
    ("matrixmultiply", by_hand::start),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(build), Some(rounds)) = (arguments.next(), arguments.next().and_then(|rounds| rounds.parse().ok()))
    else {
        eprintln!("usage: peers BUILD ROUNDS [WORKLOAD]...");
        std::process::exit(2);
    };
    let names: Vec<String> = arguments.collect();
    for workload in WORKLOADS.iter().filter(|workload| names.is_empty() || names.iter().any(|n| n == workload.name)) {
        let problem = Problem::new(workload);
        for _round in 0..rounds {
            for (name, start) in CONTENDERS {
                let Some(mut contender) = start(&problem) else { continue };
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

/// Returns the time per repetition in microseconds, and the result.
fn microseconds<T>(times: usize, work: impl FnOnce(usize) -> T) -> (f64, T) {
    let start = now();
    let result = work(times);
    ((now() - start) / times as f64, result)
}

/// The time for which the process has run on a core, in microseconds.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// Times predictions for about a millisecond. One prediction warms up, a second one determines the number of repetitions.
fn predict(mut predict: impl FnMut(usize) -> f32) -> (f64, f32) {
    predict(1);
    let (once, _) = microseconds(1, &mut predict);
    microseconds((1e3 / once).ceil().max(10.0) as usize, predict)
}
