use shiplap::prelude::*;

type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type NetTrainer = Trainer<Net, BinaryCrossentropy, Adam, 32>;

const X: [[f32; 10]; 1] = [[0.0; 10]];
const Y: [[f32; 1]; 1] = [[1.0]];
const NARROW: [[f32; 9]; 1] = [[0.0; 9]];
const WIDE: [[f32; 2]; 1] = [[1.0; 2]];

fn input(trainer: &mut NetTrainer) {
    let _ = trainer.step(&NARROW, &Y);
    let _ = trainer.fit(&NARROW, &Y, Fit::epochs(1));
    let _ = trainer.evaluate(&NARROW, &Y);
    let _ = trainer.predict(&NARROW[0]);
    let _ = trainer.network().predict(&NARROW[0]);
}

fn label(trainer: &mut NetTrainer) {
    let _ = trainer.step(&X, &WIDE);
    let _ = trainer.fit(&X, &WIDE, Fit::epochs(1));
    let _ = trainer.evaluate(&X, &WIDE);
}

fn vectors(trainer: &mut NetTrainer, x: &[Vec<f32>]) {
    let _ = trainer.step(x, &Y);
}

fn main() {}
