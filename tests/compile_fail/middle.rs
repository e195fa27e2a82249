use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10, Relu>, Dense<10, 4, Relu>, Dense<5, 4, Relu>, Dense<4, 1, Sigmoid>);

fn main() {}
