use shiplap::prelude::*;

#[network(inputs = [f32; 4])]
type Misspelled = (Dense<_, 2>,);

#[network(input = [f32; 4])]
type WithParameters<const N: usize> = (Dense<_, N>,);

#[network(input = [f32; 4])]
type Activation = (Dense<_, 2>, Relu);

#[network]
type WithoutInput = (Dense<_, 2>, Dense<_, 1>);

#[network]
type WithoutOutput = (Conv2d<Image<4, 4, 1>, 2, 3>,);

fn main() {
    let network = WithoutInput::new(1);
    println!("{:?} {}", network.predict(&[0.0; 4]), WithoutInput::summary());
}
