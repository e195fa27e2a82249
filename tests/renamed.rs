//! Every macro in a package where Shiplap has another name: `nn = { package = "shiplap", .. }`.

use nn::prelude::*;

#[network]
type Tuple = (Dense<2, 3, Relu>, Dense<3, 2>);

#[derive(Network)]
struct Named {
    hidden: Dense<2, 3, Relu>,
    scale: Scale,
    output: Dense<3, 2>,
}

/// `y[n] = x[n]·factor[n]`
#[derive(Layer)]
struct Scale {
    #[kernel(initializer = Initializer::Constant(1.0))]
    factor: [f32; 3],
}

impl SimpleLayer for Scale {
    type Input = [f32; 3];
    type Output = [f32; 3];
    type Tape = ();

    fn forward<S: Simd>(&self, _: S, x: &[f32; 3], y: &mut [f32; 3]) {
        *y = core::array::from_fn(|n| x[n] * self.factor[n]);
    }

    fn backward<S: Simd>(&self, simd: S, _: &[f32; 3], (): &(), _: &[f32; 3], dy: &[f32; 3], dx: &mut [f32; 3]) {
        self.forward(simd, dy, dx);
    }
}

const_assert!(Tuple::BYTES <= 1024);
budget!(Tuple: flash <= 1024);
budget!(Trainer<Tuple, MeanSquaredError, Sgd, 2>: ram <= 1024);

static XOR: (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>) = include_weights!("flash/xor.safetensors");

#[test]
fn every_macro_works_under_another_name() {
    assert_eq!(Tuple::new(1).predict(&[0.0, 0.0]), Named::new(1).predict(&[0.0, 0.0]));
    assert_eq!(Named::PARAMS, Tuple::PARAMS + 3);
    assert!(XOR.predict(&[0.0, 1.0])[0] > 0.9);
}
