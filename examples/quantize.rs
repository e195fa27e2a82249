//! Trains two networks, quantizes them to int8, and shows what that costs in each layer and in accuracy.
//!
//! `cargo run --release --example quantize`
//!
//! Reading the CSV files needs the features `csv` and `gzip` of the crate.

use std::error::Error;

use shiplap::{
    Tensor,
    data::{Csv, Part, Table, split_stratified},
    prelude::*,
    quantized::{Calibration, Entrance, Int8Layer, Quantize, Quantized, Ranges},
};

fn main() -> Result<(), Box<dyn Error>> {
    digits()?;
    breast_cancer()
}

/// Images of hand-written digits, and a convolutional network.
fn digits() -> Result<(), Box<dyn Error>> {
    #[network(input = Image<8, 8, 1>)]
    type Net = (
        Conv2d<_, 16, 3, Relu, Same>,
        MaxPool2d<_, 2>,
        Conv2d<_, 32, 3, Relu, Same>,
        Flatten<_>,
        Dense<_, 10, Softmax>,
    );

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.csv.gz");
    let mut table: Table<Image<8, 8, 1>, usize> = Csv::unnamed().read(path)?;
    Tensor::flat_mut(&mut table.x).iter_mut().for_each(|gray| *gray /= 16.0);
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(3e-3), 1);
    trainer.fit(train.x, train.y, Fit::epochs(15))?;

    let largest = |shares: [f32; 10]| (0..10).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
    compare("digits", trainer.network(), train, test, |shares, digit| largest(shares) == Some(*digit))
}

/// Measurements of cells. Their standardization stays in `f32`, in front of the int8 layers.
fn breast_cancer() -> Result<(), Box<dyn Error>> {
    type Net = (Standardize<30>, Dense<30, 16, Relu>, Dense<16, 1, Sigmoid>);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/breast_cancer.csv");
    let mut table: Table<[f32; 30], [f32; 1]> = Csv::bundled().read(path)?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::new(3e-3), 1);
    trainer.network_mut().0 = Standardize::fit(train.x)?;
    trainer.fit(train.x, train.y, Fit::epochs(30))?;

    compare("breast cancer", trainer.network(), train, test, |[p], [benign]| (p > 0.5) == (*benign > 0.5))
}

/// Prints the accuracies of a network and of its int8 twins. It is an error if int8 costs more than half a point.
fn compare<N: Network + Quantize, Y>(
    name: &str,
    network: &N,
    train: Part<'_, N::Input, Y>,
    test: Part<'_, N::Input, Y>,
    correct: impl Fn(N::Output, &Y) -> bool,
) -> Result<(), Box<dyn Error>>
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    let accuracy = |predict: &dyn Fn(&N::Input) -> N::Output| {
        let right = test.x.iter().zip(test.y).filter(|(x, y)| correct(predict(x), y)).count();
        100.0 * right as f64 / test.x.len() as f64
    };
    let real = accuracy(&|x| network.predict(x));
    println!("{name}: {} bytes, test accuracy {real:.2} %", N::BYTES);
    for ranges in [Ranges::MinMax, Ranges::Percentile(99.9), Ranges::LeastSquares] {
        let mut calibration = Calibration::new(ranges);
        let int8 = Quantized::calibrate_with(network, train.x, &mut calibration)?;
        let found = accuracy(&|x| int8.predict(x));
        println!("{ranges:?}: {} bytes, test accuracy {found:.2} %", Quantized::<N>::BYTES);
        println!("{calibration}\n");
        if real - found > 0.5 {
            return Err(format!("{name}: int8 costs {:.2} points", real - found).into());
        }
    }
    Ok(())
}
