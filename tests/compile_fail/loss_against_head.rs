use shiplap::prelude::*;

type Sigmoids = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type Classes = (Dense<10, 10, Relu>, Dense<10, 3, Softmax>);

fn categorical(_: &mut Trainer<Sigmoids, CategoricalCrossentropy, Adam, 32>) {}
fn sparse(_: &mut Trainer<Sigmoids, SparseCategoricalCrossentropy, Adam, 32>) {}
fn binary(_: &mut Trainer<Classes, BinaryCrossentropy, Adam, 32>) {}

fn main() {}
