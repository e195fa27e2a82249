//! Shiplap.

use std::{hint::black_box, slice};

use shiplap::{
    Tensor,
    layer::{Parameter, Path, Role, VisitMut},
    loss::{Follows, Label, Loss},
    metric::Metric,
    network::fold_batch_norms,
    optim::Accumulate,
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

#[network(input = Image<28, 28, 1>)]
type LeNet = (
    (Conv2d<_, 8, 3, Relu, Same>, MaxPool2d<_, 2>),
    (Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>),
    (Flatten<_>, Dense<_, 32, Relu>, Dense<_, 10, Softmax>),
);

#[network(input = Image<32, 32, 3>)]
type Resnet8 = (
    (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
    Residual<
        (
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 16, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
    >,
    Residual<
        (
            (Conv2d<_, 32, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 32, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 32, 1, Linear, Same<2>>,
    >,
    Residual<
        (
            (Conv2d<_, 64, 3, Linear, Same<2>, NoBias>, BatchNorm<_, Relu>),
            (Conv2d<_, 64, 3, Linear, Same, NoBias>, BatchNorm<_>),
        ),
        Relu,
        Conv2d<_, 64, 1, Linear, Same<2>>,
    >,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);

/// [`Resnet8`] for predictions, with batch normalization folded into the convolutions.
#[network(input = Image<32, 32, 3>)]
type Folded = (
    Conv2d<_, 16, 3, Relu, Same>,
    Residual<(Conv2d<_, 16, 3, Relu, Same>, Conv2d<_, 16, 3, Linear, Same>), Relu>,
    Residual<
        (Conv2d<_, 32, 3, Relu, Same<2>>, Conv2d<_, 32, 3, Linear, Same>),
        Relu,
        Conv2d<_, 32, 1, Linear, Same<2>>,
    >,
    Residual<
        (Conv2d<_, 64, 3, Relu, Same<2>>, Conv2d<_, 64, 3, Linear, Same>),
        Relu,
        Conv2d<_, 64, 1, Linear, Same<2>>,
    >,
    GlobalAveragePool<_>,
    Dense<_, 10, Softmax>,
);

#[network(input = Image<49, 10, 1>)]
type DsCnn = (
    Conv2d<_, 64, 10, Relu, Same<2>, Bias, 4>,
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (GlobalAveragePool<_>, Dense<_, 12, Softmax>),
);

#[network(input = Image<96, 96, 3>)]
type MobileNet = (
    Conv2d<_, 8, 3, Relu, Same<2>>,
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 16, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 32, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 64, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 128, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same<2>>, Conv2d<_, 256, 1, Relu>),
    (DepthwiseConv2d<_, 3, Relu, Same>, Conv2d<_, 256, 1, Relu>),
    (GlobalAveragePool<_>, Dense<_, 2, Softmax>),
);

#[network(input = [[f32; 6]; 32])]
type WithGru = (Gru<_, 64>, Dense<_, 6, Softmax>);

#[network(input = [[f32; 6]; 32])]
type WithLstm = (Lstm<_, 64>, Dense<_, 6, Softmax>);

#[network(input = [[f32; 6]; 128])]
type Convolutions = (
    Conv1d<_, 32, 3, Relu, Causal>,
    Conv1d<_, 32, 3, Relu, Causal<1, 2>>,
    Conv1d<_, 32, 3, Relu, Causal<1, 4>>,
    Conv1d<_, 32, 3, Relu, Causal<1, 8>>,
    (GlobalAveragePool<_>, Dense<_, 6, Softmax>),
);

#[network(input = [f32; 64])]
type Decoder = (
    (Embedding<_, 81, 64>, LearnedPositions<_>),
    TransformerBlock<_, 4, 256, Causal>,
    TransformerBlock<_, 4, 256, Causal>,
    TransformerBlock<_, 4, 256, Causal>,
    (LayerNorm<_, Linear, -5>, Conv1d<_, 81, 1, Softmax>),
);

/// Networks that are larger than the L2 cache are trained in place, which avoids memory traffic for the gradient. Those
/// whose activations are larger pass in parts of a batch, which avoids memory traffic for the tape.
pub fn start(problem: &Problem) -> Option<Box<dyn Contender>> {
    let adam = Adam { epsilon: EPSILON, ..Adam::new(LEARNING_RATE) };
    let classes = || problem.classes().collect::<Vec<_>>();
    let parts = |rows: usize| Accumulate::new(adam, (problem.workload.batch / rows) as u64);
    Some(match problem.workload.name {
        "W1" => boxed::<W1, BinaryCrossentropy, _, _, 32>(problem, adam, rows::<[f32; 1]>(&problem.y)),
        "W2" => boxed::<W2, SparseCategoricalCrossentropy, _, _, 64>(problem, InPlace(adam), classes()),
        "W3" => boxed::<W3, SparseCategoricalCrossentropy, _, _, 128>(problem, InPlace(adam), classes()),
        "W4" => boxed::<W4, MeanSquaredError, _, _, 256>(problem, adam, rows::<[f32; 6]>(&problem.y)),
        "W5" => boxed::<LeNet, SparseCategoricalCrossentropy, _, _, 8>(problem, parts(8), classes()),
        "W6" => folded::<Resnet8, Folded, SparseCategoricalCrossentropy, _, _, 32>(problem, adam, classes()),
        "W7" => boxed::<DsCnn, SparseCategoricalCrossentropy, _, _, 2>(problem, parts(2), classes()),
        "W8" => boxed::<MobileNet, SparseCategoricalCrossentropy, _, _, 16>(problem, adam, classes()),
        "W9" => boxed::<WithGru, SparseCategoricalCrossentropy, _, _, 64>(problem, adam, classes()),
        "W10" => boxed::<WithLstm, SparseCategoricalCrossentropy, _, _, 16>(problem, parts(16), classes()),
        "W11" => boxed::<Convolutions, SparseCategoricalCrossentropy, _, _, 4>(problem, parts(4), classes()),
        "W12" => {
            let labels = classes().as_chunks::<64>().0.to_vec();
            boxed::<Decoder, SparseCategoricalCrossentropy, _, _, 2>(problem, parts(2), labels)
        }
        name => panic!("no type for {name}"),
    })
}

/// Trains `N` and predicts with `D`, which has its weights.
struct InShiplap<N, D, L, O, Y, const BATCH: usize>
where
    N: Network<Output: Tensor<Element = f32>>,
    D: Network<Input = N::Input, Output = N::Output>,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head>,
    O: Optimizer,
{
    trainer: Box<Trainer<N, L, O, BATCH>>,
    /// The network that predicts, unless it is that of the trainer.
    deployed: Option<Box<D>>,
    x: Vec<N::Input>,
    y: Vec<Y>,
    samples: Vec<N::Input>,
    predictions: Vec<N::Output>,
}

fn boxed<N, L, O, Y, const BATCH: usize>(problem: &Problem, optimizer: O, y: Vec<Y>) -> Box<dyn Contender>
where
    N: Network<Element = f32, Output: Tensor<Element = f32>> + 'static,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head> + 'static,
    O: Optimizer,
    Y: Label<L, N::Output> + 'static,
{
    new::<N, N, L, O, Y, BATCH>(problem, optimizer, y, None)
}

/// Like [`boxed`]; `D` predicts, with batch normalization folded into its weights.
fn folded<N, D, L, O, Y, const BATCH: usize>(problem: &Problem, optimizer: O, y: Vec<Y>) -> Box<dyn Contender>
where
    N: Network<Element = f32, Output: Tensor<Element = f32>> + 'static,
    D: Network<Element = f32, Input = N::Input, Output = N::Output> + 'static,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head> + 'static,
    O: Optimizer,
    Y: Label<L, N::Output> + 'static,
{
    new::<N, D, L, O, Y, BATCH>(problem, optimizer, y, Some(D::zeroed_box()))
}

fn new<N, D, L, O, Y, const BATCH: usize>(
    problem: &Problem,
    optimizer: O,
    y: Vec<Y>,
    deployed: Option<Box<D>>,
) -> Box<dyn Contender>
where
    N: Network<Element = f32, Output: Tensor<Element = f32>> + 'static,
    D: Network<Element = f32, Input = N::Input, Output = N::Output> + 'static,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head> + 'static,
    O: Optimizer,
    Y: Label<L, N::Output> + 'static,
{
    let mut trainer = Trainer::<N, L, O, BATCH>::boxed(optimizer, 1);
    let kernels = problem.kernels.concat();
    N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut Overwrite(&kernels));
    let (x, samples) = (rows(&problem.x), rows(&problem.samples(MANY)));
    Box::new(InShiplap { trainer, deployed, x, y, samples, predictions: vec![N::Output::zeroed(); MANY] })
}

fn rows<X: Tensor<Element = f32>>(values: &[f32]) -> Vec<X> {
    let mut rows = vec![X::zeroed(); values.len() * size_of::<f32>() / size_of::<X>()];
    X::flat_mut(&mut rows).copy_from_slice(values);
    rows
}

/// Overwrites the kernels of a network, one after another, and sets the biases to 0. Batch normalization starts as it is.
struct Overwrite<'a>(&'a [f32]);

impl VisitMut<f32, 1> for Overwrite<'_> {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [f32]; 1]) {
        match parameter.role {
            Role::Kernel => values.copy_from_slice(self.0.split_off(..values.len()).expect("a kernel for each layer")),
            Role::Bias if parameter.name != "scale" => values.fill(0.0),
            _ => {}
        }
    }
}

