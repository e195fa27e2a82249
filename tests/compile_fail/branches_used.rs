use shiplap::prelude::*;

#[network(input = Image<8, 8, 3>)]
type Net = (
    Conv2d<_, 4, 3, Relu, Same>,
    Residual<(Conv2d<_, 8, 3, Relu, Same>, Conv2d<_, 8, 3, Linear, Same>), Relu>,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);

fn main() {
    println!("{}", Net::summary());
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 4>::new(Adam::default(), 1);
    trainer.step(&[[[[0.0; 3]; 8]; 8]], &[3]).unwrap();
}
