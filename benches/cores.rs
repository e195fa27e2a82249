//! Training, evaluation and prediction on one core and on several: a table of times, each the least of many rounds.
//!
//! `cargo bench -p shiplap-benches --bench cores --features rayon`; with `-- W3`, only the rows of W3. The rounds alternate
//! between the numbers of threads, so that a change of the clock rate affects all of them.

mod resnet8;

use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};
use resnet8::ResNet8;
use shiplap::{
    Tensor,
    loss::{Follows, Label, Loss},
    metric::Metric,
    prelude::*,
};

type W1 = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type W3 = (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10, Softmax>);

/// The numbers of threads in the table.
const THREADS: [usize; 2] = [1, 2];

/// The least time of each of `runs` in microseconds. Each does its work as often as its argument says.
fn least(rounds: usize, times: usize, runs: &mut [&mut dyn FnMut(usize)]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; runs.len()];
    for _ in 0..rounds {
        for (run, best) in runs.iter_mut().zip(&mut best) {
            run(1);
            let start = Instant::now();
            run(times);
            *best = best.min(start.elapsed().as_secs_f64() * 1e6 / times as f64);
        }
    }
    best
}

fn row(name: &str, times: &[f64]) {
    print!("| {name} ");
    for time in times {
        print!("| {time:.1} ");
    }
    println!("| {:.2} | {:.2} |", times[0] / times[times.len() - 1], times[1] / times[times.len() - 1]);
}

/// A row for a step, one for an evaluation and one for predictions.
fn rows<N, L, Y, const BATCH: usize, const ROWS: usize>(
    name: &str,
    (rounds, times): (usize, usize),
    pools: &[ThreadPool],
    label: impl Fn(&mut Rng) -> Y,
) where
    N: Network<Element = f32>,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head>,
    Y: Label<L, N::Output> + Sync,
    N::Input: shiplap::layer::Sample<N>,
{
    let part = std::env::args().skip(1).find(|part| !part.starts_with("--"));
    if part.is_some_and(|part| !name.contains(&part)) {
        return;
    }
    let mut rng = Rng::new(1);
    let mut x = vec![N::Input::zeroed(); 8 * BATCH];
    N::Input::flat_mut(&mut x).iter_mut().for_each(|number| *number = rng.uniform() as f32);
    let y: Vec<Y> = (0..x.len()).map(|_| label(&mut rng)).collect();
    let mut alone = Trainer::<N, L, Adam, BATCH>::boxed(Adam::default(), 1);
    let mut shared =
        pools.iter().map(|_| Trainer::<N, L, AllCores<Adam, 2, ROWS>, BATCH>::boxed(AllCores::default(), 1));
    let (mut first, mut second) = (shared.next().unwrap(), shared.next().unwrap());
    let steps = least(
        rounds,
        times,
        &mut [
            &mut |times| (0..times).for_each(|_| assert!(alone.step(&x[..BATCH], &y[..BATCH]).is_ok())),
            &mut |times| {
                pools[0].install(|| (0..times).for_each(|_| assert!(first.step(&x[..BATCH], &y[..BATCH]).is_ok())));
            },
            &mut |times| {
                pools[1].install(|| (0..times).for_each(|_| assert!(second.step(&x[..BATCH], &y[..BATCH]).is_ok())));
            },
        ],
    );
    row(&format!("{name}, step"), &steps);
    let times = times.div_ceil(8);
    let evaluations = least(
        rounds,
        times,
        &mut [
            &mut |times| pools[0].install(|| (0..times).for_each(|_| drop(alone.evaluate(&x, &y)))),
            &mut |times| pools[0].install(|| (0..times).for_each(|_| drop(first.evaluate(&x, &y)))),
            &mut |times| pools[1].install(|| (0..times).for_each(|_| drop(second.evaluate(&x, &y)))),
        ],
    );
    row(&format!("{name}, evaluation of {}", x.len()), &evaluations);
    let mut places = [(); 3].map(|()| vec![N::Output::zeroed(); x.len()]);
    let (network, [one, two, three]) = (alone.network(), &mut places);
    let predictions = least(
        rounds,
        times,
        &mut [
            &mut |times| pools[0].install(|| (0..times).for_each(|_| network.predict_batch(&x, one).unwrap())),
            &mut |times| pools[0].install(|| (0..times).for_each(|_| network.predict_batch(&x, two).unwrap())),
            &mut |times| pools[1].install(|| (0..times).for_each(|_| network.predict_batch(&x, three).unwrap())),
        ],
    );
    row(&format!("{name}, predictions of {}", x.len()), &predictions);
}

fn main() {
    let pools = THREADS.map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    let rounds = std::env::var("ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    println!("| microseconds | one core | `AllCores`, 1 thread | 2 threads | speedup | over 1 thread |");
    println!("|---|--:|--:|--:|--:|--:|");
    let class = |rng: &mut Rng| (10.0 * rng.uniform()) as usize;
    rows::<W1, BinaryCrossentropy, _, 32, 16>("W1, batch 32", (rounds, 2000), &pools, |rng| {
        [rng.uniform().round() as f32]
    });
    rows::<W3, SparseCategoricalCrossentropy, _, 128, 64>("W3, batch 128", (rounds, 20), &pools, class);
    rows::<ResNet8, SparseCategoricalCrossentropy, _, 32, 16>("ResNet-8, batch 32", (rounds, 2), &pools, class);
}
