use shiplap::prelude::*;

#[allow(dead_code)]
type D = Dense<2, 2, Tanh>;

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 4, Relu>, Dense<5, 1, Sigmoid>);

fn main() {}
