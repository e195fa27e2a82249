use shiplap::prelude::*;

fn main() {
    let _: (Dense<4, 0, Relu>, Dense<0, 1, Linear>) = Network::new(1);
}
