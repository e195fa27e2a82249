use shiplap::prelude::*;

fn train<N>(x: &[[f32; 10]], y: &[[f32; 1]]) {
    let mut trainer = Trainer::<N, MeanSquaredError, Adam, 32>::new(Adam::default(), 42);
    trainer.fit(x, y, Fit::epochs(10)).unwrap();
}

fn main() {}
