//! The Keras tutorial as a network type, then the same five steps on real data.
//!
//! `cargo run --release --example quickstart`

use std::error::Error;

use shiplap::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    tutorial()?;
    let mut accuracies = (1..=5).map(breast_cancer).collect::<Result<Vec<_>, _>>()?;
    accuracies.sort_by(f64::total_cmp);
    println!("breast cancer: median test accuracy of 5 seeds {:.4}, all {accuracies:.4?}", accuracies[2]);
    Ok(())
}

/// Random inputs with random labels: nothing to learn, everything to see.
fn tutorial() -> Result<(), TrainError> {
    #[network]
    type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
    type NetTrainer = Trainer<Net, BinaryCrossentropy, Adam, 32>;

    let mut rng = Rng::new(1);
    let mut samples = || -> (Vec<[f32; 10]>, Vec<[f32; 1]>) {
        (0..100)
            .map(|_| (std::array::from_fn(|_| rng.uniform() as f32), [if rng.uniform() < 0.5 { 0.0 } else { 1.0 }]))
            .unzip()
    };
    let (x, y) = samples();
    let (x_test, y_test) = samples();

    let mut trainer = NetTrainer::new(Adam::default(), 42);
    println!("{}", NetTrainer::summary());
    let mut history = History::default();
    trainer.fit_with(&x, &y, Fit::epochs(10), (Progress::new(), &mut history))?;
    for epoch in &history.epochs {
        println!("{epoch}");
    }
    println!("test: {}", trainer.evaluate(&x_test, &y_test)?);
    println!("first prediction: {:.3}", trainer.predict(&x_test[0])[0]);
    Ok(())
}

const INPUTS: usize = 30;
const TRAINING: usize = 455;

/// Test accuracy on the Wisconsin data with the split and the network of `seed`.
fn breast_cancer(seed: u64) -> Result<f64, Box<dyn Error>> {
    // Preprocess: read, split by seed, standardise by the statistics of the training split.
    let mut rows = read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv"))?;
    Rng::new(seed).shuffle(&mut rows);
    let (mut x, y): (Vec<[f32; INPUTS]>, Vec<[f32; 1]>) = rows.into_iter().unzip();
    for column in 0..INPUTS {
        let mean = x[..TRAINING].iter().map(|row| row[column]).sum::<f32>() / TRAINING as f32;
        let variance = x[..TRAINING].iter().map(|row| (row[column] - mean).powi(2)).sum::<f32>() / TRAINING as f32;
        x.iter_mut().for_each(|row| row[column] = (row[column] - mean) / variance.sqrt().max(f32::EPSILON));
    }
    let (x_train, x_test) = x.split_at(TRAINING);
    let (y_train, y_test) = y.split_at(TRAINING);

    // Build.
    type Net = (Dense<INPUTS, 16, Relu>, Dense<16, 1, Sigmoid>);
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::new(3e-3), seed);

    // Train.
    trainer.fit(x_train, y_train, Fit::epochs(30))?;

    // Evaluate.
    let report = trainer.evaluate(x_test, y_test)?;
    println!("seed {seed}: test {report}");

    // Predict.
    println!("        first test sample: {:.3}, is {}", trainer.predict(&x_test[0])[0], y_test[0][0]);
    Ok(report.metrics.value())
}

type Sample = ([f32; INPUTS], [f32; 1]);

/// Reads 30 measurements and a label a line, after a first line that is about the file.
fn read(path: &str) -> Result<Vec<Sample>, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let (record, line) = (record?, index + 2);
        if record.len() != INPUTS + 1 {
            return Err(format!("{path}, line {line}: {} fields, not {}", record.len(), INPUTS + 1).into());
        }
        let mut values = [0.0; INPUTS + 1];
        for (column, (value, field)) in values.iter_mut().zip(&record).enumerate() {
            *value = field
                .trim()
                .parse()
                .map_err(|_| format!("{path}, line {line}, column {}: `{field}` is not a number", column + 1))?;
        }
        rows.push((std::array::from_fn(|column| values[column]), [values[INPUTS]]));
    }
    Ok(rows)
}
