//! A small program with a network of eight layers. `build_times` touches this file and measures the rebuild.

use shiplap::prelude::*;

#[network]
type Net = (
    Dense<16, 32, Relu>,
    Dense<32, 64, Relu>,
    Dense<64, 64, Tanh>,
    Dense<64, 48, Relu>,
    Dense<48, 32, Tanh>,
    Dense<32, 24, Relu>,
    Dense<24, 16, Relu>,
    Dense<16, 3, Softmax>,
);

fn main() -> Result<(), TrainError> {
    let mut rng = Rng::new(1);
    let x: Vec<[f32; 16]> = (0..96).map(|_| std::array::from_fn(|_| rng.uniform() as f32)).collect();
    let y: Vec<usize> = x.iter().map(|x| (3.0 * x[0]) as usize).collect();
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::default(), 1);
    trainer.fit(&x, &y, Fit::epochs(30))?;
    println!("{}", trainer.evaluate(&x, &y)?);
    Ok(())
}
