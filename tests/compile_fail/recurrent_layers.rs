use shiplap::prelude::*;

#[network(input = [f32; 10])]
type OfAVector = (Gru<_, 8>, Dense<_, 2>);

#[network(input = Image<8, 8, 2>)]
type OfAnImage = (
    Lstm<_, 8, AllStates>,
    Flatten<_>,
);

#[network(input = [[f32; 3]; 5])]
type WithoutUnits = (SimpleRnn<_, 0>, Dense<_, 2>);

#[network(input = [[f32; 3]; 0])]
type WithoutSteps = (Gru<_, 4>, Dense<_, 2>);

#[network]
type OtherWidth = (Gru<[[f32; 3]; 5], 8>, Dense<6, 2>);

fn main() {}
