use shiplap::prelude::*;

fn main() {
    Trainer::<Dense<10, 1, Sigmoid>, BinaryCrossentropy, Adam, 0>::new(Adam::default(), 1);
}
