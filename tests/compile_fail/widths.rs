use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

fn input(trainer: &mut Trainer<Net, BinaryCrossentropy, Adam, 32>) {
    let _ = trainer.step(&[[0.0f32; 9]], &[[1.0f32]]);
}

fn label(trainer: &mut Trainer<Net, BinaryCrossentropy, Adam, 32>) {
    let _ = trainer.step(&[[0.0f32; 10]], &[[1.0f32, 0.0]]);
}

fn main() {}
