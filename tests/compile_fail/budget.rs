use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
const_assert!(Net::BYTES < 256);

fn main() {}
