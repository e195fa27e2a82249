use shiplap::prelude::*;

type Net = (Dense<4, 8, Relu>, Dense<8, 1, Linear>);

fn main() {
    // `InPlace` keeps no gradient, of which each shard has one.
    Trainer::<Net, MeanSquaredError, AllCores<InPlace<Adam>, 4, 16>, 64>::boxed(AllCores::default(), 1);
    Trainer::<Net, MeanSquaredError, AllCores<AllCores<Adam, 2, 16>, 2, 32>, 64>::boxed(AllCores::default(), 1);
    Trainer::<Net, MeanSquaredError, Adam, 64>::boxed(AllCores::<_, 4, 16>(Adam::default()), 1);
}
