use shiplap::prelude::*;

type First = (Dense<10, 11, Relu>, Dense<10, 4, Relu>, Dense<4, 4, Relu>, Dense<4, 1, Sigmoid>);
type Middle = (Dense<10, 10, Relu>, Dense<10, 4, Relu>, Dense<5, 4, Relu>, Dense<4, 1, Sigmoid>);
type Last = (Dense<10, 10, Relu>, Dense<10, 4, Relu>, Dense<4, 4, Relu>, Dense<5, 1, Sigmoid>);

fn main() {
    Trainer::<First, BinaryCrossentropy, Adam, 32>::new(Adam::default(), 1);
    Trainer::<Middle, BinaryCrossentropy, Adam, 32>::boxed(Adam::default(), 1);
    Last::new(1);
}
