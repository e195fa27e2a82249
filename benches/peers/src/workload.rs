//! The workloads of all contenders: networks, losses, batches and data. `python/workload.py` defines the same.

/// The last activation and the loss. Both are meant to be computed together, from logits.
#[derive(Clone, Copy, PartialEq)]
pub enum Loss {
    /// Sigmoid and binary cross-entropy.
    Binary,
    /// Softmax and categorical cross-entropy.
    Categorical,
    /// No activation and mean squared error.
    Squared,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Activation {
    Relu,
    Tanh,
}

/// A network of dense layers, which is trained repeatedly on the same batch.
pub struct Workload {
    pub name: &'static str,
    /// The widths of the input and of the output of each layer.
    pub widths: &'static [usize],
    pub hidden: Activation,
    pub loss: Loss,
    pub batch: usize,
    /// The number of timed steps in a round.
    pub steps: usize,
}

use Activation::{Relu, Tanh};
use Loss::{Binary, Categorical, Squared};

pub const WORKLOADS: [Workload; 4] = [
    Workload { name: "W1", widths: &[10, 10, 1], hidden: Relu, loss: Binary, batch: 32, steps: 500 },
    Workload { name: "W2", widths: &[784, 128, 10], hidden: Relu, loss: Categorical, batch: 64, steps: 100 },
    Workload { name: "W3", widths: &[784, 512, 512, 10], hidden: Relu, loss: Categorical, batch: 128, steps: 30 },
    Workload { name: "W4", widths: &[17, 64, 64, 6], hidden: Tanh, loss: Squared, batch: 256, steps: 100 },
];

/// The number of steps to warm up.
pub const WARM_UP: usize = 10;

pub const LEARNING_RATE: f64 = 1e-3;
pub const EPSILON: f64 = 1e-8;

/// A workload with its initial weights and its data. The initial biases are 0.
pub struct Problem {
    pub workload: &'static Workload,
    /// The initial kernel of each layer, `[input][output]`.
    pub kernels: Vec<Vec<f32>>,
    /// `[batch][input]`
    pub x: Vec<f32>,
    /// `[batch][output]`; classes are one-hot encoded.
    pub y: Vec<f32>,
}

impl Problem {
    pub fn new(workload: &'static Workload) -> Self {
        let mut state = 1u32;
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        let kernels = workload.layers().map(|(input, output)| {
            let limit = (6.0 / (input + output) as f64).sqrt();
            (0..input * output).map(|_| ((2.0 * uniform() - 1.0) * limit) as f32).collect()
        });
        let kernels = kernels.collect();
        let x = (0..workload.batch * workload.input()).map(|_| uniform() as f32).collect();
        let outputs = workload.output();
        let y = (0..workload.batch).flat_map(|_| match workload.loss {
            Binary => vec![uniform().round() as f32],
            Categorical => {
                let class = (uniform() * outputs as f64) as usize;
                (0..outputs).map(|output| f32::from(u8::from(output == class))).collect()
            }
            Squared => (0..outputs).map(|_| uniform() as f32).collect(),
        });
        Self { workload, kernels, x, y: y.collect() }
    }

    /// The class of each sample.
    pub fn classes(&self) -> impl Iterator<Item = usize> {
        let rows = self.y.chunks(self.workload.output());
        rows.map(|row| row.iter().position(|&share| share == 1.0).expect("a row has a class"))
    }

    /// Returns `rows` samples, which repeat the batch if necessary.
    pub fn samples(&self, rows: usize) -> Vec<f32> {
        self.x.iter().copied().cycle().take(rows * self.workload.input()).collect()
    }
}

impl Workload {
    pub fn input(&self) -> usize {
        self.widths[0]
    }

    pub fn output(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// The input and output width of each layer.
    pub fn layers(&self) -> impl Iterator<Item = (usize, usize)> {
        self.widths.windows(2).map(|pair| (pair[0], pair[1]))
    }
}
