use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10>, Relu, Dense<10, 1, Sigmoid>);

fn main() {}
