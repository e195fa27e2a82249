use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);

fn main() {
    let net: Net = Network::new(1);
    Trainer::new(net, BinaryCrossentropy, Adam::default());
}
