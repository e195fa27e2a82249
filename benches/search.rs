//! A search of 72 trials on 1, 2, ... threads: the seconds, and the trials per second.
//!
//! `cargo bench -p shiplap-benches --bench search --features search`

use std::time::Instant;

use rayon::ThreadPoolBuilder;
use shiplap::{
    prelude::*,
    search::{Results, Search, Training, candidates},
};

type Small = (Dense<64, 32, Relu>, Dense<32, 10, Softmax>);
type Medium = (Dense<64, 64, Relu>, Dense<64, 64, Relu>, Dense<64, 10, Softmax>);
type Wide = (Dense<64, 256, Relu>, Dense<256, 10, Softmax>);

/// The least of this many runs counts.
const RUNS: usize = 3;

fn search(x: &[[f32; 64]], y: &[usize]) -> Results {
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), x, y).validation(x, y);
    let space = candidates![Small, Medium, Wide].learning_rates([1e-4, 1e-3, 1e-2, 0.1]).seeds(0..6);
    Search::epochs(10).run(&space, &training).expect("the settings are in range")
}

fn main() {
    let mut rng = Rng::new(1);
    let x: Vec<[f32; 64]> = (0..1800).map(|_| [(); 64].map(|()| rng.uniform() as f32)).collect();
    let y: Vec<usize> = x.iter().map(|x| (x.iter().sum::<f32>() * 10.0) as usize % 10).collect();

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut first, mut expected) = (f64::NAN, None);
    println!("threads  seconds  trials/s  ratio");
    for threads in [1, 2, 4, 8].into_iter().filter(|threads| *threads <= cores) {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        let mut least = f64::INFINITY;
        for _ in 0..RUNS {
            let start = Instant::now();
            let results = pool.install(|| search(&x, &y));
            least = least.min(start.elapsed().as_secs_f64());
            let weights = expected.get_or_insert_with(|| results.weights().map(<[u8]>::to_vec));
            assert_eq!(weights.as_deref(), results.weights(), "the number of threads affects the results");
        }
        if threads == 1 {
            first = least;
        }
        println!("{threads:>7}  {least:>7.3}  {:>8.1}  {:>5.2}", 72.0 / least, first / least);
    }
}
