//! The Keras tutorial as a network type, the same five steps on real data, and a convolutional network for images.
//!
//! `cargo run --release --example quickstart`
//!
//! Reading the CSV files needs the features `csv` and `gzip` of the crate.

use std::error::Error;

use shiplap::{
    data::{Csv, Table, split_stratified},
    prelude::*,
};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

fn main() -> Result<(), Box<dyn Error>> {
    tutorial()?;
    let mut accuracies = (1..=5).map(breast_cancer).collect::<Result<Vec<_>, _>>()?;
    accuracies.sort_by(f64::total_cmp);
    println!("breast cancer: median test accuracy of 5 seeds {:.4}, all {accuracies:.4?}", accuracies[2]);
    println!("digits: test accuracy {:.4}", digits()?);
    Ok(())
}

/// Trains on random inputs and labels. There is nothing to learn; the example only shows the API.
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

/// Returns the test accuracy on the Wisconsin breast cancer data. `seed` determines the split and the initial weights.
fn breast_cancer(seed: u64) -> Result<f64, Box<dyn Error>> {
    // Read and split the data.
    let mut table: Table<[f32; 30], [f32; 1]> = Csv::bundled().read(format!("{DATA}/breast_cancer.csv"))?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], seed)?;

    // Build the network. Its first layer standardizes the inputs with the statistics of the training set.
    type Net = (Standardize<30>, Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::new(3e-3), seed);
    trainer.network_mut().0 = Standardize::fit(train.x)?;

    // Train.
    trainer.fit(train.x, train.y, Fit::epochs(30))?;

    // Evaluate.
    let report = trainer.evaluate(test.x, test.y)?;
    println!("seed {seed}: test {report}");

    // Predict.
    println!("        first test sample: predicted {:.3}, true {}", trainer.predict(&test.x[0])[0], test.y[0][0]);
    Ok(report.metrics.value())
}

/// Returns the test accuracy on images of hand-written digits. The compiler works out the shapes, `_`.
fn digits() -> Result<f64, Box<dyn Error>> {
    #[network(input = Image<8, 8, 1>)]
    type Net = (BatchNorm<_>, Conv2d<_, 32, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>, Dense<_, 10, Softmax>);
    println!("{}", Net::summary());
    let mut table: Table<Image<8, 8, 1>, usize> = Csv::unnamed().read(format!("{DATA}/digits.csv.gz"))?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(3e-3), 1);
    trainer.fit(train.x, train.y, Fit::epochs(15))?;
    Ok(trainer.evaluate(test.x, test.y)?.metrics.value())
}
