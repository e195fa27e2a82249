use shiplap::{
    layers::{Both, Branches},
    loss::PairLoss,
    prelude::*,
};

type Net = Branches<Dense<2, 3, Softmax>, Dense<2, 1>, Both>;

type Loss = PairLoss<SparseCategoricalCrossentropy, BinaryCrossentropy>;

fn main() {
    let mut trainer = Trainer::<Net, Loss, Adam, 4>::new(Adam::default(), 1);
}
