use shiplap::prelude::*;

#[derive(Network)]
struct Net {
    hidden: Dense<10, 10, Relu>,
    seed: u32,
}

fn main() {}
