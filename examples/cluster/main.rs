//! A search on many machines: an array of jobs, each on the ranks of an MPI program. `examples/cluster/search.sbatch` is the
//! job script for SLURM.
//!
//! ```sh
//! cargo build --release --features gzip,mpi,search --example cluster
//! mpirun -n 4 target/release/examples/cluster target/cluster 0 # the first part of the search
//! mpirun -n 4 target/release/examples/cluster target/cluster 1 # the second
//! target/release/examples/cluster target/cluster best 2        # the best trial of two parts
//! ```
//!
//! A part that was stopped continues when it is started again.

use std::{env, error::Error, fs, path::Path};

use shiplap::{
    data::{Csv, Table},
    prelude::*,
    ranks::{self, Ranks},
    search::{Axis, Results, Search, Training, candidates},
};

#[network(input = [f32; 64])]
type Small = (Dense<_, 16, Relu>, Dense<_, 10, Softmax>);
#[network(input = [f32; 64])]
type Wide = (Dense<_, 128, Relu>, Dropout<_, 30>, Dense<_, 10, Softmax>);

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.csv.gz");
const USAGE: &str = "usage: cluster FOLDER PART, or cluster FOLDER best PARTS";

fn main() {
    ranks::run(|ranks| -> Result<(), Box<dyn Error>> {
        // Where `srun` does not start MPI programs, each process would be a first rank.
        let tasks = env::var("SLURM_NTASKS").ok().and_then(|tasks| tasks.parse().ok()).unwrap_or(ranks.count());
        if env::var_os("SLURM_STEP_ID").is_some() && tasks != ranks.count() {
            return Err(format!(
                "SLURM has started {tasks} tasks, but MPI has {} ranks: see `srun --mpi=list`",
                ranks.count()
            )
            .into());
        }
        let arguments: Vec<String> = env::args().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [folder, "best", parts] => best(ranks, Path::new(folder), parts.parse()?),
            [folder, part] => search(ranks, Path::new(folder), part.parse()?).map(drop),
            _ => Err(USAGE.into()),
        }
    });
}

/// Trains the trials of one part, which has random settings of its own.
fn search(ranks: &Ranks, folder: &Path, part: u64) -> Result<Option<Results>, Box<dyn Error>> {
    let table: Table<[f32; 64], usize> = Csv::unnamed().read(DATA)?;
    let mut rows: Vec<_> = table.x.into_iter().map(|x| x.map(|pixel| pixel / 16.0)).zip(table.y).collect();
    Rng::new(1).shuffle(&mut rows);
    let (mut x, mut y): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let (x_validation, y_validation) = (x.split_off(x.len() - 300), y.split_off(y.len() - 300));

    let space = candidates![Small, Wide].learning_rates(Axis::log_uniform(3e-4..=3e-2)).penalties([0.0, 1e-4, 1e-3]);
    let training =
        Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y).validation(&x_validation, &y_validation);
    let search = Search::epochs(8).random(12, part).halving(2, 2).folder(folder.join(format!("part-{part}")));
    Ok(search.run_on_with(ranks, &space, &training, |outcome| println!("part {part}: {outcome}"))?)
}

/// Finds the best trial of all parts. Nothing of a part that is done is trained again.
fn best(ranks: &Ranks, folder: &Path, parts: u64) -> Result<(), Box<dyn Error>> {
    let mut all = Vec::new();
    for part in 0..parts {
        all.extend(search(ranks, folder, part)?.map(|results| (part, results)));
    }
    let scores = all.iter().filter_map(|(part, results)| Some((results.best()?.score?, *part, results)));
    if let Some((score, part, results)) = scores.min_by(|a, b| a.0.total_cmp(&b.0)) {
        println!("\npart {part}:\n{results}\n");
        let path = folder.join("best.safetensors");
        fs::write(&path, results.weights().ok_or("the best trial has no weights")?)?;
        println!("the best validation loss is {score:.4}; wrote {}", path.display());
    }
    Ok(())
}
