//! Overfitting, and the effect of five remedies: L2, dropout, early stopping, less capacity, more data.
//!
//! `cargo run --release --features gzip,plot --example generalize -- --out target/generalize`
//!
//! A network of 26 000 weights is trained on 150 handwritten digits, a tenth of them with a random label, so that it
//! can memorize them. Apart from the remedy, all training runs are the same, and use the same 597 digits for
//! validation.

mod common;

use std::{error::Error, fs};

use shiplap::{
    data::{Csv, Table},
    layer::Sample,
    loss::{Follows, Loss},
    prelude::*,
    report::{Grid, Lines},
};

type Image = [f32; 64];

type Large = (Dense<64, 128, Relu>, Dense<128, 128, Relu>, Dense<128, 10, Softmax>);
type Decayed = Regularized<Large, L2<1, -2>>;
type Dropped =
    (Dense<64, 128, Relu>, Dropout<128, 50>, Dense<128, 128, Relu>, Dropout<128, 50>, Dense<128, 10, Softmax>);
type Small = (Dense<64, 16, Relu>, Dense<16, 10, Softmax>);

const EPOCHS: usize = 150;
const FEW: usize = 150;
const MANY: usize = 1200;

struct Data {
    x: Vec<Image>,
    y: Vec<usize>,
    x_validation: Vec<Image>,
    y_validation: Vec<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let [out] = common::folders([("--out", "target/generalize")])?;
    fs::create_dir_all(&out)?;

    let data = read()?;
    println!("{:<26} {:>13} {:>15} {:>11}", "", "training loss", "validation loss", "accuracy");
    let baseline = run::<Large>("no remedy", "training", &data, FEW, None)?;
    let remedies = [
        run::<Decayed>("L2 of 0.01", "training, with penalty", &data, FEW, None)?,
        run::<Dropped>("dropout of 50 %", "training, with dropout", &data, FEW, None)?,
        run::<Large>("early stopping", "training", &data, FEW, Some(10))?,
        run::<Small>("16 hidden units, not 256", "training", &data, FEW, None)?,
        run::<Large>("8 times the data", "training", &data, MANY, None)?,
    ];
    let validation = baseline.series[1].points.clone();
    let mut plots = Grid::new(3).with(baseline);
    for remedy in remedies {
        plots = plots.with(remedy.guide("no remedy", validation.clone()));
    }
    common::save(&out, &[("generalize", &plots)])?;
    println!("wrote {}", out.join("generalize.png").display());
    Ok(())
}

/// Reads the digits in random order, and replaces a tenth of the training labels by random ones.
fn read() -> Result<Data, Box<dyn Error>> {
    let table: Table<Image, usize> = Csv::unnamed().read(common::repository("data/digits.csv.gz"))?;
    let mut rng = Rng::new(1);
    let mut rows: Vec<(Image, usize)> = table.x.into_iter().zip(table.y).collect();
    rng.shuffle(&mut rows);
    let (mut x, mut y): (Vec<_>, Vec<_>) = rows.into_iter().map(|(x, y)| (x.map(|pixel| pixel / 16.0), y)).unzip();
    let (x_validation, y_validation) = (x.split_off(MANY), y.split_off(MANY));
    for label in &mut y {
        if rng.uniform() < 0.1 {
            *label = (rng.uniform() * 10.0) as usize;
        }
    }
    Ok(Data { x, y, x_validation, y_validation })
}

/// Trains on the first `samples` digits, and returns a plot of the losses.
fn run<N: Network<Element = f32, Output = [f32; 10]>>(
    name: &str,
    training_loss: &str,
    data: &Data,
    samples: usize,
    patience: Option<usize>,
) -> Result<Lines, Box<dyn Error>>
where
    Image: Sample<N>,
    SparseCategoricalCrossentropy: Loss<[f32; 10], Label = usize, Metric = Accuracy> + Follows<N::Head>,
{
    let Data { x, y, x_validation, y_validation } = data;
    let mut trainer = Trainer::<N, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(2e-3), 1);
    let mut history = History::default();
    let mut best = Box::new(N::zeroed());
    let (x, y) = (&x[..samples], &y[..samples]);
    let fit = Fit::epochs(EPOCHS).validation(x_validation, y_validation);
    match patience {
        Some(patience) => {
            trainer.fit_with(x, y, fit, (&mut history, EarlyStopping::new(patience, &mut *best)))?;
        }
        None => {
            trainer.fit_with(x, y, fit, &mut history)?;
        }
    }
    // Evaluation excludes the penalty and dropout. After early stopping, it uses the best weights.
    let (training, validation) = (trainer.evaluate(x, y)?, trainer.evaluate(x_validation, y_validation)?);
    let accuracy = 100.0 * validation.metrics.value();
    println!("{name:<26} {:>13.3} {:>15.3} {accuracy:>9.1} %", training.loss, validation.loss);

    let epochs = |loss: fn(&Epoch<Accuracy>) -> f64| {
        history.epochs.iter().map(|epoch| (epoch.epoch as f64, loss(epoch))).collect::<Vec<_>>()
    };
    Ok(Lines::new(format!("{name}: accuracy {accuracy:.1} %"), "epoch", "cross-entropy loss, nats")
        .line(training_loss, epochs(|epoch| epoch.training.loss))
        .dashed("validation", epochs(|epoch| epoch.loss()))
        .x_range(1.0, EPOCHS as f64)
        .y_range(0.0, 2.5)
        .whole_numbers()
        .sized(400, 320))
}
