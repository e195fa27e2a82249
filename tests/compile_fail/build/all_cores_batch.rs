use shiplap::prelude::*;

type Net = (Dense<4, 8, Relu>, Dense<8, 1, Linear>);

fn main() {
    // Four shards of 16 rows are 64 samples.
    Trainer::<Net, MeanSquaredError, AllCores<Adam, 4, 16>, 100>::boxed(AllCores::default(), 1);
}
