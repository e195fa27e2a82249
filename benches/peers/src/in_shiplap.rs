//! Shiplap.

use std::hint::black_box;

use shiplap::{
    layer::{Parameter, Path, Role, VisitMut},
    loss::{Follows, Label, Loss},
    metric::Metric,
    prelude::*,
};

use crate::{
    contender::{Contender, MANY},
    workload::{EPSILON, LEARNING_RATE, Problem},
};

type W1 = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
type W2 = (Dense<784, 128, Relu>, Dense<128, 10, Softmax>);
type W3 = (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10, Softmax>);
type W4 = (Dense<17, 64, Tanh>, Dense<64, 64, Tanh>, Dense<64, 6, Linear>);

/// Networks that are larger than the L2 cache are trained in place, which avoids memory traffic for the gradient.
pub fn start(problem: &Problem) -> Box<dyn Contender> {
    let adam = Adam { epsilon: EPSILON, ..Adam::new(LEARNING_RATE) };
    match problem.workload.name {
        "W1" => boxed::<W1, BinaryCrossentropy, _, _, 10, 1, 32>(problem, adam, rows(&problem.y)),
        "W2" => {
            let y = problem.classes().collect();
            boxed::<W2, SparseCategoricalCrossentropy, _, _, 784, 10, 64>(problem, InPlace(adam), y)
        }
        "W3" => {
            let y = problem.classes().collect();
            boxed::<W3, SparseCategoricalCrossentropy, _, _, 784, 10, 128>(problem, InPlace(adam), y)
        }
        "W4" => boxed::<W4, MeanSquaredError, _, _, 17, 6, 256>(problem, adam, rows(&problem.y)),
        name => panic!("no type for {name}"),
    }
}

struct InShiplap<N, L, O, Y, const IN: usize, const OUT: usize, const BATCH: usize>
where
    N: Network<Output = [f32; OUT]>,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head>,
    O: Optimizer,
{
    trainer: Box<Trainer<N, L, O, BATCH>>,
    x: Vec<[f32; IN]>,
    y: Vec<Y>,
    samples: Vec<[f32; IN]>,
    predictions: [[f32; OUT]; MANY],
}

fn boxed<N, L, O, Y, const IN: usize, const OUT: usize, const BATCH: usize>(
    problem: &Problem,
    optimizer: O,
    y: Vec<Y>,
) -> Box<dyn Contender>
where
    N: Network<Element = f32, Input = [f32; IN], Output = [f32; OUT]> + 'static,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head> + 'static,
    O: Optimizer,
    Y: Label<L, [f32; OUT]> + 'static,
{
    let mut trainer = Trainer::<N, L, O, BATCH>::boxed(optimizer, 1);
    N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut Overwrite(problem.kernels.iter()));
    let (x, samples) = (rows(&problem.x), rows(&problem.samples(MANY)));
    Box::new(InShiplap { trainer, x, y, samples, predictions: [[0.0; OUT]; MANY] })
}

fn rows<const WIDTH: usize>(values: &[f32]) -> Vec<[f32; WIDTH]> {
    values.as_chunks().0.to_vec()
}

/// Overwrites the kernels of a network, one after another, and sets the biases to 0.
struct Overwrite<'a>(std::slice::Iter<'a, Vec<f32>>);

impl VisitMut<f32, 1> for Overwrite<'_> {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        match parameter.role {
            Role::Kernel => values.copy_from_slice(self.0.next().expect("a kernel for each layer")),
            _ => values.fill(0.0),
        }
    }
}

impl<N, L, O, Y, const IN: usize, const OUT: usize, const BATCH: usize> Contender
    for InShiplap<N, L, O, Y, IN, OUT, BATCH>
where
    N: Network<Element = f32, Input = [f32; IN], Output = [f32; OUT]>,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head>,
    O: Optimizer,
    Y: Label<L, [f32; OUT]>,
{
    fn train(&mut self, steps: usize) -> f32 {
        let mut loss = f64::NAN;
        for _ in 0..steps {
            loss = self.trainer.step(black_box(&self.x), black_box(&self.y)).expect("the data are valid");
        }
        loss as f32
    }

    fn predict_one(&mut self, times: usize) -> f32 {
        let mut prediction = [f32::NAN; OUT];
        for _ in 0..times {
            prediction = black_box(self.trainer.predict(black_box(&self.samples[0])));
        }
        prediction[0]
    }

    fn predict_many(&mut self, times: usize) -> f32 {
        for _ in 0..times {
            self.trainer.network().predict_batch(black_box(&self.samples), black_box(&mut self.predictions)).unwrap();
        }
        self.predictions[0][0]
    }
}
