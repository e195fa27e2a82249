//! Analytic gradients against finite differences, as in `gradients.rs`, of each activation and loss in networks of up to 16
//! layers.

mod common;
#[path = "common/differences.rs"]
mod differences;

use differences::{
    Autoencoder, FrozenLast, Layer3, Nested, One, Pair, Two, each_activation, each_loss, learns, penalized, rows,
};
use shiplap::{activation::*, loss::Weighted, prelude::*};

type Three<A, B> = (Dense<3, 5, A, f64>, Dense<5, 6, A, f64>, Dense<6, 4, B, f64>);
#[rustfmt::skip]
type Sixteen<A, B> = (
    Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>,
    Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Dense<3, 4, B, f64>,
);

macro_rules! activations {
    ($($name:ident, $inner:ident $gain:literal;)*) => {
        $(
            #[allow(non_snake_case)]
            #[test]
            fn $name() {
                let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
                learns::<One<$name>, HalfSquaredError, _, _, 5>("1 layer", 1.0, &x, &y, Penalty::NONE);
                learns::<Two<$name, $name>, HalfSquaredError, _, _, 5>("2 layers", 1.0, &x, &y, Penalty::NONE);
                learns::<Three<$name, $name>, HalfSquaredError, _, _, 5>("3 layers", 1.0, &x, &y, Penalty::NONE);
                learns::<Sixteen<$inner, $name>, HalfSquaredError, _, _, 5>("16 layers", $gain, &x, &y, Penalty::NONE);
            }
        )*
    };
}
each_activation!(activations);

macro_rules! losses {
    ($($test:ident $loss:ty, $head:ident, $labels:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let (x, y) = (rows::<[f64; 3], 5>(1), $labels);
                let none = Penalty::NONE;
                learns::<One<$head>, $loss, _, _, 5>("1 layer", 1.0, &x, &y, none);
                learns::<Two<Tanh, $head>, $loss, _, _, 5>("2 layers", 1.0, &x, &y, none);
                learns::<Three<Tanh, $head>, $loss, _, _, 5>("3 layers", 1.0, &x, &y, none);
                learns::<Sixteen<Tanh, $head>, $loss, _, _, 5>("16 layers", 1.5, &x, &y, none);
            }
        )*
    };
}
each_loss!(losses);

#[test]
fn penalties() {
    penalized::<Two<Tanh, Linear>>("2 layers");
    penalized::<Three<Tanh, Linear>>("3 layers");
    penalized::<Sixteen<Tanh, Linear>>("16 layers");
}

#[test]
fn dropout() {
    type Drop<const N: usize> = Dropout<N, 40, f64>;
    type Three = (Dense<3, 9, Tanh, f64>, Drop<9>, Dense<9, 4, Linear, f64>);
    type Four = (Layer3<Tanh>, Layer3<Tanh>, Layer3<Tanh>, Layer3<Tanh>);
    type Tail = (Drop<3>, Four, Drop<3>, Dense<3, 4, Linear, f64>);
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    learns::<Three, MeanSquaredError, _, _, 5>("3 layers", 1.0, &x, &y, Penalty::NONE);
    learns::<(Four, Four, Tail), MeanSquaredError, _, _, 5>("many layers", 1.5, &x, &y, Penalty::NONE);
}

#[test]
fn nested_derived_and_frozen() {
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    learns::<Nested, MeanSquaredError, _, _, 5>("nested", 1.0, &x, &y, Penalty::NONE);
    learns::<Autoencoder<3>, MeanSquaredError, _, _, 5>("named", 1.0, &x, &rows(2), Penalty::NONE);
    learns::<Pair, MeanSquaredError, _, _, 5>("unnamed", 1.0, &x, &y, Penalty::NONE);
    learns::<FrozenLast, MeanSquaredError, _, _, 5>("frozen last", 1.0, &x, &rows(2), Penalty::NONE);
}
