use shiplap::prelude::*;

#[network(input = Image<28, 28, 1>)]
type Net = (
    Conv2d<_, 8, 3, Relu>,
    MaxPool2d<_, 2>,
    Dense<_, 10, Softmax>,
);

fn main() {
    println!("{}", Net::summary());
    let net = Net::new(1);
    println!("{:?}", net.predict(&[[[0.0]; 28]; 28]));
}
