//! Trains networks, quantizes them to int8, and shows what that costs in each layer and in accuracy. A third
//! one is trained on with the rounding of int8.
//!
//! `cargo run --release --example quantize`
//!
//! Reading the CSV files needs the features `csv` and `gzip` of the crate.

use std::error::Error;

use shiplap::{
    Tensor,
    data::{Csv, Part, Table, split_stratified},
    network::fold_batch_norms,
    prelude::*,
    quantized::{Calibration, Entrance, Int8Layer, QuantizationAware, Quantize, Quantized, Ranges},
};

fn main() -> Result<(), Box<dyn Error>> {
    digits()?;
    breast_cancer()?;
    separable()
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

    let mut table = read_digits()?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(3e-3), 1);
    trainer.fit(train.x, train.y, Fit::epochs(15))?;

    compare("digits", trainer.network(), train, test, |shares, digit| largest(&shares) == *digit)
}

/// The images of 8 by 8 pixels from 0 to 1.
fn read_digits() -> Result<Table<Image<8, 8, 1>, usize>, Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.csv.gz");
    let mut table: Table<Image<8, 8, 1>, usize> = Csv::unnamed().read(path)?;
    Tensor::flat_mut(&mut table.x).iter_mut().for_each(|gray| *gray /= 16.0);
    Ok(table)
}

/// The digit with the largest share.
fn largest(shares: &[f32; 10]) -> usize {
    (0..10).fold(0, |largest, digit| if shares[digit] > shares[largest] { digit } else { largest })
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

/// A small network of depthwise convolutions. After its batch norms are folded, training goes on with the rounding of int8.
fn separable() -> Result<(), Box<dyn Error>> {
    #[network(input = Image<8, 8, 1>)]
    type Trained = (
        (Conv2d<_, 8, 3, Linear, Same, NoBias>, BatchNorm<_, Relu, 90>),
        (DepthwiseConv2d<_, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu, 90>),
        (Conv2d<_, 16, 1, Linear, Valid, NoBias>, BatchNorm<_, Relu, 90>),
        (DepthwiseConv2d<_, 3, Linear, Same, NoBias>, BatchNorm<_, Relu, 90>),
        (Conv2d<_, 24, 1, Linear, Valid, NoBias>, BatchNorm<_, Relu, 90>),
        GlobalAveragePool<_>,
        Dense<_, 10, Softmax>,
    );
    #[network(input = Image<8, 8, 1>)]
    type Net = (
        Conv2d<_, 8, 3, Relu, Same>,
        DepthwiseConv2d<_, 3, Relu, Same<2>>,
        Conv2d<_, 16, 1, Relu>,
        DepthwiseConv2d<_, 3, Relu, Same>,
        Conv2d<_, 24, 1, Relu>,
        GlobalAveragePool<_>,
        Dense<_, 10, Softmax>,
    );
    const SEED: u64 = 10;

    let mut table = read_digits()?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let mut trainer = Trainer::<Trained, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(1e-2), SEED);
    trainer.fit(train.x, train.y, Fit::epochs(20))?;
    let mut network = Net::boxed(1);
    fold_batch_norms(trainer.network(), &mut *network)?;
    let int8 = Quantized::<Net>::calibrate(&network, train.x)?;

    let accuracy = |predict: &dyn Fn(&Image<8, 8, 1>) -> [f32; 10]| {
        let right = test.x.iter().zip(test.y).filter(|(x, y)| largest(&predict(x)) == **y).count();
        100.0 * right as f64 / test.x.len() as f64
    };
    let mut aware =
        Trainer::<QuantizationAware<Net>, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::new(1e-3), SEED);
    aware.network_mut().calibrate(&network, train.x)?;
    let real = accuracy(&|x| network.predict(x));
    println!("depthwise convolutions: change of the test accuracy with one layer in int8, in points");
    aware.network_mut().layer_by_layer(|layer, rounded| {
        println!("{layer}: {:+.2}", accuracy(&|x| rounded.predict(x)) - real);
    });
    aware.fit(train.x, train.y, Fit::epochs(10))?;
    let trained = aware.network().quantize()?;

    let rounded = accuracy(&|x| aware.predict(x));
    let [found, found_aware] = [&int8, &trained].map(|int8| accuracy(&|x| int8.predict(x)));
    println!("test accuracy {real:.2} %, in int8 {found:.2} %");
    println!("after 10 epochs of quantization-aware training: {rounded:.2} %, in int8 {found_aware:.2} %");
    if real - found_aware > 0.2 || (rounded - found_aware).abs() > 0.5 {
        return Err("quantization-aware training does not predict as int8".into());
    }
    Ok(())
}
