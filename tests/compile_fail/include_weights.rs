use shiplap::prelude::*;

#[derive(Network)]
struct Named {
    hidden: Dense<2, 4, Tanh>,
    output: Dense<4, 1, Sigmoid>,
}

type D = Dense<4, 4, Tanh>;

// The file holds 2-4-1 with tanh and sigmoid.
static SHAPES: (Dense<2, 5, Tanh>, Dense<5, 1, Sigmoid>) = include_weights!("../flash/xor.safetensors");
static MISSING: (Standardize<2>, Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>) = include_weights!("../flash/xor.safetensors");
static EXTRA: (Dense<2, 4, Tanh>,) = include_weights!("../flash/xor.safetensors");
static MANY: (Dense<4, 4, Tanh>, (D, D), (D, D), Dense<4, 1, Sigmoid>) = include_weights!("../flash/xor.safetensors");
static NAMES: Named = include_weights!("../flash/xor.safetensors");
static ACTIVATIONS: (Dense<2, 4, Relu>, Dense<4, 1, Sigmoid>) = include_weights!("../flash/xor.safetensors");
static ELEMENTS: (Dense<2, 4, Tanh, f64>, Dense<4, 1, Sigmoid, f64>) = include_weights!("../flash/xor.safetensors");
static WIDTH: (Dense<2, 0, Tanh>, Dense<0, 1, Sigmoid>) = include_weights!("../flash/xor.safetensors");

fn main() {}
