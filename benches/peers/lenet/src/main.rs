//! A small convolutional network for images of digits or clothes.

use shiplap::prelude::*;

#[network(input = Image<28, 28, 1>)]
type LeNet = (
    (Conv2d<_, 8, 3, Relu, Same>, MaxPool2d<_, 2>),
    (Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>),
    (Flatten<_>, Dense<_, 32, Relu>, Dense<_, 10, Softmax>),
);

fn main() -> Result<(), TrainError> {
    let (x, y) = (vec![[[[0.0; 1]; 28]; 28]; 64], vec![1usize; 64]);
    let mut trainer = Trainer::<LeNet, SparseCategoricalCrossentropy, Adam, 32>::boxed(Adam::default(), 1);
    trainer.fit(&x, &y, Fit::epochs(1))?;
    println!("{}, {:?}", trainer.evaluate(&x, &y)?, trainer.predict(&x[0]));
    Ok(())
}
