//! The code that the compiler does not check, on networks small enough for an interpreter: `.ci/unsafe` runs these tests
//! with Miri.

use std::mem::MaybeUninit;

use rayon::ThreadPoolBuilder;
use shiplap::{
    explain::{Explainer, Target},
    flash::Flash,
    init::{Constant, HeNormal},
    layers::{AllStates, InFlash},
    optim::Accumulate,
    prelude::*,
};

/// Widths that are no multiple of a register.
#[derive(Network)]
struct Wrapped {
    scaled: Standardize<5>,
    first: Initialized<Dense<5, 7, Tanh>, HeNormal, Constant<1, -1>>,
    dropped: Dropout<7, 20>,
    frozen: Frozen<(Scale, Dense<7, 9, Relu>)>,
    last: Regularized<Dense<9, 3, Softmax>, L2<1, -3>>,
}

#[derive(Layer)]
struct Scale {
    #[statistic]
    factor: [f32; 7],
}

impl SimpleLayer for Scale {
    type Input = [f32; 7];
    type Output = [f32; 7];
    type Tape = ();

    const MACS: usize = 7;

    fn forward<S: Simd>(&self, _: S, x: &[f32; 7], y: &mut [f32; 7]) {
        *y = std::array::from_fn(|column| x[column] * self.factor[column]);
    }

    fn backward<S: Simd>(&self, simd: S, _: &[f32; 7], (): &(), _: &[f32; 7], dy: &[f32; 7], dx: &mut [f32; 7]) {
        self.forward(simd, dy, dx);
    }
}

const SAMPLES: usize = 6;

fn data() -> ([[f32; 5]; SAMPLES], [usize; SAMPLES]) {
    let mut rng = Rng::new(1);
    (std::array::from_fn(|_| std::array::from_fn(|_| rng.normal() as f32)), std::array::from_fn(|row| row % 3))
}

type Of<O> = Trainer<Wrapped, SparseCategoricalCrossentropy, O, 4>;

/// The loss after each kind of call.
fn used<O: Optimizer>(trainer: &mut Of<O>) -> f64 {
    let (x, y) = data();
    trainer.step(&x[..3], &y[..3]).unwrap();
    trainer.fit(&x, &y, Fit::epochs(2).validation(&x[..1], &y[..1])).unwrap();
    let mut predictions = [[0.0; 3]; SAMPLES];
    trainer.network().predict_batch(&x, &mut predictions).unwrap();
    let difference = trainer.predict(&x[0])[1] - predictions[0][1];
    assert!(difference.abs() < 1e-6, "{difference}");
    trainer.evaluate(&x, &y).unwrap().loss
}

#[test]
fn trainers_train_the_same_wherever_they_are() {
    let loss = used(&mut Of::new(Adam::new(0.01), 1));
    assert_eq!(used(&mut Of::boxed(Adam::new(0.01), 1)), loss);
    let mut place = MaybeUninit::uninit();
    assert_eq!(used(Of::new_at(&mut place, Adam::new(0.01), 1)), loss);
}

#[test]
fn optimizers_have_their_own_memory() {
    assert!(used(&mut Of::new(Sgd::new(0.01), 1)).is_finite());
    assert!(used(&mut Of::boxed(InPlace(Adam::new(0.01)), 1)).is_finite());
    assert!(used(&mut Of::boxed(Accumulate::new(Adam::new(0.01), 2), 1)).is_finite());
}

#[test]
fn values_of_zero_bytes_are_valid() {
    assert_eq!(Wrapped::zeroed().predict(&[1.0; 5]), Wrapped::zeroed_box().predict(&[1.0; 5]));
    let network = Wrapped::boxed(1);
    let gradient =
        |explainer: &mut Explainer<Wrapped>| explainer.gradient(&network, &[1.0; 5], Target::Logit(2)).unwrap();
    assert_eq!(gradient(&mut Explainer::new()), gradient(&mut Explainer::boxed()));
}

type Xor = (Dense<2, 4, Tanh>, Dense<4, 1, Sigmoid>);

static XOR: Xor = include_weights!("flash/xor.safetensors");

struct Features;

impl Flash for Features {
    type Network = Xor;
    const NETWORK: &'static Xor = &XOR;
}

