use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

fn head(_: &mut Trainer<Net, CategoricalCrossentropy, Adam, 32>) {}

fn main() {}
