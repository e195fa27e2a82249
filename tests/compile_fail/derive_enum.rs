use shiplap::prelude::*;

#[derive(Network)]
enum Net {
    Small(Dense<10, 10, Relu>),
}

fn main() {}
