use shiplap::prelude::*;

#[network(input = [[f32; 10]; 4])]
type OtherHeads = (MultiHeadAttention<_, 3>, Flatten<_>);

#[network(input = [f32; 10])]
type OfAVector = (TransformerBlock<_, 2, 16>, Dense<_, 2>);

#[network(input = [[f32; 6]; 4])]
type OddHeads = (MultiHeadAttention<_, 2, Causal, Rotary>, Flatten<_>);

#[network(input = [f32; 8])]
type WithoutVocabulary = (Embedding<_, 0, 16>, Flatten<_>);

#[network(input = [[f32; 3]; 8])]
type OfFrames = (Embedding<_, 10, 16>, Flatten<_>);

#[network(input = [f32; 8])]
type NotExact = (Embedding<_, 20_000_000, 1>, Flatten<_>);

#[network(input = [f32; 8])]
type AfterDropout = (Dropout<_, 20>, (Embedding<_, 10, 16>, Flatten<_>));

#[network(input = [[f32; 8]; 3])]
type AfterDense = (TimeDistributed<(Dense<_, 8>, Embedding<_, 10, 16>)>, Flatten<_>);

fn main() {}
