//! A layer without an int8 form, an activation without one, and a network whose sums could overflow.

use shiplap::{activation::SaveNothing, prelude::*, quantized::Quantized};

#[network(input = Image<8, 8, 1>)]
type Normalized = (Conv2d<_, 4, 3>, BatchNorm<_, Relu>, Flatten<_>, Dense<_, 2, Softmax>);

struct Half;

impl Elementwise for Half {
    type Saves = SaveNothing;
    const NAME: &'static str = "Half";

    fn value<V: Real>(x: V) -> V {
        x * V::splat(0.5)
    }

    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(0.5)
    }
}

fn main() {
    let _ = Quantized::<Normalized>::calibrate(&Normalized::new(1), &[]);
    let _ = Quantized::calibrate(&Dense::<1, 1, Half>::new(1), &[]);
}
