//! The networks whose files are beside.

use shiplap::{
    activation::{Elementwise, Keep},
    init::{Constant, HeNormal},
    kernel::Real,
    prelude::*,
};

/// Learns XOR.
pub type Xor = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

/// Each layer that has numbers of its own, wrappers, and those without.
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

/// `x³`
pub struct Cubic;

impl Elementwise for Cubic {
    type Keeps = Keep;
    const NAME: &'static str = "Cubic";

    fn value<V: Real>(x: V) -> V {
        x * x * x
    }

    fn slope<V: Real>(x: V, _: V) -> V {
        V::splat(3.0) * x * x
    }
}
