//! Burn with Flex, its newest CPU backend.

use std::{hint::black_box, slice};

use burn::{
    module::{Module, Param},
    nn::{
        BatchNorm, BatchNormConfig, GateController, Gru, GruConfig, Linear, LinearConfig, Lstm, LstmConfig,
        PaddingConfig1d, PaddingConfig2d,
        conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig},
        loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig, MseLoss, Reduction},
        pool::MaxPool2dConfig,
    },
    optim::{AdamConfig, GradientsParams, ModuleOptimizer},
    tensor::{
        Device, Int, Tensor, TensorData,
        activation::{relu, sigmoid, softmax, tanh},
    },
};

use crate::{
    contender::{Contender, MANY},
    workload::{Activation, Cell, Conv, EPSILON, LEARNING_RATE, Loss, MOMENTUM, NORM_EPSILON, Part, Problem, Workload},
};

pub fn start(problem: &Problem) -> Option<Box<dyn Contender>> {
    Some(Box::new(InBurn::new(problem, Device::flex())))
}

#[derive(Module, Debug)]
enum Layer {
    Dense(Linear),
    Conv(Conv2d),
    Norm(BatchNorm),
    Gru(Gru),
    Lstm(Lstm),
    Causal(Conv1d),
}

/// Rows of numbers, `[step][channel]` or `[channel][height][width]`, for each sample.
#[derive(Clone)]
enum Value {
    Rows(Tensor<2>),
    Series(Tensor<3>),
    Images(Tensor<4>),
}

struct InBurn {
    workload: &'static Workload,
    network: Vec<Layer>,
    head: fn(Tensor<2>) -> Tensor<2>,
    loss: Box<dyn Fn(Tensor<2>) -> Tensor<1>>,
    adam: ModuleOptimizer,
    x: Value,
    one: Value,
    many: Value,
}

impl InBurn {
    fn new(problem: &Problem, plain: Device) -> Self {
        let device = plain.clone().autodiff();
        let workload = problem.workload;
        let samples = |values: Vec<f32>, device: &Device| match *workload.input {
            [height, width, channels] => {
                let shape = [values.len() / workload.input(), height, width, channels];
                let images = Tensor::<4>::from_data(TensorData::new(values, shape), device);
                // Data without strides, as if the images had been read in this order.
                Value::Images(Tensor::from_data(images.permute([0, 3, 1, 2]).into_data(), device))
            }
            [steps, channels] => {
                let shape = [values.len() / workload.input(), steps, channels];
                Value::Series(Tensor::from_data(TensorData::new(values, shape), device))
            }
            _ => Value::Rows(matrix(values, workload.input(), device)),
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
            workload,
            network: network(problem, &device),
            head,
            loss,
            adam: AdamConfig::new().with_epsilon(EPSILON as f32).init(),
            x: samples(problem.x.clone(), &device),
            one: samples(problem.samples(1), &plain),
            many: samples(problem.samples(MANY), &plain),
        }
    }

    fn forward(&self, network: &[Layer], x: &Value) -> Tensor<2> {
        match self.run(self.workload.parts, &mut network.iter(), x.clone()) {
            Value::Rows(rows) => rows,
            _ => panic!("the last layer is dense"),
        }
    }

    fn run(&self, parts: &[Part], layers: &mut slice::Iter<'_, Layer>, x: Value) -> Value {
        parts.iter().fold(x, |x, part| match (part, x) {
            (Part::Dense(_, active), Value::Rows(x)) => match layers.next() {
                Some(Layer::Dense(layer)) if *active => Value::Rows(self.hidden(layer.forward(x))),
                Some(Layer::Dense(layer)) => Value::Rows(layer.forward(x)),
                _ => panic!("a dense layer"),
            },
            (Part::Conv(conv), Value::Images(x)) => {
                let Some(Layer::Conv(layer)) = layers.next() else { panic!("a convolution") };
                let mut y = layer.forward(x);
                if conv.norm {
                    let Some(Layer::Norm(layer)) = layers.next() else { panic!("a batch norm") };
                    y = layer.forward(y);
                }
                Value::Images(if conv.active { self.hidden(y) } else { y })
            }
            (Part::Recurrent(..), Value::Series(x)) => {
                let states = match layers.next() {
                    Some(Layer::Gru(layer)) => layer.forward(x, None),
                    Some(Layer::Lstm(layer)) => layer.forward(x, None).0,
                    _ => panic!("a recurrent layer"),
                };
                let [rows, steps, units] = states.dims();
                Value::Rows(states.slice([0..rows, steps - 1..steps, 0..units]).flatten(1, 2))
            }
            // A convolution reads `[channel][step]`.
            (Part::Causal(..), Value::Series(x)) => match layers.next() {
                Some(Layer::Causal(layer)) => {
                    Value::Series(self.hidden(layer.forward(x.swap_dims(1, 2))).swap_dims(1, 2))
                }
                _ => panic!("a convolution"),
            },
            (Part::GlobalAverage, Value::Series(x)) => Value::Rows(x.mean_dim(1).flatten(1, 2)),
            (Part::MaxPool, Value::Images(x)) => {
                Value::Images(MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init().forward(x))
            }
            (Part::GlobalAverage, Value::Images(x)) => Value::Rows(x.mean_dim(3).mean_dim(2).flatten(1, 3)),
            (Part::Flatten, Value::Images(x)) => Value::Rows(x.flatten(1, 3)),
            (Part::Residual(branch, shortcut), x) => {
                match (self.run(branch, layers, x.clone()), self.run(shortcut, layers, x)) {
                    (Value::Images(a), Value::Images(b)) => Value::Images(self.hidden(a + b)),
                    _ => panic!("branches of images"),
                }
            }
            _ => panic!("a part that fits its input"),
        })
    }

