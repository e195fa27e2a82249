use shiplap::prelude::*;

#[network]
type Net = (Dense<4, 0, Relu>, Dense<0, 1, Sigmoid>);

#[derive(Network)]
struct Fields {
    hidden: Dense<4, 8, Relu>,
    inner: (Dense<8, 0, Relu>, Dropout<0, 10>),
}

fn main() {}
