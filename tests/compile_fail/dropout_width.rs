use shiplap::prelude::*;

#[network]
type Net = (Dense<10, 10, Relu>, Dropout<11, 20>, Dense<10, 1, Sigmoid>);

fn main() {
    let mut trainer = Trainer::<Net, BinaryCrossentropy, Adam, 32>::new(Adam::default(), 42);
    trainer.fit(&[[0.5f32; 10]; 100], &[[1.0f32]; 100], Fit::epochs(10)).unwrap();
}
