//! The program of the README: `build_times` changes the width of its hidden layer and builds again.

use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type NetTrainer = Trainer<Net, BinaryCrossentropy, Adam, 32>;

const_assert!(NetTrainer::BYTES < 16 * 1024);

fn main() -> Result<(), TrainError> {
    let (x, y) = ([[0.5f32; 10]; 100], [[1.0f32]; 100]);
    let mut trainer = NetTrainer::new(Adam::default(), 42);
    trainer.fit(&x, &y, Fit::epochs(10))?;
    let report = trainer.evaluate(&x, &y)?;
    let p: [f32; 1] = trainer.predict(&x[0]);
    println!("{report}, {p:?}");
    Ok(())
}
