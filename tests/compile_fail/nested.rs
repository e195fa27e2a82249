use shiplap::prelude::*;

#[network]
type Inside = ((Dense<10, 11, Relu>, Dense<10, 4, Relu>), Dense<4, 1, Sigmoid>);

#[network]
type Between = (Dense<10, 10, Relu>, (Dense<10, 4, Relu>, Dense<4, 5, Relu>), ((Dense<6, 1, Sigmoid>,),));

#[derive(Network)]
struct Field {
    encoder: (Dense<10, 11, Relu>, Dense<10, 4, Relu>),
    decoder: (Dense<4, 1, Sigmoid>,),
}

fn main() {}
