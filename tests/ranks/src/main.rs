//! `ranks PROGRAM [ARGUMENT]`: each program prints, on the first rank, what must not depend on the number of ranks.

mod counting;

use std::{
    collections::hash_map::DefaultHasher,
    env,
    error::Error,
    fs,
    hash::{Hash as _, Hasher as _},
    path::Path,
    process,
};

use shiplap::{
    io::{self, Checkpoints},
    loss::Loss,
    prelude::*,
    ranks::{self, Ranks, Shard},
    search::{Search, Training, candidates},
    train::{LocalSgd, OnFirst},
};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Everything whose result could depend on the order of rows or on the process.
type Net =
    (Dense<6, 20, Linear>, BatchNorm<[f32; 20]>, Activate<Tanh, [f32; 20]>, Dropout<20, 20>, Dense<20, 2, Linear>);
/// More numbers than a packet has.
type Wide = (Dense<6, 300, Tanh, f64>, Dense<300, 20, Tanh, f64>, Dense<20, 2, Linear, f64>);

type OfRanks<O> = AllRanks<O, 6, 8>;

type Failure = Box<dyn Error + Send + Sync>;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let argument = arguments.get(1).map_or("", String::as_str);
    ranks::run(|ranks| {
        if let Some(folder) = env::var_os("PIDS") {
            fs::write(Path::new(&folder).join(ranks.rank().to_string()), process::id().to_string())?;
        }
        let result = match arguments[0].as_str() {
            "train" => train(ranks),
            "local" => local(ranks),
            "checkpoint" => checkpoint(ranks, Path::new(argument)),
            "local-checkpoint" => local_checkpoint(ranks, Path::new(argument)),
            "search" => search(ranks, Path::new(argument)),
            "allocations" => allocations(ranks),
            "error" => fail(ranks, argument.parse()?, || Err("it does not work".into())),
            "panic" => fail(ranks, argument.parse()?, || panic!("it does not work")),
            "seeds" => seeds(ranks),
            "shards" => few_shards(ranks),
            "early-end" => early_end(ranks),
            "shard-ends" => shard_ends(ranks),
            "both" => both(ranks),
            "weights" => weights(ranks),
            "parts" => parts(ranks),
            "early-stopping" => early_stopping(ranks),
            "misplaced" => misplaced(ranks),
            "wrong-settings" => wrong_settings(ranks),
            "other-data" => other_data(ranks),
            "watch" => watch(ranks),
            "wrong-ranking" => wrong_ranking(ranks),
            other => Err(format!("there is no program {other}").into()),
        }?;
        if ranks.is_first() {
            print!("{result}");
        }
        Ok::<_, Failure>(())
    });
}

/// A multiple of neither the batch nor a shard. The last batch leaves some shards without rows.
const SAMPLES: usize = 103;

fn data<T: Element>() -> (Vec<[T; 6]>, Vec<[T; 2]>) {
    let mut rng = Rng::new(3);
    let x: Vec<[f64; 6]> = (0..SAMPLES).map(|_| std::array::from_fn(|_| rng.normal())).collect();
    let y = x.iter().map(|row| [row[0] * row[1], row[2].sin()].map(T::from_f64)).collect();
    (x.iter().map(|row| row.map(T::from_f64)).collect(), y)
}

