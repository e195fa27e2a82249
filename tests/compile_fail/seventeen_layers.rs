use shiplap::prelude::*;

#[allow(dead_code)]
type D = Dense<2, 2, Tanh>;

#[network]
type Net = (D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D);

fn main() {}
