use shiplap::{
    layers::{Bidirectional, Reversed, TimeDistributed},
    prelude::*,
};

#[network(input = [f32; 10])]
type OfAVector = (Bidirectional<Gru<_, 8>>, Dense<_, 2>);

#[network(input = [[f32; 3]; 5])]
type OtherOutput = (Bidirectional<Gru<[[f32; 3]; 5], 8>, [f32; 8]>, Dense<_, 2>);

#[network(input = [[f32; 3]; 5])]
type NotASequence = (Flatten<_>, Reversed<Dense<_, 2>>);

#[network(input = [[f32; 3]; 5])]
type OtherStep = (TimeDistributed<(Dense<3, 4>, Dense<5, 2>)>, Gru<_, 2>);

#[network(input = [[f32; 3]; 5])]
type NotASeries = (TimeDistributed<Conv1d<_, 4, 2>>, Gru<_, 2>);

#[network(input = [f32; 5])]
type StepsAreNumbers = (TimeDistributed<Dense<_, 4>>, Gru<_, 2>);

#[network(input = [[f32; 3]; 5])]
type OtherSteps = (TimeDistributed<Dense<3, 4>, 6>, Gru<_, 2>);

#[network(input = [[f32; 3]; 5])]
type Normalized = (TimeDistributed<(Dense<_, 4>, BatchNorm<_>)>, Gru<_, 2>);

#[network(input = [[f32; 3]; 5])]
type Continued = (Bidirectional<Gru<_, 4, Stateful>>, Dense<_, 2>);

#[network(input = [[f32; 3]; 5])]
type FrozenStates = (Frozen<Gru<_, 4, Stateful>>, Dense<_, 2>);

fn main() {}
