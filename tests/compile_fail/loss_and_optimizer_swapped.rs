use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

fn main() {
    Trainer::<Net, Adam, BinaryCrossentropy, 32>::new(Adam::default(), 42);
}
