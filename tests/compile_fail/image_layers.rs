use shiplap::prelude::*;

#[network(input = Image<8, 8, 2>)]
type AfterFlatten = (
    Flatten<_>,
    DepthwiseConv2d<_, 3>,
);

#[network(input = Image<2, 2, 2>)]
type TooLarge = (
    DepthwiseConv2d<_, 3, Relu>,
    Flatten<_>,
);

#[network]
type WrongOutput = (
    DepthwiseConv2d<Image<8, 8, 2>, 3, Relu, Same<2>, NoBias, 3, Image<8, 8, 2>>,
    Flatten<Image<8, 8, 2>, [f32; 128]>,
);

#[network(input = [f32; 8])]
type UpSampledVector = (UpSample2d<_, 2>, Flatten<_>);

#[network(input = Image<8, 8, 2>)]
type NeverRepeated = (UpSample2d<_, 2, 0>, Flatten<_>);

#[network(input = [f32; 8])]
type ResizedVector = (Resize2d<_, 2>, Flatten<_>);

#[network(input = Image<8, 8, 2>)]
type Vanished = (Resize2d<_, 4, 0>, Flatten<_>);

#[network(input = [f32; 8])]
type PaddedVector = (ZeroPad2d<_, 2>, Flatten<_>);

#[network]
type WrongSides = (
    ZeroPad2d<Image<8, 8, 2>, 1, 1, 1, 1, Image<9, 9, 2>>,
    Flatten<Image<9, 9, 2>, [f32; 162]>,
);

#[network(input = Image<8, 4, 2>)]
type NothingLeft = (Crop2d<_, 1, 1, 2, 2>, Flatten<_>);

#[network(input = Image<8, 8, 2>)]
type OtherLength = (Reshape<_, [[f32; 8]; 8]>, Flatten<_>);

#[network(input = Image<8, 8, 2>)]
type Rates = (SpatialDropout<_, 100>, Flatten<_>);

fn main() {}