/// The bits of a network and of numbers.
fn hash<N: Network>(network: &N, numbers: &[f64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    io::to_bytes(network).expect("its numbers are finite").hash(&mut hasher);
    numbers.iter().for_each(|number| number.to_bits().hash(&mut hasher));
    hasher.finish()
}

/// The bits after training with this optimizer.
fn trained<T, N, O>(optimizer: O) -> Result<u64, Failure>
where
    T: Element,
    N: Network<Element = T, Input = [T; 6], Output = [T; 2]>,
    MeanSquaredError: Loss<[T; 2], Label = [T; 2]> + Follows<N::Head>,
    MeanAbsolute: Metric<[T; 2], [T; 2]>,
    O: Optimizer,
{
    let (x, y) = data::<T>();
    let mut trainer = Trainer::<N, MeanSquaredError, O, 48, MeanAbsolute>::boxed(optimizer, 1);
    let fit = Fit::epochs(4).validation(&x, &y);
    let last = trainer.fit(&x, &y, fit)?;
    Ok(hash(trainer.network(), &[last.training.loss, last.loss()]))
}

/// Trains several networks on all ranks, and the first rank also on its own cores.
fn train(ranks: &Ranks) -> Result<String, Failure> {
    let mut text = String::new();
    let mut compare = |name: &str, on_ranks: u64, on_cores: &dyn Fn() -> Result<u64, Failure>| -> Result<(), Failure> {
        if ranks.is_first() {
            let on_cores = on_cores()?;
            if on_ranks != on_cores {
                return Err(format!("{name}: {on_ranks:x} on ranks, {on_cores:x} on cores").into());
            }
        }
        text += &format!("{name}: {on_ranks:x}\n");
        Ok(())
    };
    macro_rules! compare {
        ($($network:ident $optimizer:expr;)*) => {$(
            compare(
                stringify!($optimizer),
                trained::<_, $network, _>(AllRanks::<_, 6, 8>($optimizer))?,
                &|| trained::<_, $network, _>(AllCores::<_, 6, 8>($optimizer)),
            )?;
        )*};
    }
    compare! {
        Net Adam::new(0.01);
        Wide Sgd::new(0.1).penalty(Penalty::l2(0.01)).clip(Clip::Norm(0.1));
        Net Accumulate::new(Momentum::new(0.01).weight_decay(0.01), 2);
        Wide Averaged::new(Adam::new(0.01), 0.9);
    }
    Ok(text)
}

/// Each of 5 shards trains by itself.
fn local(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let hash = ranks.shards(5, |shard| {
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
        let fit = Fit::epochs(4).validation(&x, &y);
        let last = trainer.fit_with(&shard.part(&x), &shard.part(&y), fit, LocalSgd::new(shard, 3))?;
        Ok::<_, Failure>(hash(trainer.network(), &[last.loss()]))
    });
    Ok(format!("local: {hash:x}\n"))
}

const EPOCHS: usize = 40;

/// Trains to the last epoch from the last checkpoint, if there is one.
fn checkpoint(ranks: &Ranks, path: &Path) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    let done = if path.exists() { io::load_checkpoint(trainer.state_mut(), path)? } else { 0 };
    let mut checkpoints = Checkpoints::every(1, path);
    if done < EPOCHS {
        let fit = Fit::epochs(EPOCHS).from_epoch(done);
        trainer.fit_with(&x, &y, fit, OnFirst::new(ranks, &mut checkpoints))?;
    }
    checkpoints.finish()?;
    Ok(format!("{:x}\n", hash(trainer.network(), &[])))
}

fn local_checkpoint(ranks: &Ranks, path: &Path) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let train = |shard: &Shard| {
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
        let done = if path.exists() { io::load_checkpoint(trainer.state_mut(), path)? } else { 0 };
        let mut checkpoints = Checkpoints::every(1, path);
        if done < EPOCHS {
            let (x, y) = (shard.part(&x), shard.part(&y));
            let callbacks = (LocalSgd::new(shard, 2), OnFirst::new(shard, &mut checkpoints));
            trainer.fit_with(&x, &y, Fit::epochs(EPOCHS).from_epoch(done), callbacks)?;
        }
        checkpoints.finish()?;
        Ok::<_, Failure>(hash(trainer.network(), &[]))
    };
    Ok(format!("{:x}\n", ranks.shards(4, train)))
}

type Small = (Dense<6, 4, Tanh>, Dense<4, 2, Linear>);
type Deep = (Dense<6, 16, Tanh>, Dense<16, 16, Tanh>, Dense<16, 2, Linear>);

fn search(ranks: &Ranks, folder: &Path) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y).validation(&x[..50], &y[..50]);
    // One rate diverges.
    let space = candidates![Small, Deep].learning_rates([1e-3, 1e-2, 0.1, 1e30]).seeds(0..6);
    let mut search = Search::epochs(16).halving(2, 2);
    if folder.as_os_str().is_empty() {
        search = search.patience(5);
    } else {
        search = search.folder(folder);
    }
    let results = search.run_on(ranks, &space, &training)?;
    let Some(results) = results else { return Ok(String::new()) };
    let mut hasher = DefaultHasher::new();
    results.weights().hash(&mut hasher);
    Ok(format!("{results}\n{:x}\n", hasher.finish()))
}

/// Counts allocations in steps after the first.
fn allocations(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    trainer.step(&x[..48], &y[..48])?;
    let on_ranks = counting::count(|| (0..20).try_for_each(|_| trainer.step(&x[..48], &y[..48]).map(drop)))?;
    if on_ranks > 0 {
        return Err(format!("{on_ranks} allocations in steps on all ranks").into());
    }
    ranks.shards(4, |shard| {
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
        let (x, y) = (shard.part(&x), shard.part(&y));
        trainer.fit_with(&x, &y, Fit::epochs(1), LocalSgd::new(shard, 2))?;
        match counting::count(|| trainer.fit_with(&x, &y, Fit::epochs(5), LocalSgd::new(shard, 2)).map(drop))? {
            0 => Ok(()),
            calls => Err(Failure::from(format!("{calls} allocations in shard {}", shard.index()))),
        }
    });
    Ok("nothing was allocated\n".into())
}

