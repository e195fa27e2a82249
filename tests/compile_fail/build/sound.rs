//! A program that compiles: with it among the tests, all of them are built and not only checked.
use shiplap::prelude::*;

#[network]
type Net = (Dense<4, 8, Relu>, Dropout<8, 20>, Dense<8, 1, Linear>);

const_assert!(Net::PARAMS == 49 && Net::BYTES < 256);
const_assert!(matches!(Net::PARAMS, 49));

fn main() {
    let _: Net = Network::new(1);
}
