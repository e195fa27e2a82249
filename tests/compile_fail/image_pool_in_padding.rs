use shiplap::prelude::*;

#[network(input = Image<2, 2, 1>)]
type Border = (
    MaxPool2d<_, 1, Padded<1>>,
    Flatten<_>,
);

#[network(input = Image<4, 4, 1>)]
type Gaps = (
    Conv2d<_, 2, 3, Relu, Padded<4>>,
    AveragePool2d<_, 2, Padded<2, 1, 12>>,
    Flatten<_>,
);

fn main() {}
