use shiplap::prelude::*;

#[allow(dead_code)]
type D = Dense<2, 2, Tanh>;

#[network]
type Net = (Dense<4, 8, Relu>, Dropout<8, 200>, Dense<8, 1, Sigmoid>);

fn main() {}
