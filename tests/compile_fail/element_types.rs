use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10, Relu, f32>, Dense<10, 1, Sigmoid, f64>);

#[derive(Network)]
struct Fields {
    hidden: Dense<10, 10, Relu, f64>,
    output: Dense<10, 1, Sigmoid>,
}

#[network(input = [[f64; 2]; 4])]
type OfSeries = (Gru<_, 3>, Dense<_, 2>);

fn main() {}
