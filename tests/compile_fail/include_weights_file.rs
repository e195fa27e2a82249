use shiplap::prelude::*;

type Net = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

static TRUNCATED: Net = include_weights!("../flash/truncated.safetensors");
static NAN: Net = include_weights!("../flash/nan.safetensors");
static OTHER: Net = include_weights!("include_weights_file.rs");
static KERAS: Net = include_weights!("../flash/model.keras");
static POINTER: Net = include_weights!("../flash/pointer.safetensors");
static NONE: Net = include_weights!("nothing.safetensors");
static TWO: Net = include_weights!("../flash/xor.safetensors", "../flash/xor.safetensors");

fn main() {}
