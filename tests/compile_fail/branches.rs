use shiplap::{
    Pair,
    layers::{Add, Branches, Concat, First},
    prelude::*,
};

#[network(input = Image<8, 8, 3>)]
type Uneven = (
    Branches<Conv2d<_, 4, 3, Relu, Same>, Conv2d<_, 6, 1>, Add>,
    Flatten<_>,
);

#[network(input = Image<8, 8, 3>)]
type Changed = (
    Residual<(Conv2d<_, 4, 3, Relu, Same>, Conv2d<_, 4, 3, Linear, Same<2>>), Relu>,
    Flatten<_>,
);

#[network(input = Image<8, 8, 3>)]
type Pixels = (
    Branches<Conv2d<_, 4, 3>, Conv2d<_, 4, 1>, Concat>,
    Flatten<_>,
);

#[network]
type Uneven2 = (
    Branches<Dense<4, 3>, Dense<4, 2>, Add>,
    Dense<3, 1>,
);

#[network]
type WrongOutput = (
    Branches<Dense<4, 3>, Dense<4, 2>, Concat<[f32; 6]>>,
    Dense<6, 1>,
);

#[network]
type OtherInputs = (
    Branches<Dense<4, 3>, Dense<5, 3>, Add>,
    Dense<3, 1>,
);

#[network(input = Image<8, 8, 3>)]
type Inside = (
    Branches<(Conv2d<_, 4, 9>, Flatten<_>), Flatten<_>, Concat>,
    Dense<_, 2>,
);

#[network(input = [f32; 4])]
type NotAPair = (
    First<_>,
    Dense<_, 2>,
);

#[network(input = Pair<[f32; 2], [f32; 3]>)]
type WholePair = (
    Dense<_, 2>,
);

#[network(input = Pair<Image<8, 8, 3>, [f32; 3]>)]
type ImageOfPair = (
    Conv2d<_, 4, 3>,
    Flatten<_>,
);

#[network(input = Pair<[f32; 2], [f32; 3]>)]
type Normalized = (
    BatchNorm<_>,
    Flatten<_>,
);

fn main() {}
