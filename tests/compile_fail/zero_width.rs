use shiplap::prelude::*;

#[allow(dead_code)]
type D = Dense<2, 2, Tanh>;

#[network]
type Net = (Dense<4, 0, Relu>, Dense<0, 1, Sigmoid>);

fn main() {}
