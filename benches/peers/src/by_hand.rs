//! A handwritten program around `matrixmultiply::sgemm`, which reuses all memory.

use std::hint::black_box;

use crate::{
    contender::{Contender, MANY},
    workload::{Activation, EPSILON, LEARNING_RATE, Loss, Problem, Workload},
};

pub fn start(problem: &Problem) -> Option<Box<dyn Contender>> {
    let workload = problem.workload;
    let layers = workload.widths()?.into_iter().zip(&problem.kernels);
    Some(Box::new(ByHand {
        workload,
        layers: layers.map(|((input, output), kernel)| Layer::new(input, output, kernel, workload.batch)).collect(),
        steps: 0,
        x: problem.x.clone(),
        y: problem.y.clone(),
        samples: problem.samples(MANY),
    }))
}

struct ByHand {
    workload: &'static Workload,
    layers: Vec<Layer>,
    steps: i32,
    x: Vec<f32>,
    y: Vec<f32>,
    samples: Vec<f32>,
}

struct Layer {
    input: usize,
    output: usize,
    kernel: Parameter,
    bias: Parameter,
    /// The output: `[batch][output]`.
    y: Vec<f32>,
    /// The gradient of the loss with respect to the output.
    dy: Vec<f32>,
}

struct Parameter {
    values: Vec<f32>,
    gradient: Vec<f32>,
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Layer {
    fn new(input: usize, output: usize, kernel: &[f32], batch: usize) -> Self {
        let outputs = batch.max(MANY) * output;
        let (kernel, bias) = (Parameter::new(kernel.to_vec()), Parameter::new(vec![0.0; output]));
        Self { input, output, kernel, bias, y: vec![0.0; outputs], dy: vec![0.0; outputs] }
    }
}

impl Parameter {
    fn new(values: Vec<f32>) -> Self {
        let zeros = vec![0.0; values.len()];
        Self { values, gradient: zeros.clone(), mean: zeros.clone(), square: zeros }
    }

    fn update(&mut self, rate: f32) {
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, &gradient), (mean, square)) in self.values.iter_mut().zip(&self.gradient).zip(moments) {
            *mean += (gradient - *mean) * 0.1;
            *square += (gradient * gradient - *square) * 0.001;
            *value -= rate * *mean / (square.sqrt() + EPSILON as f32);
        }
    }
}

/// The data of a matrix, with its row stride and column stride.
type Matrix<'a> = (&'a [f32], usize, usize);

/// `c[m][n] = a[m][k]·b[k][n]`, or `c[m][n] += a[m][k]·b[k][n]` if `add`.
fn product(m: usize, k: usize, n: usize, a: Matrix<'_>, b: Matrix<'_>, add: bool, c: &mut [f32]) {
    let last = |rows: usize, columns: usize, (_, row, column): Matrix<'_>| (rows - 1) * row + (columns - 1) * column;
    assert!(last(m, k, a) < a.0.len() && last(k, n, b) < b.0.len() && m * n <= c.len());
    let (ar, ac, br, bc) = (a.1 as isize, a.2 as isize, b.1 as isize, b.2 as isize);
    let (a, b, c, beta) = (a.0.as_ptr(), b.0.as_ptr(), c.as_mut_ptr(), f32::from(u8::from(add)));
    // SAFETY: by the assertion, all accesses are inside of the slices, and `c` is borrowed exclusively.
    unsafe { matrixmultiply::sgemm(m, k, n, 1.0, a, ar, ac, b, br, bc, beta, c, n as isize, 1) }
}

impl ByHand {
    fn forward(&mut self, x: &[f32], rows: usize) {
        let (mut x, last) = (x, self.layers.len() - 1);
        for (index, layer) in self.layers.iter_mut().enumerate() {
            let (input, output) = (layer.input, layer.output);
            let y = &mut layer.y[..rows * output];
            y.chunks_exact_mut(output).for_each(|row| row.copy_from_slice(&layer.bias.values));
            product(rows, input, output, (x, input, 1), (&layer.kernel.values, output, 1), true, y);
            match self.workload.hidden {
                _ if index == last => {}
                Activation::Relu => y.iter_mut().for_each(|y| *y = y.max(0.0)),
                Activation::Tanh => y.iter_mut().for_each(|y| *y = y.tanh()),
            }
            x = y;
        }
    }

