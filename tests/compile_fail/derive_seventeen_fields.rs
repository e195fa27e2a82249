use shiplap::prelude::*;

type D = Dense<2, 2, Tanh>;

#[derive(Network)]
struct Net(D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D);

fn main() {}
