use shiplap::prelude::*;

#[derive(Network)]
struct Net {
    hidden: Dense<10, 10, Relu>,
    output: Dense<11, 1, Sigmoid>,
}

fn main() {}
