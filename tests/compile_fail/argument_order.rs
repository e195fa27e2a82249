use shiplap::prelude::*;

#[network(input = Image<8, 8, 3>)]
type WithoutActivation = (Conv2d<_, 8, 3, Same>, Flatten<_>, Dense<_, 10, Softmax>);

#[network(input = Image<8, 8, 3>)]
type Swapped = (Conv2d<_, 8, 3, Same<2>, Relu>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type WithoutWindow = (DepthwiseConv2d<_, 3, Relu, NoBias>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type PoolWithActivation = (MaxPool2d<_, 2, Relu>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type ActivationFirst = (Conv2d<_, Relu, 8, 3>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type ElementOfImage = (Conv2d<f32, 8, 3>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type StrideAsNumber = (Conv2d<_, 8, 3, Relu, 2>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type WithoutInput = (Conv2d<8, 3, Relu>, MaxPool2d<2>, Flatten);

#[network(input = Image<8, 8, 3>)]
type WithoutSize = (Conv2d<_, 8>, Conv2d<_, 8, 3, Relu, Padded>, Flatten<_>);

#[network(input = Image<8, 8, 3>)]
type WithoutOutputs = (Flatten<_>, Dense<_, Softmax>);

#[network(input = Image<8, 8, 3>)]
type Inside = (Residual<(Conv2d<_, 3, 3, Same>, BatchNorm<Relu>), Relu>, Activate<_, Relu>);

#[network]
type InFull = (Conv2d<Image<8, 8, 3>, 8, 3, Valid, Relu, Bias, 3, Image<6, 6, 8>>, Dense<288, Softmax>);

#[network(input = [f32; 2])]
#[derive(Network)]
struct Named {
    hidden: Dense<_, 3, Same>,
    output: Dense<_, 1>,
}

fn main() {
    type T = Trainer<WithoutActivation, SparseCategoricalCrossentropy, Adam, 32>;
    let mut trainer = T::new(Adam::default(), 42);
    trainer.fit(&[[[[0.5f32; 3]; 8]; 8]; 100], &[1; 100], Fit::epochs(10)).unwrap();
    println!("{:?}", trainer.predict(&[[[0.5; 3]; 8]; 8]));
    let _ = Named::new(1);
}
