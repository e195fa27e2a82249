use shiplap::prelude::*;

fn main() {
    let net = Dense::<3571, 3571, Relu>::zeroed();
    println!("{}", net.bias[0]);
}
