use shiplap::prelude::*;

#[network]
type Net = (
    Conv2d<Image<28, 28, 1>, 8, 3, Relu, Valid, Bias, 3, Image<28, 28, 8>>,
    Flatten<Image<28, 28, 8>, [f32; 6272]>,
    Dense<6272, 10>,
);

budget!(Net: flash <= 1024 * 1024);

fn main() {
    let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::default(), 1);
    trainer.step(&[[[[0.0; 1]; 28]; 28]], &[[0.0; 10]]).unwrap();
    println!("{:?}", Net::new(1).predict(&[[[0.0]; 28]; 28]));
}
