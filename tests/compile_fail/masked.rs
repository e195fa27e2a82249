use shiplap::{Pair, layers::Masked, prelude::*};

#[network(input = [[f32; 3]; 5])]
type WithoutLength = (Masked<Gru<_, 8, AllStates>>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type OneState = (Masked<Gru<_, 8>>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type Ahead = (Masked<(Conv1d<_, 8, 3, Relu, Same>, Gru<_, 8, AllStates>)>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type Normalized = (Masked<(Conv1d<_, 8, 3>, BatchNorm<_>)>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type BothDirections = (Masked<Bidirectional<Gru<_, 8>>>, Dense<_, 2>);

#[network(input = Pair<[[f32; 4]; 5], f32>)]
type OtherSteps = (Masked<(Conv1d<_, 4, 2, Relu, Causal<2>>, MultiHeadAttention<_, 2>)>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type Continued = (Masked<Gru<_, 8, Stateful<AllStates>>>, Dense<_, 2>);

#[network(input = Pair<[[f32; 3]; 5], f32>)]
type AheadInWrapper = (Masked<(Frozen<Conv1d<_, 8, 3, Relu, Same>>, Gru<_, 8, AllStates>)>, Dense<_, 2>);

#[network(input = Pair<[[f32; 4]; 5], f32>)]
type AheadInFrozen = (Masked<(Frozen<TransformerBlock<_, 2, 4>>, Gru<_, 8, AllStates>)>, Dense<_, 2>);

fn main() {}