    /// Turns the last layer's logits into predictions.
    fn activate(&mut self, rows: usize) {
        let layer = self.layers.last_mut().expect("a network has layers");
        let y = &mut layer.y[..rows * layer.output];
        match self.workload.loss {
            Loss::Binary => y.iter_mut().for_each(|y| *y = 1.0 / (1.0 + (-*y).exp())),
            Loss::Categorical => y.chunks_exact_mut(layer.output).for_each(softmax),
            Loss::Squared => {}
        }
    }

    /// Stores the gradient with respect to the logits, and returns the loss.
    fn loss(&mut self) -> f32 {
        let loss = self.workload.loss;
        let rows = self.workload.batch;
        self.activate(rows);
        let layer = self.layers.last_mut().expect("a network has layers");
        let count = if loss == Loss::Categorical { rows } else { self.y.len() } as f32;
        let factor = if loss == Loss::Squared { 2.0 } else { 1.0 } / count;
        let mut total = 0.0;
        for ((&y, &target), dy) in layer.y.iter().zip(&self.y).zip(&mut layer.dy) {
            *dy = (y - target) * factor;
            total += match loss {
                Loss::Binary => -if target == 1.0 { y } else { 1.0 - y }.ln(),
                Loss::Categorical if target == 1.0 => -y.ln(),
                Loss::Categorical => 0.0,
                Loss::Squared => (y - target) * (y - target),
            };
        }
        total / count
    }

    fn backward(&mut self, x: &[f32]) {
        let rows = self.workload.batch;
        for index in (0..self.layers.len()).rev() {
            let (before, rest) = self.layers.split_at_mut(index);
            let Layer { input, output, kernel, bias, dy, .. } = &mut rest[0];
            let (input, output) = (*input, *output);
            let x = before.last().map_or(x, |layer| &layer.y);
            product(input, rows, output, (x, 1, input), (dy, output, 1), false, &mut kernel.gradient);
            bias.gradient.fill(0.0);
            for row in dy[..rows * output].chunks_exact(output) {
                bias.gradient.iter_mut().zip(row).for_each(|(sum, dy)| *sum += dy);
            }
            let Some(Layer { y: x, dy: dx, .. }) = before.last_mut() else { return };
            product(rows, output, input, (dy, output, 1), (&kernel.values, 1, output), false, dx);
            match self.workload.hidden {
                Activation::Relu => {
                    dx.iter_mut().zip(x).for_each(|(dx, x)| *dx = if *x > 0.0 { *dx } else { 0.0 });
                }
                Activation::Tanh => dx.iter_mut().zip(x).for_each(|(dx, x)| *dx *= 1.0 - *x * *x),
            }
        }
    }

    fn step(&mut self, x: &[f32]) -> f32 {
        self.forward(x, self.workload.batch);
        let loss = self.loss();
        self.backward(x);
        self.steps += 1;
        let (mean, square) = (1.0 - 0.9f64.powi(self.steps), 1.0 - 0.999f64.powi(self.steps));
        let rate = (LEARNING_RATE * square.sqrt() / mean) as f32;
        for layer in &mut self.layers {
            layer.kernel.update(rate);
            layer.bias.update(rate);
        }
        loss
    }

    fn predict(&mut self, rows: usize, times: usize) -> f32 {
        let samples = std::mem::take(&mut self.samples);
        for _ in 0..times {
            self.forward(black_box(&samples[..rows * self.workload.input()]), rows);
            self.activate(rows);
        }
        self.samples = samples;
        self.layers.last().expect("a network has layers").y[0]
    }
}

fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    row.iter_mut().for_each(|y| *y = (*y - largest).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|y| *y /= sum);
}

impl Contender for ByHand {
    fn train(&mut self, steps: usize) -> f32 {
        let x = std::mem::take(&mut self.x);
        let mut loss = f32::NAN;
        for _ in 0..steps {
            loss = self.step(black_box(&x));
        }
        self.x = x;
        loss
    }

    fn predict_one(&mut self, times: usize) -> f32 {
        self.predict(1, times)
    }

    fn predict_many(&mut self, times: usize) -> f32 {
        self.predict(MANY, times)
    }
}
