//! Times on 1, 2 and 4 ranks of this machine, each the least of several rounds: `benches/ranks/run`.
//!
//! Without an argument, it starts itself with `mpirun` for each column of the table.

#[path = "../../resnet8.rs"]
mod resnet8;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

use mpi::{
    topology::SimpleCommunicator,
    traits::{Communicator as _, Destination as _, Source as _},
};
use resnet8::ResNet8;
use shiplap::{
    Tensor,
    optim::AllRanks,
    prelude::*,
    ranks::{self, Ranks},
    search::{Search, SearchError, Training, candidates},
    train::LocalSgd,
};

type W1 = (Dense<10, 10, Relu>, Dense<10, 10, Softmax>);
type W3 = (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10, Softmax>);
type Failure = Box<dyn Error + Send + Sync>;

/// The columns: the number of ranks, and further options of `mpirun`.
const COLUMNS: [(&str, usize, &[&str]); 4] =
    [("1 rank", 1, &[]), ("2 ranks", 2, &[]), ("4 ranks", 4, &[]), ("2 ranks, TCP", 2, &["--mca", "btl", "self,tcp"])];

fn main() -> Result<(), Failure> {
    if env::args().nth(1).is_some() {
        ranks::run(measure);
        return Ok(());
    }
    let mut names = Vec::new();
    let mut cells = BTreeMap::new();
    for (column, (_, count, options)) in COLUMNS.iter().enumerate() {
        let mut mpirun = Command::new("mpirun");
        mpirun.args(["--oversubscribe", "-n", &count.to_string()]).args(*options);
        mpirun.arg(env::current_exe()?).arg("measure");
        mpirun.envs(["", "_CONFIRM"].map(|end| (format!("OMPI_ALLOW_RUN_AS_ROOT{end}"), "1")));
        let output = mpirun.env("RAYON_NUM_THREADS", "1").output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            let (name, value) = line.split_once('\t').ok_or("a line without a tab")?;
            if !names.iter().any(|other| other == name) {
                names.push(name.to_owned());
            }
            cells.insert((name.to_owned(), column), value.to_owned());
        }
    }
    println!("| | {} |", COLUMNS.map(|(name, ..)| name).join(" | "));
    println!("|---|{}", "--:|".repeat(COLUMNS.len()));
    for name in names {
        let row: Vec<_> =
            (0..COLUMNS.len()).map(|column| cells.get(&(name.clone(), column)).map_or("–", String::as_str)).collect();
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

/// The least time of `work` in microseconds, divided by `times`, over some rounds.
fn least(times: usize, mut work: impl FnMut() -> Result<(), TrainError>) -> Result<f64, TrainError> {
    let mut least = Duration::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed());
    }
    Ok(least.as_secs_f64() * 1e6 / times as f64)
}

fn measure(ranks: &Ranks) -> Result<(), Failure> {
    let print = |name: &str, value: f64| {
        if ranks.is_first() {
            println!("{name}\t{value:.*}", if value < 20.0 { 2 } else { 0 });
        }
    };
    if ranks.count() > 1 {
        print("latency of 1 byte, µs", 1e6 * one_way(ranks, 1));
        print("packet of 16 KiB, µs", 1e6 * one_way(ranks, 16 * 1024));
        print("bandwidth, GB/s", 0.004 / one_way(ranks, 4_000_000));
    }
    print("10-10-10, batch 32, a step, µs", step::<W1, 32, 8>(200)?);
    print("784-512-512-10, batch 128, a step, µs", step::<W3, 128, 32>(10)?);
    print("ResNet-8, batch 32, a step, µs", step::<ResNet8, 32, 8>(2)?);
    for every in [1, 4, 16] {
        let name = format!("784-512-512-10, 4 shards with batches of 32, averaged every {every} steps, µs");
        print(&name, local(ranks, every)?);
    }
    let start = Instant::now();
    search(ranks)?;
    print("a search of 72 trials, s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The seconds that `length` bytes take from rank 0 to rank 1: half of the time there and back, the least of 20 rounds.
fn one_way(ranks: &Ranks, length: usize) -> f64 {
    let everyone = SimpleCommunicator::world();
    let mut bytes = vec![1u8; length];
    let times = (100_000 / length).clamp(10, 1000);
    let mut least = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..times {
            match ranks.rank() {
                0 => {
                    everyone.process_at_rank(1).send(&bytes[..]);
                    everyone.process_at_rank(1).receive_into(&mut bytes[..]);
                }
                1 => {
                    everyone.process_at_rank(0).receive_into(&mut bytes[..]);
                    everyone.process_at_rank(0).send(&bytes[..]);
                }
                _ => {}
            }
        }
        least = least.min(start.elapsed().as_secs_f64() / times as f64 / 2.0);
    }
    least
}

fn samples<X: Tensor<Element = f32>>(count: usize) -> (Vec<X>, Vec<usize>) {
    let mut rng = Rng::new(1);
    let mut x = vec![X::zeroed(); count];
    X::flat_mut(&mut x).iter_mut().for_each(|number| *number = rng.uniform() as f32);
    (x, (0..count).map(|sample| sample % 10).collect())
}

/// A step of training in 4 shards.
fn step<N, const BATCH: usize, const ROWS: usize>(times: usize) -> Result<f64, TrainError>
where
    N: Network<Element = f32, Output = [f32; 10]>,
    N::Input: shiplap::layer::Sample<N>,
    SparseCategoricalCrossentropy: Follows<N::Head>,
{
    let (x, y) = samples::<N::Input>(BATCH);
    let shards = AllRanks::<_, 4, ROWS>(Adam::default());
    let mut trainer = Trainer::<N, SparseCategoricalCrossentropy, _, BATCH>::boxed(shards, 1);
    least(times, || (0..times).try_for_each(|_| trainer.step(&x, &y).map(drop)))
}

/// A step of 4 shards that train by themselves.
fn local(ranks: &Ranks, every: usize) -> Result<f64, TrainError> {
    let (x, y) = samples::<[f32; 784]>(4 * 32 * 16);
    Ok(ranks.shards(4, |shard| {
        let (x, y) = (shard.part(&x), shard.part(&y));
        let mut trainer = Trainer::<W3, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::default(), 1);
        least(16, || trainer.fit_with(&x, &y, Fit::epochs(1), LocalSgd::new(shard, every)).map(drop))
    }))
}

type Small = (Dense<64, 32, Relu>, Dense<32, 10, Softmax>);
type Medium = (Dense<64, 64, Relu>, Dense<64, 64, Relu>, Dense<64, 10, Softmax>);
type Wide = (Dense<64, 256, Relu>, Dense<256, 10, Softmax>);

fn search(ranks: &Ranks) -> Result<(), SearchError> {
    let (x, y) = samples::<[f32; 64]>(1800);
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y).validation(&x, &y);
    let space = candidates![Small, Medium, Wide].learning_rates([1e-4, 1e-3, 1e-2, 0.1]).seeds(0..6);
    Search::epochs(10).run_on(ranks, &space, &training).map(drop)
}
