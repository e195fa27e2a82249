//! Burn with Flex, its newest CPU backend.

use std::hint::black_box;

use burn::{
    module::{Module, Param},
    nn::{
        Linear, LinearConfig,
        loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig, MseLoss, Reduction},
    },
    optim::{AdamConfig, GradientsParams, ModuleOptimizer},
    tensor::{
        Device, Int, Tensor, TensorData,
        activation::{relu, sigmoid, softmax, tanh},
    },
};

use crate::{
    contender::{Contender, MANY},
    workload::{Activation, EPSILON, LEARNING_RATE, Loss, Problem},
};

pub fn start(problem: &Problem) -> Box<dyn Contender> {
    Box::new(InBurn::new(problem, Device::flex()))
}

struct InBurn {
    network: Vec<Linear>,
    hidden: fn(Tensor<2>) -> Tensor<2>,
    head: fn(Tensor<2>) -> Tensor<2>,
    loss: Box<dyn Fn(Tensor<2>) -> Tensor<1>>,
    adam: ModuleOptimizer,
    x: Tensor<2>,
    one: Tensor<2>,
    many: Tensor<2>,
}

impl InBurn {
    fn new(problem: &Problem, plain: Device) -> Self {
        let device = plain.clone().autodiff();
        let workload = problem.workload;
        let matrix = |values: Vec<f32>, width: usize, device: &Device| {
            Tensor::<2>::from_data(TensorData::new(values.clone(), [values.len() / width, width]), device)
        };
        let layer = |((input, output), kernel): ((usize, usize), &Vec<f32>)| Linear {
            weight: Param::from_tensor(matrix(kernel.clone(), output, &device)),
            bias: Some(Param::from_tensor(Tensor::zeros([output], &device))),
            ..LinearConfig::new(input, output).init(&device)
        };
        let targets = matrix(problem.y.clone(), workload.output(), &device);
        let (head, loss): (fn(Tensor<2>) -> Tensor<2>, Box<dyn Fn(Tensor<2>) -> Tensor<1>>) = match workload.loss {
            Loss::Binary => {
                let loss = BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
                let targets = targets.int();
                (sigmoid, Box::new(move |logits| loss.forward(logits, targets.clone())))
            }
            Loss::Categorical => {
                let loss = CrossEntropyLossConfig::new().init(&device);
                let classes: Vec<i64> = problem.classes().map(|class| class as i64).collect();
                let classes = Tensor::<1, Int>::from_data(&classes[..], &device);
                (|logits| softmax(logits, 1), Box::new(move |logits| loss.forward(logits, classes.clone())))
            }
            Loss::Squared => (
                |outputs| outputs,
                Box::new(move |outputs| MseLoss::new().forward(outputs, targets.clone(), Reduction::Mean)),
            ),
        };
        Self {
            network: workload.layers().zip(&problem.kernels).map(layer).collect(),
            hidden: match workload.hidden {
                Activation::Relu => relu,
                Activation::Tanh => tanh,
            },
            head,
            loss,
            adam: AdamConfig::new().with_epsilon(EPSILON as f32).init(),
            x: matrix(problem.x.clone(), workload.input(), &device),
            one: matrix(problem.samples(1), workload.input(), &plain),
            many: matrix(problem.samples(MANY), workload.input(), &plain),
        }
    }

    fn forward(&self, network: &[Linear], x: &Tensor<2>) -> Tensor<2> {
        let (last, hidden) = network.split_last().expect("a network has layers");
        last.forward(hidden.iter().fold(x.clone(), |x, layer| (self.hidden)(layer.forward(x))))
    }

    fn predict(&self, x: &Tensor<2>, times: usize) -> f32 {
        let network = self.network.valid();
        let mut predictions = None;
        for _ in 0..times {
            predictions = Some(black_box((self.head)(self.forward(&network, black_box(x)))));
        }
        predictions.expect("`times` is not 0").into_data().try_to_vec::<f32>().expect("they are f32")[0]
    }
}

impl Contender for InBurn {
    fn train(&mut self, steps: usize) -> f32 {
        let mut value = f32::NAN;
        for step in 1..=steps {
            let loss = (self.loss)(self.forward(&self.network, black_box(&self.x)));
            let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
            self.network = self.adam.step(LEARNING_RATE, std::mem::take(&mut self.network), gradients);
            if step == steps {
                value = loss.into_scalar();
            }
        }
        value
    }

    fn predict_one(&mut self, times: usize) -> f32 {
        self.predict(&self.one, times)
    }

    fn predict_many(&mut self, times: usize) -> f32 {
        self.predict(&self.many, times)
    }
}
