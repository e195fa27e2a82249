use shiplap::{activation::Activation, prelude::*};

#[derive(Network)]
struct First {
    hidden: Dense<10, 10, Relu>,
    between: Dense<11, 4, Relu>,
    narrow: Dense<4, 4, Relu>,
    output: Dense<4, 1, Sigmoid>,
}

#[derive(Network)]
struct Middle {
    hidden: Dense<10, 10, Relu>,
    between: Dense<10, 4, Relu>,
    narrow: Dense<5, 4, Relu>,
    output: Dense<4, 1, Sigmoid>,
}

#[derive(Network)]
struct Last {
    hidden: Dense<10, 10, Relu>,
    between: Dense<10, 4, Relu>,
    narrow: Dense<4, 4, Relu>,
    output: Dense<5, 1, Sigmoid>,
}

#[derive(Network)]
struct Unnamed(Dense<10, 10, Relu>, Dense<10, 4, Relu>, Dense<5, 4, Relu>, Dense<4, 1, Sigmoid>);

#[derive(Network)]
struct Generic<const HIDDEN: usize, A: Activation> {
    hidden: Dense<10, HIDDEN, A>,
    between: Dense<HIDDEN, 4, A>,
    output: Dense<5, 1, Sigmoid>,
}

fn main() {}