#[test]
fn networks_in_flash_are_read_in_place() {
    type Net = (InFlash<Features>, Dense<1, 1, Linear>);
    let (x, y) = ([[1.0f32, 0.0]], [[3.0f32]]);
    let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 2>::boxed(Sgd::new(0.01), 1);
    let before = trainer.evaluate(&x, &y).unwrap().loss;
    trainer.fit(&x, &y, Fit::epochs(3)).unwrap();
    assert!(trainer.evaluate(&x, &y).unwrap().loss < before);
    assert!((InFlash::<Features>::zeroed().predict(&x[0])[0] - 1.0).abs() < 0.1);
}

#[network(input = Image<5, 4, 2>)]
type Images = (Conv2d<_, 5, 3, Relu, Same<2>>, MaxPool2d<_, 2, Same>, GlobalAveragePool<_>, Dense<_, 1>);

#[test]
fn networks_of_image_layers_train() {
    let x = [[[[0.5f32, -0.25]; 4]; 5]; 3];
    let mut trainer = Trainer::<Images, MeanSquaredError, Adam, 2>::boxed(Adam::new(0.01), 1);
    trainer.fit(&x, &[[1.0f32]; 3], Fit::epochs(1)).unwrap();
    assert!(trainer.evaluate(&x, &[[1.0f32]; 3]).unwrap().loss.is_finite());
    assert!(trainer.predict(&x[0])[0].is_finite());
}

#[test]
fn streams_are_zero_bytes() {
    #[network(input = [[f32; 2]; 5])]
    type Net = (Conv1d<_, 3, 2, Relu, Causal<1, 2>>, MaxPool1d<_, 2>, Flatten<_>, Dense<_, 1>);
    static STREAM: Stream<Net> = Stream::new();
    let (network, mut stream, mut boxed) = (Net::new(1), STREAM, Stream::<Net>::zeroed_box());
    let x = [[0.5, -0.5], [1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [2.0, 2.0]];
    let outputs = x.map(|frame| stream.push(&network, &frame));
    assert_eq!(x.map(|frame| boxed.push(&network, &frame)), outputs);
    assert_eq!(outputs[3], Some(network.predict(&x)));
}

#[network(input = [[f32; 2]; 3])]
type Sequences = (SimpleRnn<_, 5, AllStates>, Gru<_, 3, Stateful<AllStates>>, Lstm<_, 5>, Dense<_, 1>);

#[test]
fn networks_of_recurrent_layers_train() {
    let x = [[[0.5f32, -0.25]; 3]; 3];
    let mut trainer = Trainer::<Sequences, MeanSquaredError, Adam, 2>::boxed(Adam::new(0.01), 1);
    trainer.fit(&x, &[[1.0f32]; 3], Fit::epochs(1).shuffle(false)).unwrap();
    assert!(trainer.evaluate(&x, &[[1.0f32]; 3]).unwrap().loss.is_finite());
    assert!(trainer.predict(&x[0])[0].is_finite());
}

#[network(input = [f32; 3])]
type Attentive = (
    (Embedding<_, 5, 4>, SinusoidalPositions<_>, MultiHeadAttention<_, 1, Causal, Rotary>),
    TransformerBlock<_, 2, 3>,
    (RmsNorm<_>, GlobalAveragePool<_>, Dense<_, 1>),
);

#[test]
fn networks_of_attention_train() {
    let x = [[0.0, 4.0, 1.0]; 3];
    let mut trainer = Trainer::<Attentive, MeanSquaredError, Adam, 2>::boxed(Adam::new(0.01), 1);
    trainer.fit(&x, &[[1.0f32]; 3], Fit::epochs(1)).unwrap();
    assert!(trainer.evaluate(&x, &[[1.0f32]; 3]).unwrap().loss.is_finite());
    assert!(trainer.predict(&x[0])[0].is_finite());
}

#[test]
fn threads_share_a_network() {
    type Net = Dense<3, 2, Tanh>;
    type Shards = AllCores<Sgd, 2, 2>;
    let mut trainer = Trainer::<Net, MeanSquaredError, Shards, 4>::boxed(AllCores(Sgd::new(0.01)), 1);
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let loss = pool.install(|| trainer.step(&[[1.0f32, 2.0, 3.0]; 3], &[[0.5f32, -0.5]; 3])).unwrap();
    assert!(loss.is_finite());
}
