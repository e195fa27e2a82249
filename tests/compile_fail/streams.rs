use shiplap::{layers::GroupNorm, prelude::*};

#[network(input = [[f32; 3]; 16])]
type Ahead = (Conv1d<_, 8, 3, Relu, Causal>, Conv1d<_, 8, 5, Relu, Same>, GlobalAveragePool<_>);
const_assert!(Stream::<Ahead>::BYTES <= 1024);

#[network(input = [[f32; 3]; 16])]
type Apart = (Residual<Conv1d<_, 4, 2, Relu, Causal<2>>, Relu, Conv1d<_, 4, 2, Relu, Valid<2>>>,);
const_assert!(Stream::<Apart>::BYTES <= 1024);

#[network(input = [[f32; 3]; 16])]
type Together = (GroupNorm<_, 1>, Gru<_, 4>);
const_assert!(Stream::<Together>::BYTES <= 1024);

#[network(input = Image<8, 8, 3>)]
type Larger = (Conv2d<_, 4, 3>, UpSample2d<_, 2>, Conv2d<_, 4, 3>);
fn larger(_: &mut Stream<Larger>) {}

#[network(input = [[f32; 3]; 16])]
type OtherFrame = (Gru<_, 4>,);
fn other_frame(network: &OtherFrame, stream: &mut Stream<OtherFrame>) {
    stream.push(network, &[0.0; 4]);
}

fn main() {}
