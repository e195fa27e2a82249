use shiplap::prelude::*;

type Net = (Frozen<Dense<4, 8, Relu>>, Frozen<Dense<8, 1, Linear>>);

fn main() {
    Trainer::<Net, MeanSquaredError, Adam, 2>::new(Adam::new(0.1), 1);
}
