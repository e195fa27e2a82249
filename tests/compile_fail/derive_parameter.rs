use shiplap::prelude::*;

#[derive(Network)]
struct Auto<E, D> {
    encoder: E,
    middle: Dense<4, 4, Relu>,
    decoder: D,
}

fn main() {
    Trainer::<Auto<Dense<9, 5, Relu>, Dense<4, 9, Linear>>, MeanSquaredError, Adam, 32>::new(Adam::default(), 1);
    Trainer::<Auto<Dense<9, 4, Relu>, Dense<5, 9, Linear>>, MeanSquaredError, Adam, 32>::new(Adam::default(), 1);
}
