use shiplap::prelude::*;

#[network(input = Image<6, 6, 1>)]
type Net = (
    Conv2d<_, 8, 3, Relu>,
    MaxPool2d<_, 2>,
    Conv2d<_, 8, 3, Relu>,
    Flatten<_>,
    Dense<_, 10, Softmax>,
);

fn main() {
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 4>::new(Adam::default(), 1);
    trainer.step(&[[[[0.0]; 6]; 6]], &[3]).unwrap();
}
