use shiplap::prelude::*;

#[network(input = Image<28, 28, 1>)]
type Net = (
    Conv2d<Image<28, 28, 3>, 8, 3>,
    Flatten<_>,
    Dense<_, 10>,
);

fn main() {
    println!("{:?}", Net::new(1).predict(&[[[0.0]; 28]; 28]));
}
