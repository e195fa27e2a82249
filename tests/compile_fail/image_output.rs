use shiplap::prelude::*;

#[network]
type Net = (
    Conv2d<Image<28, 28, 1>, 8, 3, Relu, Valid, Bias, 3, Image<28, 28, 8>>,
    Flatten<Image<28, 28, 8>, [f32; 6272]>,
    Dense<6272, 10>,
);

fn main() {
    println!("{:?}", Net::new(1).predict(&[[[0.0]; 28]; 28]));
}
