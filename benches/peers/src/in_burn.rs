//! Burn with Flex, its newest CPU backend.

use std::{hint::black_box, slice};

use burn::{
    module::{Module, Param},
    nn::{
        BatchNorm, BatchNormConfig, Embedding, GateController, Gru, GruConfig, LayerNorm, LayerNormConfig, Linear,
        LinearConfig, Lstm, LstmConfig, PaddingConfig1d, PaddingConfig2d,
        attention::{MultiHeadAttention, generate_autoregressive_mask},
        conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig},
        loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig, MseLoss, Reduction},
        pool::MaxPool2dConfig,
        transformer::{PositionWiseFeedForward, TransformerEncoderConfig, TransformerEncoderLayer},
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
    Symbols(Symbols),
    Block(TransformerEncoderLayer),
    EachStep(EachStep),
}

#[derive(Module, Debug)]
struct Symbols {
    table: Embedding,
    positions: Param<Tensor<3>>,
}

#[derive(Module, Debug)]
struct EachStep {
    norm: LayerNorm,
    dense: Linear,
}

/// `[step]`, rows of numbers, `[step][channel]` or `[channel][height][width]`, for each sample.
#[derive(Clone)]
enum Value {
    Text(Tensor<2, Int>),
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
            _ if workload.symbols().is_some() => Value::Text(matrix(values, workload.input(), device).int()),
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
            (Part::Symbols(..), Value::Text(x)) => {
                let Some(Layer::Symbols(layer)) = layers.next() else { panic!("vectors of symbols") };
                Value::Series(layer.table.forward(x) + layer.positions.val())
            }
            (Part::Block(..), Value::Series(x)) => {
                let Some(Layer::Block(layer)) = layers.next() else { panic!("a block") };
                let [rows, steps, _] = x.dims();
                let mask = generate_autoregressive_mask(rows, steps, &x.device());
                Value::Series(layer.forward(x, None, Some(mask)))
            }
            // The steps of all samples are rows.
            (Part::EachStep(_), Value::Series(x)) => {
                let Some(Layer::EachStep(layer)) = layers.next() else { panic!("a dense layer of each step") };
                Value::Rows(layer.dense.forward(layer.norm.forward(x)).flatten(0, 1))
            }
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

/// A dense layer with these weights.
fn linear(weight: Tensor<2>) -> Linear {
    let ([inputs, outputs], device) = (weight.dims(), &weight.device());
    let bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    Linear { weight: Param::from_tensor(weight), bias, ..LinearConfig::new(inputs, outputs).init(device) }
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
                network.push(Layer::Dense(linear(kernel)));
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
                let dense = |kernel: &[f32]| linear(matrix(kernel.to_vec(), units, device));
                let products = frames.chunks(input[1] * units).zip(states.chunks(units * units));
                let mut gates = products.map(|(frames, states)| GateController {
                    input_transform: dense(frames),
                    // A second bias in an LSTM would move the sum of both twice as fast.
                    hidden_transform: match cell {
                        Cell::Gru => dense(states),
                        Cell::Lstm => Linear { bias: None, ..dense(states) },
                    },
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
            Part::Symbols(symbols, width) => {
                let (table, positions) = kernel.split_at(symbols * width);
                let positions = TensorData::new(positions.to_vec(), [1, input[0], width]);
                network.push(Layer::Symbols(Symbols {
                    table: Embedding { weight: Param::from_tensor(matrix(table.to_vec(), width, device)) },
                    positions: Param::from_tensor(Tensor::from_data(positions, device)),
                }));
            }
            Part::Block(heads, hidden) => {
                let width = input[1];
                let mut kernel = &kernel[..];
                let mut dense = |inputs: usize, outputs: usize| {
                    let weights = kernel.split_off(..inputs * outputs).expect("a kernel for each product");
                    linear(matrix(weights.to_vec(), outputs, device))
                };
                let mut transposed = || {
                    let layer = dense(width, width);
                    let weight = Tensor::from_data(layer.weight.val().transpose().into_data(), device);
                    Linear { weight: Param::from_tensor(weight), ..layer }
                };
                let config = TransformerEncoderConfig::new(width, hidden, heads, 1);
                let block = TransformerEncoderLayer::new(&config.with_norm_first(true).with_dropout(0.0), device);
                let [query, key, value] = std::array::from_fn(|_| transposed());
                let mha = MultiHeadAttention { query, key, value, output: dense(width, width), ..block.mha };
                let (linear_inner, linear_outer) = (dense(width, hidden), dense(hidden, width));
                let pwff = PositionWiseFeedForward { linear_inner, linear_outer, ..block.pwff };
                network.push(Layer::Block(TransformerEncoderLayer { mha, pwff, ..block }));
            }
            Part::EachStep(width) => network.push(Layer::EachStep(EachStep {
                norm: LayerNormConfig::new(input[1]).init(device),
                dense: linear(matrix(kernel.clone(), width, device)),
            })),
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
