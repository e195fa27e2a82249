use shiplap::prelude::*;

#[network(input = Image<8, 8, 2>)]
type OfAnImage = (
    Conv1d<_, 4, 3>,
    Flatten<_>,
);

#[network(input = [[f32; 2]; 4])]
type TooLarge = (
    Conv1d<_, 4, 3, Relu, Valid<1, 2>>,
    Flatten<_>,
);

#[network]
type WrongOutput = (
    Conv1d<[[f32; 2]; 9], 4, 3, Relu, Same<2>, Bias, [[f32; 4]; 9]>,
    Flatten<[[f32; 4]; 9], [f32; 36]>,
);

#[network(input = [[f32; 2]; 4])]
type TooLargeForEachChannel = (DepthwiseConv1d<_, 5, Relu>, Flatten<_>);

#[network(input = [f32; 4])]
type ChannelsOfAVector = (DepthwiseConv1d<_, 2>, Flatten<_>);

#[network(input = [[f32; 2]; 4])]
type Strides = (MaxPool1d<_, 2, Valid<0>>, Flatten<_>);

#[network(input = [f32; 4])]
type OfAVector = (MaxPool1d<_, 2>, Flatten<_>);

#[network(input = [[f32; 2]; 4])]
type OfASeries = (ConvTranspose2d<_, 4, 3>, Flatten<_>);

#[network]
type NotLarger = (
    ConvTranspose2d<Image<4, 4, 2>, 4, 3, Relu, Same<2>, Bias, 3, Image<4, 4, 4>>,
    Flatten<Image<4, 4, 4>, [f32; 64]>,
);

#[network(input = Image<1, 1, 2>)]
type CutOff = (ConvTranspose2d<_, 4, 3, Relu, Padded<2>>, Flatten<_>);

fn main() {}
