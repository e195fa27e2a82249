use shiplap::{metric::F1, prelude::*};

type Net = (Dense<10, 10, Relu>, Dense<10, 3, Softmax>);

fn metric(_: &mut Trainer<Net, SparseCategoricalCrossentropy, Adam, 32, F1>) {}

fn main() {}