    fn hidden<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self.workload.hidden {
            Activation::Relu => relu(x),
            Activation::Tanh => tanh(x),
        }
    }

    fn predict(&self, x: &Value, times: usize) -> f32 {
        let network = self.network.valid();
        let mut predictions = None;
        for _ in 0..times {
            predictions = Some(black_box((self.head)(self.forward(&network, black_box(x)))));
        }
        predictions.expect("`times` is not 0").into_data().try_to_vec::<f32>().expect("they are f32")[0]
    }
}

fn matrix(values: Vec<f32>, width: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / width;
    Tensor::from_data(TensorData::new(values, [rows, width]), device)
}

/// The layers with the weights of the problem.
fn network(problem: &Problem, device: &Device) -> Vec<Layer> {
    let workload = problem.workload;
    let mut flat = workload.flattened();
    let mut network = Vec::new();
    for ((part, input), kernel) in workload.layers().into_iter().zip(&problem.kernels) {
        let outputs = *part.shape(&input).last().expect("a shape has axes");
        match part {
            Part::Dense(..) => {
                let mut kernel = matrix(kernel.clone(), outputs, device);
                if let Some([height, width, channels]) = flat.take() {
                    let images = kernel.reshape([height, width, channels, outputs]);
                    kernel = images.permute([2, 0, 1, 3]).reshape([input[0], outputs]);
                }
                network.push(Layer::Dense(Linear {
                    weight: Param::from_tensor(kernel),
                    bias: Some(Param::from_tensor(Tensor::zeros([outputs], device))),
                    ..LinearConfig::new(input[0], outputs).init(device)
                }));
            }
            Part::Conv(conv) => {
                let Conv { filters, size: [height, width], stride, norm, .. } = conv;
                let [[top, bottom], [left, right]] = conv.padding(&input);
                let config = Conv2dConfig::new([input[2], outputs], conv.size)
                    .with_stride([stride; 2])
                    .with_padding(PaddingConfig2d::Explicit(top, left, bottom, right))
                    .with_groups(if filters.is_none() { input[2] } else { 1 })
                    .with_bias(!norm);
                let shape = [height, width, if filters.is_none() { 1 } else { input[2] }, outputs];
                let kernel = Tensor::<4>::from_data(TensorData::new(kernel.clone(), shape), device);
                let kernel = Tensor::from_data(kernel.permute([3, 2, 0, 1]).into_data(), device);
                let bias = (!norm).then(|| Param::from_tensor(Tensor::zeros([outputs], device)));
                network.push(Layer::Conv(Conv2d { weight: Param::from_tensor(kernel), bias, ..config.init(device) }));
                if norm {
                    let config = BatchNormConfig::new(outputs).with_epsilon(NORM_EPSILON);
                    network.push(Layer::Norm(config.with_momentum(1.0 - MOMENTUM).init(device)));
                }
            }
            Part::Recurrent(cell, units) => {
                // Each gate has a product with the frame and one with the state.
                let (frames, states) = kernel.split_at(cell.gates() * input[1] * units);
                let dense = |kernel: &[f32], inputs: usize, has_bias: bool| Linear {
                    weight: Param::from_tensor(matrix(kernel.to_vec(), units, device)),
                    bias: has_bias.then(|| Param::from_tensor(Tensor::zeros([units], device))),
                    ..LinearConfig::new(inputs, units).init(device)
                };
                let products = frames.chunks(input[1] * units).zip(states.chunks(units * units));
                let mut gates = products.map(|(frames, states)| GateController {
                    input_transform: dense(frames, input[1], true),
                    // A second bias in an LSTM would move the sum of both twice as fast.
                    hidden_transform: dense(states, units, cell == Cell::Gru),
                });
                let mut gate = || gates.next().expect("a kernel for each gate");
                network.push(match cell {
                    Cell::Gru => {
                        let gru = GruConfig::new(input[1], units, true).init(device);
                        Layer::Gru(Gru { update_gate: gate(), reset_gate: gate(), new_gate: gate(), ..gru })
                    }
                    Cell::Lstm => Layer::Lstm(Lstm {
                        input_gate: gate(),
                        forget_gate: Some(gate()),
                        cell_gate: gate(),
                        output_gate: gate(),
                        ..LstmConfig::new(input[1], units, true).init(device)
                    }),
                });
            }
            Part::Causal(filters, dilation) => {
                let config = Conv1dConfig::new(input[1], filters, 3)
                    .with_dilation(dilation)
                    .with_padding(PaddingConfig1d::Explicit(2 * dilation, 0));
                let kernel = Tensor::<3>::from_data(TensorData::new(kernel.clone(), [3, input[1], filters]), device);
                let kernel = Tensor::from_data(kernel.permute([2, 1, 0]).into_data(), device);
                let bias = Some(Param::from_tensor(Tensor::zeros([filters], device)));
                network.push(Layer::Causal(Conv1d { weight: Param::from_tensor(kernel), bias, ..config.init(device) }));
            }
            _ => panic!("a part with a kernel"),
        }
    }
    network
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
