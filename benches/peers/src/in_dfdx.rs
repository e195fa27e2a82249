//! dfdx.

use std::hint::black_box;

use dfdx::{
    nn::modules,
    optim::{Adam, AdamConfig},
    prelude::*,
};

use crate::{
    contender::{Contender, MANY},
    workload::{EPSILON, LEARNING_RATE, Problem},
};

type W1 = (Linear<10, 10>, ReLU, Linear<10, 1>);
type W2 = (Linear<784, 128>, ReLU, Linear<128, 10>);
type W3 = (Linear<784, 512>, ReLU, Linear<512, 512>, ReLU, Linear<512, 10>);
type W4 = (Linear<17, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 6>);

type Matrix<const ROWS: usize, const COLUMNS: usize> = Tensor<Rank2<ROWS, COLUMNS>, f32, Cpu>;

/// A macro, because a generic type would need more lines of bounds than of code.
macro_rules! contenders {
    ($($network:ident, $input:literal, $output:literal, $batch:literal, $loss:ident, $head:ident;)*) => {
        pub fn start(problem: &Problem) -> Option<Box<dyn Contender>> {
            match problem.workload.name {
                $(stringify!($network) => {
                    type Built = <$network as BuildOnDevice<Cpu, f32>>::Built;

                    struct InDfdx {
                        network: Built,
                        gradients: Option<Gradients<f32, Cpu>>,
                        adam: Adam<Built, f32, Cpu>,
                        x: Matrix<$batch, $input>,
                        y: Matrix<$batch, $output>,
                        one: Matrix<1, $input>,
                        many: Matrix<MANY, $input>,
                    }

                    impl Contender for InDfdx {
                        fn train(&mut self, steps: usize) -> f32 {
                            let mut value = f32::NAN;
                            for step in 1..=steps {
                                let gradients = self.gradients.take().expect("put back by each step");
                                let logits = self.network.forward_mut(black_box(&self.x).clone().traced(gradients));
                                let loss = $loss(logits, self.y.clone());
                                if step == steps {
                                    value = loss.array();
                                }
                                let mut gradients = loss.backward();
                                self.adam.update(&mut self.network, &gradients).expect("all parameters are used");
                                self.network.zero_grads(&mut gradients);
                                self.gradients = Some(gradients);
                            }
                            value
                        }

                        fn predict_one(&mut self, times: usize) -> f32 {
                            let mut value = f32::NAN;
                            for _ in 0..times {
                                value = $head(self.network.forward(black_box(&self.one).clone())).array()[0][0];
                            }
                            value
                        }

                        fn predict_many(&mut self, times: usize) -> f32 {
                            let mut value = f32::NAN;
                            for _ in 0..times {
                                let predictions = $head(self.network.forward(black_box(&self.many).clone()));
                                value = black_box(predictions)[[0, 0]];
                            }
                            value
                        }
                    }

                    let device = Cpu::default();
                    let mut network = device.build_module::<$network, f32>();
                    network.load(&mut problem.kernels.iter());
                    let gradients = Some(network.alloc_grads());
                    let config = AdamConfig { lr: LEARNING_RATE, eps: EPSILON, ..Default::default() };
                    let adam = Adam::new(&network, config);
                    let x = device.tensor(problem.x.clone());
                    let y = device.tensor(problem.y.clone());
                    let one = device.tensor(problem.samples(1));
                    let many = device.tensor(problem.samples(MANY));
                    Some(Box::new(InDfdx { network, gradients, adam, x, y, one, many }))
                })*
                // dfdx has convolutions with nightly Rust only.
                _ => None,
            }
        }
    };
}

contenders! {
    W1, 10, 1, 32, binary_cross_entropy_with_logits_loss, sigmoid;
    W2, 784, 10, 64, cross_entropy_with_logits_loss, softmax_rows;
    W3, 784, 10, 128, cross_entropy_with_logits_loss, softmax_rows;
    W4, 17, 6, 256, mse_loss, identity;
}

fn softmax_rows<const ROWS: usize, const COLUMNS: usize>(logits: Matrix<ROWS, COLUMNS>) -> Matrix<ROWS, COLUMNS> {
    logits.softmax::<Axis<1>>()
}

fn identity<T>(outputs: T) -> T {
    outputs
}

/// Copies the kernels of a network from an iterator over those of all layers.
trait Load {
    fn load<'a>(&mut self, kernels: &mut impl Iterator<Item = &'a Vec<f32>>);
}

impl<const IN: usize, const OUT: usize> Load for modules::Linear<IN, OUT, f32, Cpu> {
    fn load<'a>(&mut self, kernels: &mut impl Iterator<Item = &'a Vec<f32>>) {
        let kernel = kernels.next().expect("a kernel for each layer");
        let transposed: Vec<f32> = (0..OUT).flat_map(|o| (0..IN).map(move |i| kernel[i * OUT + o])).collect();
        self.weight.copy_from(&transposed);
        self.bias.copy_from(&[0.0; OUT]);
    }
}

impl<A: Load, F, B: Load> Load for (A, F, B) {
    fn load<'a>(&mut self, kernels: &mut impl Iterator<Item = &'a Vec<f32>>) {
        self.0.load(kernels);
        self.2.load(kernels);
    }
}

impl<A: Load, F, B: Load, G, C: Load> Load for (A, F, B, G, C) {
    fn load<'a>(&mut self, kernels: &mut impl Iterator<Item = &'a Vec<f32>>) {
        self.0.load(kernels);
        self.2.load(kernels);
        self.4.load(kernels);
    }
}
