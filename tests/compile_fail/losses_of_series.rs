use shiplap::{loss::EachStep, prelude::*};

#[network(input = [[f32; 3]; 5])]
type Series = (Gru<_, 4, AllStates>,);
#[network(input = [[f32; 3]; 5])]
type Classes = (Gru<_, 4, AllStates>, TimeDistributed<Dense<_, 3, Softmax>>);

fn each_step(_: &mut Trainer<Series, EachStep<MeanSquaredError>, Adam, 32>) {}
fn pointwise(_: &mut Trainer<Series, MeanSquaredError, Adam, 32>) {}
fn categorical(_: &mut Trainer<Classes, CategoricalCrossentropy, Adam, 32>) {}
fn weighted(_: &mut Trainer<Series, Weighted<Huber>, Adam, 32>) {}

fn main() {}
