use shiplap::prelude::*;

type Net = (InFlash<Dense<4, 8, Relu>>, Dense<8, 1, Linear>);

budget!(Vec<f32>: flash <= 64 * 1024);

fn main() {
    let net: Net = Network::new(1);
}
