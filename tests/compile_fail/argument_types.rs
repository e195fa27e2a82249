use shiplap::prelude::*;

struct NotAnActivation;

#[network]
type Net = (Dense<2, 2, NotAnActivation>, Dense<2, 1>);

#[network(input = [f32; 2])]
type Inferred = (Dense<_, 2, NotAnActivation>, Dense<_, 1>);

fn main() {}