/// Trains on all ranks, but one fails in the middle.
fn fail(ranks: &Ranks, rank: usize, how: fn() -> Result<(), Failure>) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    trainer.fit(&x, &y, Fit::epochs(3))?;
    if ranks.rank() == rank {
        how()?;
    }
    trainer.fit(&x, &y, Fit::epochs(3))?;
    Ok(String::new())
}

/// Trains with another seed on each rank.
fn seeds(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let seed = ranks.rank() as u64;
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), seed);
    trainer.fit(&x, &y, Fit::epochs(3))?;
    Ok(String::new())
}

/// There is one shard.
fn few_shards(_: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, AllRanks<Adam, 1, 48>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    trainer.fit(&x, &y, Fit::epochs(3))?;
    Ok(String::new())
}

/// The first rank trains less than the others.
fn early_end(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    trainer.fit(&x, &y, Fit::epochs(if ranks.is_first() { 2 } else { 3 }))?;
    Ok(String::new())
}

/// The last shard trains less than the others.
fn shard_ends(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    ranks.shards(4, |shard| {
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
        let epochs = if shard.index() == 3 { 2 } else { 3 };
        let fit = Fit::epochs(epochs);
        trainer.fit_with(&shard.part(&x), &shard.part(&y), fit, LocalSgd::new(shard, 3)).map(drop)
    });
    Ok(String::new())
}

/// Each shard trains on all ranks.
fn both(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    ranks.shards(4, |_| {
        let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
        trainer.fit(&x, &y, Fit::epochs(2)).map(drop)
    });
    Ok(String::new())
}

/// The first rank changes a weight.
fn weights(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    if ranks.is_first() {
        trainer.network_mut().0.kernel[0][0] = 2.0;
    }
    trainer.fit(&x, &y, Fit::epochs(3))?;
    Ok(String::new())
}

/// The parts differ in length, but not in the number of averages.
fn parts(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    ranks.shards(2, |shard| {
        let rows = 4 * (1 + shard.index());
        let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
        trainer.fit_with(&x[..rows], &y[..rows], Fit::epochs(3), LocalSgd::new(shard, 8)).map(drop)
    });
    Ok(String::new())
}

/// The first rank restores the best weights, and all have them.
fn early_stopping(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.3)), 1);
    let mut best = Net::zeroed();
    let last = trainer.fit_with(&x, &y, Fit::epochs(100), OnFirst::new(ranks, EarlyStopping::new(2, &mut best)))?;
    // The ranks would notice other weights.
    trainer.step(&x[..48], &y[..48])?;
    Ok(format!("{} {:x}\n", last.epoch < 100, hash(trainer.network(), &[])))
}

/// A callback in `OnFirst` that all ranks need.
fn misplaced(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let mut trainer = Trainer::<Net, MeanSquaredError, OfRanks<Adam>, 48>::boxed(AllRanks(Adam::new(0.01)), 1);
    let schedule = LearningRateScheduler(|epoch: usize, _: f64| 0.01 / epoch as f64);
    trainer.fit_with(&x, &y, Fit::epochs(3), OnFirst::new(ranks, schedule))?;
    Ok(String::new())
}

/// The settings of a search are wrong on all ranks.
fn wrong_settings(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y);
    match Search::epochs(0).run_on(ranks, &candidates![Small], &training) {
        Err(error) => Ok(format!("{error}\n")),
        Ok(results) => Ok(format!("{}\n", results.is_some())),
    }
}

/// The data of a search differ between ranks.
fn other_data(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let rows = 50 + ranks.rank();
    let training = Training::new(MeanSquaredError, Adam::default(), &x[..rows], &y[..rows]);
    Search::epochs(3).run_on(ranks, &candidates![Small].seeds(0..9), &training)?;
    Ok(String::new())
}

/// The first rank panics when a trial is done.
fn watch(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y);
    let (space, mut done) = (candidates![Small, Deep].seeds(0..9), 0);
    Search::epochs(3).run_on_with(ranks, &space, &training, |_| {
        done += 1;
        assert!(done < 3, "this is a panic");
    })?;
    Ok(String::new())
}

/// The error of a search is that of the first rank, and the others end.
fn wrong_ranking(ranks: &Ranks) -> Result<String, Failure> {
    let (x, y) = data::<f32>();
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y);
    let space = candidates![Small, Deep].learning_rates([1e-3, 1e-2]).seeds(0..6);
    match Search::epochs(3).lowest("gain").run_on(ranks, &space, &training) {
        Err(error) => Ok(format!("{error}\n")),
        Ok(results) => Ok(format!("{}\n", results.is_some())),
    }
}
