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

pub fn start(problem: &Problem) -> Box<dyn Contender> {
    match problem.workload.name {
        "W1" => boxed::<W1, BinaryCrossentropy, _, 10, 1, 32>(problem, rows(&problem.y)),
        "W2" => boxed::<W2, SparseCategoricalCrossentropy, _, 784, 10, 64>(problem, problem.classes().collect()),
        "W3" => boxed::<W3, SparseCategoricalCrossentropy, _, 784, 10, 128>(problem, problem.classes().collect()),
        "W4" => boxed::<W4, MeanSquaredError, _, 17, 6, 256>(problem, rows(&problem.y)),
        name => panic!("no type for {name}"),
    }
}

struct InShiplap<N, L, Y, const IN: usize, const OUT: usize, const BATCH: usize>
where
    N: Layer<Output = [f32; OUT]>,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head>,
{
    trainer: Box<Trainer<N, L, Adam, BATCH>>,
    x: Vec<[f32; IN]>,
    y: Vec<Y>,
    samples: Vec<[f32; IN]>,
    predictions: [[f32; OUT]; MANY],
}

fn boxed<N, L, Y, const IN: usize, const OUT: usize, const BATCH: usize>(
    problem: &Problem,
    y: Vec<Y>,
) -> Box<dyn Contender>
where
    N: Layer<Element = f32, Output = [f32; OUT]> + Accepts<[f32; IN]> + 'static,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head> + 'static,
    Y: Label<L, [f32; OUT]> + 'static,
{
    let adam = Adam { epsilon: EPSILON, ..Adam::new(LEARNING_RATE) };
    let mut trainer = Trainer::<N, L, Adam, BATCH>::boxed(adam, 1);
    N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut Overwrite(problem.kernels.iter()));
    let (x, samples) = (rows(&problem.x), rows(&problem.samples(MANY)));
    Box::new(InShiplap { trainer, x, y, samples, predictions: [[0.0; OUT]; MANY] })
}

fn rows<const WIDTH: usize>(values: &[f32]) -> Vec<[f32; WIDTH]> {
    values.as_chunks().0.to_vec()
}

/// Kernels to copy, one after another.
struct Overwrite<'a>(std::slice::Iter<'a, Vec<f32>>);

impl VisitMut<f32, 1> for Overwrite<'_> {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        match parameter.role {
            Role::Kernel => values.copy_from_slice(self.0.next().expect("a kernel for each layer")),
            Role::Bias | Role::Statistic => values.fill(0.0),
        }
    }
}

impl<N, L, Y, const IN: usize, const OUT: usize, const BATCH: usize> Contender for InShiplap<N, L, Y, IN, OUT, BATCH>
where
    N: Layer<Element = f32, Output = [f32; OUT]> + Accepts<[f32; IN]>,
    L: Loss<[f32; OUT], Metric: Metric<[f32; OUT], L::Label>> + Follows<N::Head>,
    Y: Label<L, [f32; OUT]>,
{
    fn train(&mut self, steps: usize) -> f32 {
        let mut loss = f64::NAN;
        for _ in 0..steps {
            loss = self.trainer.step(black_box(&self.x), black_box(&self.y)).expect("the data are sound");
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
            self.trainer.network().predict_batch(black_box(&self.samples), black_box(&mut self.predictions));
        }
        self.predictions[0][0]
    }
}
