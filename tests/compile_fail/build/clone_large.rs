use shiplap::prelude::*;

fn main() {
    let net = Dense::<3571, 3571, Relu>::boxed(1);
    println!("{}", net.clone().bias[0]);
}
