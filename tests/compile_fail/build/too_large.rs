use shiplap::prelude::*;

type Net = (Dense<784, 128, Relu>, Dense<128, 10, Softmax>);

fn main() {
    Trainer::<Net, SparseCategoricalCrossentropy, Adam, 128>::new(Adam::default(), 1);
}
