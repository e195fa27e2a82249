//! A search for a network that recognizes digits: three candidates, drawn learning rates and penalties, successive
//! halving, on all cores.
//!
//! `cargo run --release --features gzip,plot,search --example search -- --out target/search`
//!
//! If you stop the program and start it again, it continues. It chooses by 300 images, and tests the chosen network with
//! 300 others.

mod common;

use std::error::Error;

use shiplap::{
    data::{Csv, Table},
    io,
    loss::{Follows, Loss},
    metric::Metric as _,
    prelude::*,
    search::{Axis, Search, Training, candidates},
};

#[network(input = [f32; 64])]
type Small = (Dense<_, 16, Relu>, Dense<_, 10, Softmax>);
#[network(input = [f32; 64])]
type Wide = (Dense<_, 128, Relu>, Dropout<_, 30>, Dense<_, 10, Softmax>);
#[network(input = [f32; 64])]
type Convolutional =
    (Reshape<_, Image<8, 8, 1>>, Conv2d<_, 16, 3, Relu>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 10, Softmax>);

fn main() -> Result<(), Box<dyn Error>> {
    let [out] = common::folders([("--out", "target/search")])?;
    let table: Table<[f32; 64], usize> = Csv::unnamed().read(common::repository("data/digits.csv.gz"))?;
    let mut rows: Vec<_> = table.x.into_iter().map(|x| x.map(|pixel| pixel / 16.0)).zip(table.y).collect();
    Rng::new(1).shuffle(&mut rows);
    let (mut x, mut y): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let (x_test, y_test) = (x.split_off(x.len() - 300), y.split_off(y.len() - 300));
    let (x_validation, y_validation) = (x.split_off(x.len() - 300), y.split_off(y.len() - 300));

    let space = candidates![Small, Wide, Convolutional]
        .learning_rates(Axis::log_uniform(3e-4..=3e-2))
        .penalties([0.0, 1e-4, 1e-3]);
    let training =
        Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y).validation(&x_validation, &y_validation);
    let search = Search::epochs(27).random(27, 1).halving(3, 3).folder(&out);
    let results = search.run_with(&space, &training, |outcome| println!("{outcome}"))?;

    println!("\n{results}\n");
    common::save(&out, &[("search", &results.plot("cross-entropy, nats"))])?;
    let best = results.best().ok_or("all trials failed")?;
    let accuracy = match best.trial.candidate {
        "Small" => accuracy::<Small>(&out, &x_test, &y_test)?,
        "Wide" => accuracy::<Wide>(&out, &x_test, &y_test)?,
        _ => accuracy::<Convolutional>(&out, &x_test, &y_test)?,
    };
    println!("{:.1} % of the test images are recognized by {}", 100.0 * accuracy, best.trial);
    println!("wrote best.safetensors, journal.jsonl and search.png to {}", out.display());
    if accuracy < 0.96 {
        Err("less than 96 %")?
    }
    Ok(())
}

/// Loads the weights of the best trial, and tests them.
fn accuracy<N: Network<Element = f32, Input = [f32; 64], Output = [f32; 10]>>(
    out: &std::path::Path,
    x: &[[f32; 64]],
    y: &[usize],
) -> Result<f64, Box<dyn Error>>
where
    SparseCategoricalCrossentropy: Loss<[f32; 10], Label = usize, Metric = Accuracy> + Follows<N::Head>,
{
    let mut network = N::zeroed_box();
    io::load(&mut *network, out.join("best.safetensors"))?;
    let mut accuracy = Accuracy::default();
    x.iter().zip(y).for_each(|(x, y)| accuracy.update(&network.predict(x), y));
    Ok(accuracy.value())
}
