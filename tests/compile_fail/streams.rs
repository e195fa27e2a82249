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
const_assert!(Stream::<Larger>::BYTES <= 1024);

#[network(input = Image<8, 8, 3>)]
type Resized = (Conv2d<_, 4, 3>, Resize2d<_, 9, 6>);
const_assert!(Stream::<Resized>::BYTES <= 1024);

#[network(input = Image<8, 8, 3>)]
type Enlarged = (Conv2d<_, 4, 3>, ConvTranspose2d<_, 2, 3, Relu, Same<2>>);
const_assert!(Stream::<Enlarged>::BYTES <= 1024);

#[network(input = Image<8, 8, 3>)]
type Framed = (ZeroPad2d<_, 1>, Conv2d<_, 4, 3>);
const_assert!(Stream::<Framed>::BYTES <= 1024);

#[network(input = Image<8, 8, 3>)]
type Cut = (Conv2d<_, 4, 3>, Crop2d<_, 0, 1>);
const_assert!(Stream::<Cut>::BYTES <= 1024);

/// `y = x`, without a stream.
#[derive(Layer)]
struct Own;

impl SimpleLayer for Own {
    type Input = [[f32; 4]; 16];
    type Output = [[f32; 4]; 16];
    type Tape = ();

    fn forward<S: Simd>(&self, _: S, x: &Self::Input, y: &mut Self::Output) {
        *y = *x;
    }

    fn backward<S: Simd>(&self, _: S, _: &Self::Input, _: &(), _: &Self::Output, dy: &Self::Output, dx: &mut Self::Input) {
        *dx = *dy;
    }
}

#[network(input = [[f32; 3]; 16])]
type OfOwn = (Conv1d<_, 4, 3, Relu, Causal>, Own);
fn of_own(_: &mut Stream<OfOwn>) {}

#[network(input = [[f32; 3]; 16])]
type OtherFrame = (Gru<_, 4>,);
fn other_frame(network: &OtherFrame, stream: &mut Stream<OtherFrame>) {
    stream.push(network, &[0.0; 4]);
}

#[network(input = [[f32; 3]; 16])]
type Backwards = (Bidirectional<Gru<_, 4>>, Dense<_, 2>);
const_assert!(Stream::<Backwards>::BYTES <= 1024);

#[network(input = [[f32; 1]; 200])]
type LongWindow = (Conv1d<_, 2, 130>,);
fn long_window(_: &mut Stream<LongWindow>) {}

fn main() {}
