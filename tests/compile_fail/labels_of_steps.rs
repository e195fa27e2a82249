use shiplap::{loss::EachStep, prelude::*};

#[network(input = [[f32; 3]; 8])]
type BothDirections = (Bidirectional<Gru<_, 4, AllStates>>, TimeDistributed<Dense<_, 2, Softmax>>);

const_assert!(Trainer::<BothDirections, EachStep<SparseCategoricalCrossentropy>, Adam, 4>::BYTES > 0);

#[network(input = [[f32; 4]; 8])]
type AllSteps = (MultiHeadAttention<_, 2>, Conv1d<_, 2, 3, Softmax, Causal>);

const_assert!(Trainer::<AllSteps, EachStep<SparseCategoricalCrossentropy>, Adam, 4>::BYTES > 0);

#[network(input = [[f32; 4]; 8])]
type Padding = (
    TimeDistributed<(Reshape<_, [[f32; 2]; 2]>, Conv1d<_, 2, 3, Relu, Same>, Flatten<_>)>,
    Conv1d<_, 2, 3, Softmax, Same>,
);

const_assert!(Trainer::<Padding, EachStep<SparseCategoricalCrossentropy>, Adam, 4>::BYTES > 0);

fn main() {}
