use shiplap::prelude::*;

#[network]
type Net = (Dense<4, 8, Relu>, Dropout<8, 200>, Dense<8, 1, Sigmoid>);

#[derive(Network)]
struct Fields {
    hidden: Dense<4, 8, Relu>,
    dropout: Dropout<8, 100>,
    output: Dense<8, 1, Sigmoid>,
}

fn main() {}
