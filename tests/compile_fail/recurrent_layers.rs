use shiplap::{Pair, layers::Masked, prelude::*};

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

#[network(input = [[f32; 3]; 5])]
type LastStateOnly = (Gru<_, 6>, Gru<_, 4>);

#[network(input = [[f32; 3]; 5])]
type LastStateBeforeWindows = (Lstm<_, 6>, Conv1d<_, 4, 3>);

#[network]
type LastStateInFull = (Gru<[[f32; 3]; 5], 6>, Gru<[[f32; 6]; 5], 4>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type LastStepOfMasked = (Masked<Gru<_, 6, AllStates>>, Gru<_, 4>);

fn main() {}