impl<N, D, L, O, Y, const BATCH: usize> Contender for InShiplap<N, D, L, O, Y, BATCH>
where
    N: Network<Element = f32, Output: Tensor<Element = f32>>,
    D: Network<Element = f32, Input = N::Input, Output = N::Output>,
    L: Loss<N::Output, Metric: Metric<N::Output, L::Label>> + Follows<N::Head>,
    O: Optimizer,
    Y: Label<L, N::Output>,
{
    fn train(&mut self, steps: usize) -> f32 {
        let mut loss = f64::NAN;
        for _ in 0..steps {
            let batches = black_box(&self.x).chunks(BATCH).zip(black_box(&self.y).chunks(BATCH));
            let count = batches.len();
            loss =
                batches.map(|(x, y)| self.trainer.step(x, y).expect("the data are valid")).sum::<f64>() / count as f64;
        }
        if let Some(network) = self.deployed.as_deref_mut() {
            fold_batch_norms(self.trainer.network(), network).expect("the networks agree");
        }
        loss as f32
    }

    fn predict_one(&mut self, times: usize) -> f32 {
        let mut prediction = N::Output::zeroed();
        for _ in 0..times {
            let sample = black_box(&self.samples[0]);
            prediction = black_box(match &self.deployed {
                Some(network) => network.predict(sample),
                None => self.trainer.predict(sample),
            });
        }
        N::Output::flat(slice::from_ref(&prediction))[0]
    }

    fn predict_many(&mut self, times: usize) -> f32 {
        for _ in 0..times {
            let (samples, predictions) = (black_box(&self.samples), black_box(&mut self.predictions));
            match &self.deployed {
                Some(network) => network.predict_batch(samples, predictions),
                None => self.trainer.network().predict_batch(samples, predictions),
            }
            .expect("the slices have the same length");
        }
        N::Output::flat(&self.predictions)[0]
    }
}
