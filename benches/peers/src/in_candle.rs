//! Candle.

use std::{hint::black_box, slice};

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, BatchNorm, Conv2d, Conv2dConfig, Linear, Module, ModuleT, Optimizer, ParamsAdamW, loss, ops};

use crate::{
    contender::{Contender, MANY},
    workload::{Activation, Conv, EPSILON, LEARNING_RATE, Loss, MOMENTUM, NORM_EPSILON, Part, Problem, Workload},
};

pub fn start(problem: &Problem) -> Option<Box<dyn Contender>> {
    // Without a causal convolution and attention, and with recurrent layers of its own.
    let is_sequence = problem.workload.input.len() == 2 || problem.workload.symbols().is_some();
    (!is_sequence).then(|| Box::new(InCandle::new(problem).expect("shapes agree")) as Box<dyn Contender>)
}

enum Layer {
    Dense(Linear),
    /// A convolution behind these zeros before and after each axis.
    Conv([[usize; 2]; 2], Conv2d),
    Norm(BatchNorm),
}

struct InCandle {
    workload: &'static Workload,
    network: Vec<Layer>,
    adam: AdamW,
    x: Tensor,
    y: Tensor,
    one: Tensor,
    many: Tensor,
}

impl InCandle {
    fn new(problem: &Problem) -> Result<Self> {
        let workload = problem.workload;
        let device = &Device::Cpu;
        let (network, variables) = network(problem, device)?;
        let samples = |values: Vec<f32>| match *workload.input {
            [height, width, channels] => {
                let shape = (values.len() / workload.input(), height, width, channels);
                Tensor::from_vec(values, shape, device)?.permute((0, 3, 1, 2))?.contiguous()
            }
            _ => {
                let shape = (values.len() / workload.input(), workload.input());
                Tensor::from_vec(values, shape, device)
            }
        };
        let y = if workload.loss == Loss::Categorical {
            Tensor::from_iter(problem.classes().map(|class| class as u32), device)?
        } else {
            Tensor::from_slice(&problem.y, (workload.batch, workload.output()), device)?
        };
        let settings = ParamsAdamW { lr: LEARNING_RATE, eps: EPSILON, weight_decay: 0.0, ..Default::default() };
        Ok(Self {
            workload,
            network,
            adam: AdamW::new(variables, settings)?,
            x: samples(problem.x.clone())?,
            y,
            one: samples(problem.samples(1))?,
            many: samples(problem.samples(MANY))?,
        })
    }

    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        self.run(self.workload.parts, &mut self.network.iter(), x, training)
    }

    fn run(&self, parts: &[Part], layers: &mut slice::Iter<'_, Layer>, x: &Tensor, training: bool) -> Result<Tensor> {
        parts.iter().try_fold(x.clone(), |x, part| match part {
            Part::Dense(_, active) => {
                let y = layer(layers, &x, training)?;
                if *active { self.hidden(&y) } else { Ok(y) }
            }
            Part::Conv(conv) => {
                let mut y = layer(layers, &x, training)?;
                if conv.norm {
                    y = layer(layers, &y, training)?;
                }
                if conv.active { self.hidden(&y) } else { Ok(y) }
            }
            Part::MaxPool => x.max_pool2d(2),
            Part::GlobalAverage => x.mean((2, 3)),
            Part::Flatten => x.flatten_from(1),
            Part::Recurrent(..) | Part::Causal(..) | Part::Symbols(..) | Part::Block(..) | Part::EachStep(..) => {
                panic!("no sequence")
            }
            Part::Residual(branch, shortcut) => {
                let branch = self.run(branch, layers, &x, training)?;
                self.hidden(&(branch + self.run(shortcut, layers, &x, training)?)?)
            }
        })
    }

    fn hidden(&self, x: &Tensor) -> Result<Tensor> {
        match self.workload.hidden {
            Activation::Relu => x.relu(),
            Activation::Tanh => x.tanh(),
        }
    }

    fn step(&mut self) -> Result<Tensor> {
        let logits = self.forward(black_box(&self.x), true)?;
        let loss = match self.workload.loss {
            Loss::Binary => loss::binary_cross_entropy_with_logit(&logits, &self.y),
            Loss::Categorical => loss::cross_entropy(&logits, &self.y),
            Loss::Squared => loss::mse(&logits, &self.y),
        }?;
        self.adam.backward_step(&loss)?;
        Ok(loss)
    }

    fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let logits = self.forward(black_box(x), false)?;
        match self.workload.loss {
            Loss::Binary => ops::sigmoid(&logits),
            Loss::Categorical => ops::softmax_last_dim(&logits),
            Loss::Squared => Ok(logits),
        }
    }
}

