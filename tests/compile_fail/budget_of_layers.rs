use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
budget!(Net: flash <= 512, ram <= 32);
budget!(Trainer<Net, BinaryCrossentropy, Adam, 1>: ram <= 2 * 1024);

/// An autoencoder of machine sounds, for a board with 256 kB of flash.
#[derive(Network)]
struct Autoencoder {
    encoder: (Dense<640, 128, Relu>, Dense<128, 128, Relu>, Dense<128, 128, Relu>, Dense<128, 128, Relu>),
    code: Dense<128, 8, Relu>,
    decoder: (
        Dense<8, 128, Relu>,
        Dense<128, 128, Relu>,
        Dense<128, 128, Relu>,
        Dense<128, 128, Relu>,
        Dense<128, 640, Linear>,
    ),
}
budget!(Autoencoder: flash <= 256 * 1024, ram <= 16 * 1024, macs <= 1_000_000);

struct Features;

impl Flash for Features {
    type Network = Net;
    const NETWORK: &'static Net = &(Dense::from_parts([[0.5; 10]; 10], [0.0; 10]), Dense::from_parts([[1.0]; 10], [0.0]));
}

type Adapting = (InFlash<Features>, Dense<1, 2, Linear>);
budget!(Trainer<Adapting, MeanSquaredError, InPlace<Sgd>, 1>: ram <= 128, flash <= 1024);
budget!(Net: rom <= 512);

fn main() {}
