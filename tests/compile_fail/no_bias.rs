use shiplap::prelude::*;

/// An activation in place of the bias.
fn first(_: &Conv2d<Image<8, 8, 2>, 4, 3, Linear, Same, Relu>) {}

fn main() {}
