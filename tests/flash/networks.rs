//! The networks whose files are beside.

use shiplap::{
    Pair,
    activation::{Elementwise, SaveInput},
    init::{Constant, HeNormal},
    layers::{AllStates, Bidirectional, Branches, Concat, First, Masked},
    prelude::*,
};

/// Learns XOR.
pub type Xor = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

/// Layers with numbers of their own, wrappers, and layers without numbers.
pub type Table = (
    (Impute<3>, MinMax<3>, OneHot<3, 1, 4, 6>),
    Standardize<6>,
    Regularized<Dense<6, 8, Gelu>, L2<1, -3>>,
    Dropout<8, 20>,
    Initialized<(Dense<8, 8, Cubic>, Dense<8, 3, Softmax>), HeNormal, Constant<1, -1>>,
);

/// Names, numbers of double width, and a part that is generic.
#[derive(Network)]
pub struct Autoencoder<const CODE: usize, D> {
    pub encoder: (Dense<5, 4, Tanh, f64>, Dense<4, CODE, Linear, f64>),
    pub decoder: D,
}

/// Fields without names.
#[derive(Network)]
pub struct Decoder<const CODE: usize>(pub Dense<CODE, 4, Relu, f64>, pub Dense<4, 5, Linear, f64>);

pub type Wide = Autoencoder<2, Decoder<2>>;

pub type Own = (Scale<3>, Frozen<Dense<3, 2, Relu>>);

/// Convolutions, some of them without bias.
#[network(input = Image<6, 5, 2>)]
pub type Mobile = (
    (Conv2d<_, 3, 3, Linear, Same, NoBias>, DepthwiseConv2d<_, 3, HardSwish>),
    ConvTranspose2d<_, 2, 2, Relu6, Valid<2>>,
    (Reshape<_, [[f32; 8]; 12]>, Conv1d<_, 4, 3, Linear, Causal, NoBias>),
    Flatten<_>,
    Dense<_, 2>,
);

/// Recurrent layers, in both directions and of series whose lengths differ.
#[network(input = Pair<[[f32; 3]; 5], f32>)]
pub type Listener = (
    Branches<Masked<(SimpleRnn<_, 4, AllStates>, Gru<_, 3, AllStates>)>, (First<_>, Bidirectional<Lstm<_, 2>>), Concat>,
    Dense<_, 2>,
);

/// A layer that the crate does not know: `y = x·factor`.
#[derive(Layer)]
pub struct Scale<const N: usize> {
    #[statistic]
    pub factor: [f32; N],
}

impl<const N: usize> SimpleLayer for Scale<N> {
    type Input = [f32; N];
    type Output = [f32; N];
    type Tape = ();

    const MACS: usize = N;

    fn forward<S: Simd>(&self, _: S, x: &[f32; N], y: &mut [f32; N]) {
        *y = core::array::from_fn(|column| x[column] * self.factor[column]);
    }

    fn backward<S: Simd>(&self, simd: S, _: &[f32; N], (): &(), _: &[f32; N], dy: &[f32; N], dx: &mut [f32; N]) {
        self.forward(simd, dy, dx);
    }
}

/// `x³`
pub struct Cubic;

impl Elementwise for Cubic {
    type Saves = SaveInput;
    const NAME: &'static str = "Cubic";

    fn value<V: Real>(x: V) -> V {
        x * x * x
    }

    fn derivative<V: Real>(x: V, _: V) -> V {
        V::splat(3.0) * x * x
    }
}