/// The output of the next layer.
fn layer(layers: &mut slice::Iter<'_, Layer>, x: &Tensor, training: bool) -> Result<Tensor> {
    match layers.next().expect("a layer for each part") {
        Layer::Dense(layer) => layer.forward(x),
        Layer::Conv([[0, 0], [0, 0]], layer) => layer.forward(x),
        Layer::Conv([[top, bottom], [left, right]], layer) => {
            let x = x.pad_with_zeros(D::Minus2, *top, *bottom)?.pad_with_zeros(D::Minus1, *left, *right)?;
            layer.forward(&x)
        }
        Layer::Norm(layer) => layer.forward_t(x, training),
    }
}

/// The layers with the weights of the problem, and their variables.
fn network(problem: &Problem, device: &Device) -> Result<(Vec<Layer>, Vec<Var>)> {
    let workload = problem.workload;
    let mut flat = workload.flattened();
    let (mut network, mut variables) = (Vec::new(), Vec::new());
    for ((part, input), kernel) in workload.layers().into_iter().zip(&problem.kernels) {
        let outputs = *part.shape(&input).last().expect("a shape has axes");
        let bias = Var::zeros(outputs, DType::F32, device)?;
        let shift = bias.as_tensor().clone();
        match part {
            Part::Dense(..) => {
                let mut kernel = Tensor::from_slice(kernel, (input[0], outputs), device)?;
                if let Some([height, width, channels]) = flat.take() {
                    let images = kernel.reshape((height, width, channels, outputs))?;
                    kernel = images.permute((2, 0, 1, 3))?.reshape((input[0], outputs))?;
                }
                let weight = Var::from_tensor(&kernel.t()?.contiguous()?)?;
                network.push(Layer::Dense(Linear::new(weight.as_tensor().clone(), Some(shift))));
                variables.extend([weight, bias]);
            }
            Part::Conv(conv) => {
                let Conv { filters, size: [height, width], stride, norm, .. } = conv;
                let inputs = if filters.is_none() { 1 } else { input[2] };
                let kernel = Tensor::from_slice(kernel, (height, width, inputs, outputs), device)?;
                let weight = Var::from_tensor(&kernel.permute((3, 2, 0, 1))?.contiguous()?)?;
                let groups = if filters.is_none() { input[2] } else { 1 };
                let mut config = Conv2dConfig { stride, groups, ..Default::default() };
                let mut padding = conv.padding(&input);
                if padding.as_flattened().iter().all(|&zeros| zeros == padding[0][0]) {
                    config.padding = padding[0][0];
                    padding = [[0; 2]; 2];
                }
                let convolution = Conv2d::new(weight.as_tensor().clone(), (!norm).then(|| shift.clone()), config);
                network.push(Layer::Conv(padding, convolution));
                variables.extend([weight, bias]);
                if norm {
                    let scale = Var::ones(outputs, DType::F32, device)?;
                    let mean = Tensor::zeros(outputs, DType::F32, device)?;
                    let norm = BatchNorm::new_with_momentum(
                        outputs,
                        mean.clone(),
                        (mean + 1.0)?,
                        scale.as_tensor().clone(),
                        shift,
                        NORM_EPSILON,
                        1.0 - MOMENTUM,
                    )?;
                    network.push(Layer::Norm(norm));
                    variables.push(scale);
                }
            }
            _ => panic!("a part with a kernel"),
        }
    }
    Ok((network, variables))
}

/// Runs `work` `times` times, and returns the first element of the last result.
fn repeat(times: usize, mut work: impl FnMut() -> Result<Tensor>) -> Result<f32> {
    for _ in 1..times {
        black_box(work()?);
    }
    work()?.flatten_all()?.get(0)?.to_scalar()
}

impl Contender for InCandle {
    fn train(&mut self, steps: usize) -> f32 {
        repeat(steps, || self.step()).expect("shapes agree")
    }

    fn predict_one(&mut self, times: usize) -> f32 {
        repeat(times, || self.predict(&self.one)).expect("shapes agree")
    }

    fn predict_many(&mut self, times: usize) -> f32 {
        repeat(times, || self.predict(&self.many)).expect("shapes agree")
    }
}
