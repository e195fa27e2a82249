use shiplap::prelude::*;

#[network(input = Image<28, 28, 1>)]
#[derive(Network)]
struct Net {
    flatten: Flatten<_>,
    filters: Conv2d<_, 8, 3>,
    output: Dense<_, 10>,
}

fn main() {
    println!("{}", Net::summary());
}
