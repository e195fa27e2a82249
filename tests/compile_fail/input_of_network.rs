use shiplap::prelude::*;

#[network(inputs = [f32; 4])]
type Misspelled = (Dense<_, 2>,);

#[network(input = [f32; 4])]
type WithParameters<const N: usize> = (Dense<_, N>,);

#[network(input = [f32; 4])]
type Activation = (Dense<_, 2>, Relu);

fn main() {}
