//! Candle.

use std::hint::black_box;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, loss, ops};

use crate::{
    contender::{Contender, MANY},
    workload::{Activation, EPSILON, LEARNING_RATE, Loss, Problem, Workload},
};

pub fn start(problem: &Problem) -> Box<dyn Contender> {
    Box::new(InCandle::new(problem).expect("shapes agree"))
}

struct InCandle {
    workload: &'static Workload,
    network: Vec<Linear>,
    adam: AdamW,
    x: Tensor,
    y: Tensor,
    one: Tensor,
    many: Tensor,
}

impl InCandle {
    fn new(problem: &Problem) -> Result<Self> {
        let workload = problem.workload;
        let (device, input) = (&Device::Cpu, workload.input());
        let (mut network, mut variables) = (Vec::new(), Vec::new());
        for ((input, output), kernel) in workload.layers().zip(&problem.kernels) {
            let kernel = Tensor::from_slice(kernel, (input, output), device)?;
            let weight = Var::from_tensor(&kernel.t()?.contiguous()?)?;
            let bias = Var::zeros(output, DType::F32, device)?;
            network.push(Linear::new(weight.as_tensor().clone(), Some(bias.as_tensor().clone())));
            variables.extend([weight, bias]);
        }
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
            x: Tensor::from_slice(&problem.x, (workload.batch, input), device)?,
            y,
            one: Tensor::from_vec(problem.samples(1), (1, input), device)?,
            many: Tensor::from_vec(problem.samples(MANY), (MANY, input), device)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.network.split_last().expect("a network has layers");
        let x = hidden.iter().try_fold(x.clone(), |x, layer| match self.workload.hidden {
            Activation::Relu => layer.forward(&x)?.relu(),
            Activation::Tanh => layer.forward(&x)?.tanh(),
        })?;
        last.forward(&x)
    }

    fn step(&mut self) -> Result<Tensor> {
        let logits = self.forward(black_box(&self.x))?;
        let loss = match self.workload.loss {
            Loss::Binary => loss::binary_cross_entropy_with_logit(&logits, &self.y),
            Loss::Categorical => loss::cross_entropy(&logits, &self.y),
            Loss::Squared => loss::mse(&logits, &self.y),
        }?;
        self.adam.backward_step(&loss)?;
        Ok(loss)
    }

    fn predict(&self, x: &Tensor) -> Result<Tensor> {
        let logits = self.forward(black_box(x))?;
        match self.workload.loss {
            Loss::Binary => ops::sigmoid(&logits),
            Loss::Categorical => ops::softmax_last_dim(&logits),
            Loss::Squared => Ok(logits),
        }
    }
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
