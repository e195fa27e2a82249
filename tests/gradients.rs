//! Analytic gradients against finite differences, in `f64`, at each instruction set.
//!
//! The relative error of each derivative is at most 10⁻⁶. Derivatives that a loss of about 1 in `f64` cannot resolve
//! are below a floor, 10⁻⁵ of the largest derivative of the network. The tests also check that few nonzero derivatives
//! are below it.
//!
//! `cargo test` checks each activation, layer and loss. The feature `exhaustive` checks each in networks of up to 16
//! layers as well: these take minutes to build, and are a separate line of `.ci/run`.

mod common;

use std::marker::PhantomData;

use common::at_every_level;
use shiplap::{
    Tensor,
    activation::{Activation, Save},
    check,
    kernel::{Simd, Work, dispatch},
    layer::{Parameter, Path, Predictions, Role, Visit, VisitTrainable},
    layers::{Full, Parallel},
    loss::{Compares, EachStep, Follows, Loss, Weighted},
    prelude::*,
};

const MOST: f64 = 1e-6;
const FLOOR: f64 = 1e-5;

/// [`check::derivatives`] for numbers in rows.
fn derivatives<X: Tensor<Element = f64>, const B: usize>(rows: [X; B], mut f: impl FnMut(&[X; B]) -> f64) -> Vec<f64> {
    let mut nudged = rows;
    check::derivatives(X::flat(&rows), |numbers| {
        X::flat_mut(&mut nudged).copy_from_slice(numbers);
        f(&nudged)
    })
}

fn compare(what: &str, analytic: &[f64], numeric: &[f64]) {
    assert_eq!(analytic.len(), numeric.len());
    let floor = FLOOR * numeric.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    for (index, (&analytic, &numeric)) in analytic.iter().zip(numeric).enumerate() {
        let size = analytic.abs().max(numeric.abs());
        let error = (analytic - numeric).abs() / size.max(floor).max(f64::MIN_POSITIVE);
        assert!(error < MOST, "{what}, number {index}: {analytic} against {numeric}");
    }
    let unseen = analytic.iter().filter(|value| **value != 0.0 && value.abs() < floor).count();
    assert!(unseen <= analytic.len() / 4, "{what}: {unseen} of {} are too small to be checked", analytic.len());
}

fn rows<X: Tensor<Element = f64>, const B: usize>(seed: u64) -> [X; B] {
    let mut rng = Rng::new(seed);
    let mut rows = [X::zeroed(); B];
    X::flat_mut(&mut rows).iter_mut().for_each(|value| *value = rng.normal());
    rows
}

/// Calls a closure with each trainable parameter.
struct Each<F>(F);

impl<F: FnMut(Role, &mut [f64])> VisitTrainable<f64, 0> for Each<F> {
    fn visit(&mut self, parameter: Parameter<'_>, values: &mut [f64], _: &mut [f64], []: [&mut [f64]; 0]) {
        self.0(parameter.role, values);
    }
}

fn each<N: Network<Element = f64>>(network: &mut N, visit: impl FnMut(Role, &mut [f64])) {
    N::trainable_mut(Some(network), &mut N::Trainable::zeroed(), [], Path::ROOT, &mut Each(visit));
}

fn weights<N: Network<Element = f64>>(network: &mut N) -> Vec<f64> {
    let mut all = Vec::new();
    each(network, |_, values| all.extend_from_slice(values));
    all
}

fn set<N: Network<Element = f64>>(network: &mut N, weights: &[f64]) {
    let mut next = weights.iter();
    each(network, |_, values| values.iter_mut().for_each(|value| *value = *next.next().unwrap()));
}

/// Replaces biases of 0, where rectifiers have their kink, and multiplies kernels by `gain`, so that gradients pass
/// through many layers.
fn spread<N: Network<Element = f64>>(network: &mut N, gain: f64) {
    let mut rng = Rng::new(5);
    each(network, |role, values| {
        for value in values {
            match role {
                Role::Kernel => *value *= gain,
                _ => *value = 0.3 * rng.normal(),
            }
        }
    });
}

/// Checks the gradient that a trainer uses. A step of plain gradient descent with rate 1 moves each weight by its
/// derivative, so this covers forward, loss, penalty and backward as training uses them.
fn learns<N, L, X: Tensor, Y: Copy, const B: usize>(what: &str, gain: f64, x: &[X; B], y: &[Y; B], penalty: Penalty)
where
    N: Network<Element = f64, Input = X>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
{
    let sgd = Sgd::new(1.0).penalty(penalty);
    follows::<N, L, Sgd, X, Y, B>(what, gain, x, y, sgd);
    follows::<N, L, InPlace<Sgd>, X, Y, B>(&format!("{what}, in place"), gain, x, y, InPlace(sgd));
}

fn follows<N, L, O: Optimizer, X: Tensor, Y: Copy, const B: usize>(
    what: &str,
    gain: f64,
    x: &[X; B],
    y: &[Y; B],
    optimizer: O,
) where
    N: Network<Element = f64, Input = X>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
{
    let mut trainer = Trainer::<N, L, O, B, ()>::boxed(optimizer, 5);
    spread(trainer.network_mut(), gain);
    let start = weights(trainer.network_mut());
    // Random layers drop the same values each time.
    let rng = trainer.state().rng.clone();
    let mut step = |weights: &[f64]| {
        let state = trainer.state_mut();
        *state.rng = rng.clone();
        set(state.network, weights);
        let loss = trainer.step(x, y).unwrap();
        (loss, self::weights(trainer.network_mut()))
    };
    let numeric = check::derivatives(&start, |weights| step(weights).0);
    at_every_level(|_| {
        let analytic: Vec<f64> = start.iter().zip(step(&start).1).map(|(before, after)| before - after).collect();
        compare(what, &analytic, &numeric);
    });
}

/// Collects the visited values.
struct All(Vec<f64>);

impl Visit<f64> for All {
    fn visit(&mut self, _: Parameter<'_>, values: &[f64]) {
        self.0.extend_from_slice(values);
    }
}

/// Computes `Σ dy·y` for rows that pass through a layer as in training, and its gradients.
struct Pass<'a, N: Network, const B: usize> {
    layer: &'a N,
    x: &'a [N::Input; B],
    dy: &'a [N::Output; B],
}

impl<N: Network<Element = f64>, const B: usize> Work for Pass<'_, N, B> {
    type Output = (f64, Vec<f64>, Vec<f64>);

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self { layer, x, dy } = self;
        let (mut tape, mut y, mut gradient) =
            (N::Tape::<B>::zeroed(), [N::Output::zeroed(); B], N::Trainable::zeroed());
        let (mut dx, mut used) = ([N::Input::zeroed(); B], *dy);
        layer.record_batch::<S, Predictions, B>(simd, Some(&mut Rng::new(1)), x, &mut tape, &mut y);
        let total = N::Output::flat(&y).iter().zip(N::Output::flat(dy)).map(|(y, dy)| y * dy).sum();
        layer.backward_batch::<S, Predictions, B>(simd, x, &mut tape, &y, &mut used, Some(&mut dx));
        layer.gradient_batch(simd, x, &mut tape, &used, &mut gradient);
        let mut all = All(Vec::new());
        N::trainable(&gradient, Path::ROOT, &mut all);
        (total, N::Input::flat(&dx).to_vec(), all.0)
    }
}

/// Checks the gradients of a layer, without loss or trainer, with respect to its inputs and parameters.
fn alone<N: Network<Element = f64>, const B: usize>(what: &str, mut layer: N, x: [N::Input; B]) {
    let dy = rows(7);
    let total = |layer: &N, x: &[N::Input; B]| dispatch(Pass { layer, x, dy: &dy }).0;
    let inputs = derivatives(x, |x| total(&layer, x));
    let start = weights(&mut layer);
    let parameters = check::derivatives(&start, |weights| {
        set(&mut layer, weights);
        total(&layer, &x)
    });
    set(&mut layer, &start);
    at_every_level(|_| {
        let (_, dx, gradient) = dispatch(Pass { layer: &layer, x: &x, dy: &dy });
        compare(&format!("{what}: inputs"), &dx, &inputs);
        compare(&format!("{what}: parameters"), &gradient, &parameters);
    });
}

fn started<N: Network<Element = f64>>() -> N {
    let mut network = N::new(3);
    spread(&mut network, 1.0);
    network
}

/// Passes rows through an activation, and backpropagates a gradient.
struct Activate<'a, A>(&'a [[f64; 5]; 4], &'a [[f64; 5]; 4], PhantomData<A>);

impl<A: Activation> Work for Activate<'_, A> {
    type Output = [[[f64; 5]; 4]; 2];

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self(logits, dy, _) = self;
        let (mut y, mut gradient) = (*logits, *dy);
        A::forward(simd, &mut y);
        // As in a layer, which has no logits if none are saved.
        let kept = if A::Saves::SAVES { logits } else { &y };
        A::backward(simd, kept, &y, &mut gradient);
        [y, gradient]
    }
}

fn activates<A: Activation>() {
    let (logits, dy) = (rows(1), rows::<[f64; 5], 4>(2));
    let run = |logits: &[[f64; 5]; 4]| dispatch(Activate::<A>(logits, &dy, PhantomData));
    let numeric = derivatives(logits, |nudged| {
        run(nudged)[0].as_flattened().iter().zip(dy.as_flattened()).map(|(y, dy)| y * dy).sum()
    });
    at_every_level(|_| compare(A::NAME, run(&logits)[1].as_flattened(), &numeric));
}

/// The mean loss of rows of outputs, and its gradient.
struct Compare<'a, L: Loss<[f64; 4]>>(&'a [[f64; 4]; 5], &'a [L::Label; 5]);

impl<L: Loss<[f64; 4]>> Work for Compare<'_, L> {
    type Output = (f64, [[f64; 4]; 5]);

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let mut gradient = [[0.0; 4]; 5];
        L::default().gradient(simd, self.0, self.1, &mut gradient);
        (L::default().total(simd, self.0, self.1) / 5.0, gradient)
    }
}

fn loses<L: Loss<[f64; 4]>>(what: &str, labels: &[L::Label; 5]) {
    let outputs = rows(1);
    let run = |outputs: &[[f64; 4]; 5]| dispatch(Compare::<L>(outputs, labels));
    let numeric = derivatives(outputs, |nudged| run(nudged).0);
    at_every_level(|_| compare(what, run(&outputs).1.as_flattened(), &numeric));
}

type Layer3<A> = Dense<3, 3, A, f64>;
type One<A> = Dense<3, 4, A, f64>;
type Two<A, B> = (Dense<3, 5, A, f64>, Dense<5, 4, B, f64>);
#[cfg(feature = "exhaustive")]
type Three<A, B> = (Dense<3, 5, A, f64>, Dense<5, 6, A, f64>, Dense<6, 4, B, f64>);
#[cfg(feature = "exhaustive")]
#[rustfmt::skip]
type Sixteen<A, B> = (
    Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>,
    Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Layer3<A>, Dense<3, 4, B, f64>,
);

macro_rules! activations {
    ($($name:ident, $inner:ident $gain:literal;)*) => {
        $(
            #[allow(non_snake_case)]
            #[test]
            fn $name() {
                activates::<$name>();
                let x = rows::<[f64; 3], 5>(1);
                alone("one layer", started::<One<$name>>(), x);
                #[cfg(feature = "exhaustive")]
                {
                    let y = rows(2);
                    learns::<One<$name>, HalfSquaredError, _, _, 5>("1 layer", 1.0, &x, &y, Penalty::NONE);
                    learns::<Two<$name, $name>, HalfSquaredError, _, _, 5>("2 layers", 1.0, &x, &y, Penalty::NONE);
                    learns::<Three<$name, $name>, HalfSquaredError, _, _, 5>("3 layers", 1.0, &x, &y, Penalty::NONE);
                    learns::<Sixteen<$inner, $name>, HalfSquaredError, _, _, 5>("16 layers", $gain, &x, &y, Penalty::NONE);
                }
            }
        )*
    };
}
// In networks of 16 layers, the first 15 have the second activation: 15 saturating layers would leave too little
// gradient to check.
activations! {
    Linear, Linear 1.0;
    Relu, Relu 1.0;
    Relu6, Relu6 1.0;
    LeakyRelu, Tanh 1.5;
    Elu, Elu 1.0;
    Selu, Selu 1.0;
    Gelu, Gelu 1.5;
    Silu, Silu 1.5;
    Sigmoid, Tanh 1.5;
    HardSigmoid, HardSigmoid 6.0;
    HardSwish, Tanh 1.5;
    Tanh, Tanh 1.5;
    Softplus, Tanh 1.5;
    Softmax, Tanh 1.5;
}

macro_rules! losses {
    ($($test:ident $loss:ty, $head:ident, $labels:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let (x, y) = (rows::<[f64; 3], 5>(1), $labels);
                loses::<$loss>("the loss", &y);
                follows::<One<$head>, $loss, Sgd, _, _, 5>("1 layer", 1.0, &x, &y, Sgd::new(1.0));
                #[cfg(feature = "exhaustive")]
                {
                    let none = Penalty::NONE;
                    learns::<One<$head>, $loss, _, _, 5>("1 layer", 1.0, &x, &y, none);
                    learns::<Two<Tanh, $head>, $loss, _, _, 5>("2 layers", 1.0, &x, &y, none);
                    learns::<Three<Tanh, $head>, $loss, _, _, 5>("3 layers", 1.0, &x, &y, none);
                    learns::<Sixteen<Tanh, $head>, $loss, _, _, 5>("16 layers", 1.5, &x, &y, none);
                }
            }
        )*
    };
}
losses! {
    mean_squared_error MeanSquaredError, Linear, rows(2);
    half_squared_error HalfSquaredError, Linear, rows(2);
    mean_absolute_error MeanAbsoluteError, Linear, rows(2);
    huber Huber, Linear, rows(2);
    binary_crossentropy BinaryCrossentropy, Sigmoid,
        [[0.0, 1.0, 1.0, 0.0], [1.0; 4], [0.0; 4], [0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 1.0, 1.0]];
    categorical_crossentropy CategoricalCrossentropy, Softmax,
        [[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0], [0.25; 4], [0.0, 0.0, 1.0, 0.0], [0.5, 0.0, 0.0, 0.5]];
    sparse_categorical_crossentropy SparseCategoricalCrossentropy, Softmax, [0, 1, 2, 3, 0];
    weighted Weighted<SparseCategoricalCrossentropy>, Softmax, [(0, 1.0), (1, 0.25), (2, 3.0), (3, 0.0), (0, 1.5)];
}

/// With labels of weight 0, only the penalty remains.
#[test]
fn penalties_alone() {
    let (x, y) = (rows::<[f64; 3], 5>(1), rows::<[f64; 4], 5>(2).map(|label| (label, 0.0)));
    type Alone = Weighted<HalfSquaredError>;
    for (what, penalty) in
        [("L1", Penalty::l1(0.03)), ("L2", Penalty::l2(0.05)), ("both", Penalty { l1: 0.03, l2: 0.05 })]
    {
        learns::<One<Tanh>, Alone, _, _, 5>(what, 1.0, &x, &y, penalty);
    }
    learns::<Regularized<One<Tanh>, L1<3, -2>>, Alone, _, _, 5>("L1 type", 1.0, &x, &y, Penalty::NONE);
    learns::<Regularized<One<Tanh>, L2<5, -2>>, Alone, _, _, 5>("L2 type", 1.0, &x, &y, Penalty::NONE);
    alone("regularized", started::<Regularized<One<Tanh>, L2<5, -2>>>(), x);
}

#[test]
fn penalties() {
    fn both<N>(what: &str)
    where
        N: Network<Element = f64, Input = [f64; 3], Output = [f64; 4], Head = Linear>,
    {
        type Penalties = (L1<3, -3>, L2<5, -3>);
        let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
        learns::<N, MeanSquaredError, _, _, 5>(what, 1.5, &x, &y, Penalty { l1: 0.003, l2: 0.005 });
        learns::<Regularized<N, Penalties>, MeanSquaredError, _, _, 5>(what, 1.5, &x, &y, Penalty::NONE);
    }
    both::<One<Linear>>("1 layer");
    #[cfg(feature = "exhaustive")]
    {
        both::<Two<Tanh, Linear>>("2 layers");
        both::<Three<Tanh, Linear>>("3 layers");
        both::<Sixteen<Tanh, Linear>>("16 layers");
    }
    both::<(Regularized<Dense<3, 5, Tanh, f64>, L2<5, -2>>, Dense<5, 4, Linear, f64>)>("more on one layer");
}

#[test]
fn dense_without_bias() {
    type Bare<A> = Dense<3, 4, A, f64, NoBias>;
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    alone("without bias", started::<Bare<Tanh>>(), x);
    learns::<Bare<Gelu>, MeanSquaredError, _, _, 5>("without bias", 1.0, &x, &y, Penalty::NONE);
    assert_eq!(Bare::<Tanh>::BYTES, 3 * 4 * 8);
    assert_eq!(format!("{:?}", Bare::<Tanh>::zeroed()), "Dense<3, 4, Tanh, NoBias>");
}

#[test]
fn recurrent_layers() {
    let x = rows::<[[f64; 3]; 5], 4>(1);
    alone("simple RNN", started::<SimpleRnn<[[f64; 3]; 5], 6>>(), x);
    alone("GRU", started::<Gru<[[f64; 3]; 5], 6>>(), x);
    alone("GRU, all states", started::<Gru<[[f64; 3]; 5], 6, AllStates>>(), x);
    alone("LSTM", started::<Lstm<[[f64; 3]; 5], 6>>(), x);
    alone("LSTM, all states", started::<Lstm<[[f64; 3]; 5], 6, AllStates>>(), x);
    type Net = (Gru<[[f64; 3]; 5], 4, AllStates>, Lstm<[[f64; 4]; 5], 4>);
    learns::<Net, HalfSquaredError, _, _, 4>("recurrent layers", 1.0, &x, &rows(2), Penalty::l2(0.05));
}

/// Each line: the layers, whose shapes follow from the input.
macro_rules! each_alone {
    ($input:ty, $x:expr; $($what:literal: $layers:ty;)*) => {
        $({
            #[network(input = $input)]
            type Net = $layers;
            alone($what, started::<Net>(), $x);
        })*
    };
}

#[test]
fn attention() {
    type Series = [[f64; 4]; 5];
    let x = rows::<Series, 3>(1);
    each_alone! {
        Series, x;
        "full": MultiHeadAttention<_, 2>;
        "causal": MultiHeadAttention<_, 4, Causal>;
        "rotary": MultiHeadAttention<_, 1, Full, Rotary>;
        "RMS norm": RmsNorm<_, Tanh>;
        "learned positions": LearnedPositions<_>;
        "sinusoidal positions": SinusoidalPositions<_>;
        "block": TransformerBlock<_, 2, 6, Causal>;
    }
    // The loss is that of the first steps of each sample.
    let mut lengths = [5, 3, 4].into_iter();
    let y = rows::<Series, 3>(2).map(|y| (y, lengths.next().unwrap()));
    #[network(input = Series)]
    type Net = (LearnedPositions<_>, TransformerBlock<_, 2, 6, Causal, Rotary>, RmsNorm<_>);
    learns::<Net, EachStep<HalfSquaredError>, _, _, 3>("a decoder", 1.0, &x, &y, Penalty::l2(0.05));
    #[network(input = [f64; 5])]
    type OfText = (Embedding<_, 6, 4>, Dropout<_, 20>, TransformerBlock<_, 2, 6, Causal, Rotary>);
    let text = [[0.0, 5.0, 2.0, 2.0, 1.0], [3.0, 3.0, 3.0, 4.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0]];
    learns::<OfText, EachStep<HalfSquaredError>, _, _, 3>("of text", 1.0, &text, &y, Penalty::l2(0.05));
}

#[test]
fn wrapped_recurrent_layers() {
    type Series = [[f64; 3]; 5];
    let x = rows::<Series, 4>(1);
    each_alone! {
        Series, x;
        "reversed": Reversed<Gru<_, 4, AllStates>>;
        "both directions": Bidirectional<Lstm<_, 4>>;
        "each step": TimeDistributed<(Dense<_, 4, Tanh, f64>, Dense<_, 2, Linear, f64>)>;
    }
    #[network(input = Series)]
    type Net = (Bidirectional<Gru<_, 2, AllStates>>, Gru<_, 3>);
    learns::<Net, HalfSquaredError, _, _, 4>("both directions", 1.0, &x, &rows(2), Penalty::l2(0.05));
}

#[test]
fn dropout() {
    type Drop<const N: usize> = Dropout<N, 40, f64>;
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    alone::<_, 5>("alone", Drop::<3>::zeroed(), x);
    type Two = (Drop<3>, Dense<3, 4, Tanh, f64>);
    learns::<Two, MeanSquaredError, _, _, 5>("2 layers", 1.0, &x, &y, Penalty::NONE);
    type Three = (Dense<3, 9, Tanh, f64>, Drop<9>, Dense<9, 4, Linear, f64>);
    alone("3 layers", started::<Three>(), x);
    #[cfg(feature = "exhaustive")]
    {
        type Four = (Layer3<Tanh>, Layer3<Tanh>, Layer3<Tanh>, Layer3<Tanh>);
        type Tail = (Drop<3>, Four, Drop<3>, Dense<3, 4, Linear, f64>);
        learns::<Three, MeanSquaredError, _, _, 5>("3 layers", 1.0, &x, &y, Penalty::NONE);
        learns::<(Four, Four, Tail), MeanSquaredError, _, _, 5>("many layers", 1.5, &x, &y, Penalty::NONE);
    }
}

#[test]
fn layers_without_weights() {
    let x = rows::<[f64; 4], 3>(4);
    let standardize = Standardize { mean: [1.0, -2.0, 0.5, 0.0], deviation: [2.0, 0.0, 0.25, 1e3] };
    let min_max = MinMax { min: [0.1, 0.2, 0.3, 0.4], range: [0.0, 4.0, 0.5, 1.0] };
    let impute = Impute { value: [9.0; 4] };
    alone("standardize", standardize, x);
    alone("min-max", min_max, x);
    let mut gaps = x;
    (gaps[0][1], gaps[2][3]) = (f64::NAN, f64::NAN);
    alone("impute", impute, gaps);
    alone("one-hot", OneHot::<4, 1, 3, 6, f64>::zeroed(), x);

    type Net = (Standardize<4, f64>, Dense<4, 4, Tanh, f64>, MinMax<4, f64>, Impute<4, f64>, Dense<4, 2, Linear, f64>);
    let mut net: Net = started();
    (net.0, net.2, net.3) = (standardize, min_max, impute);
    alone("between others", net, x);
}

/// Named fields, generic.
#[derive(Network)]
struct Autoencoder<const N: usize> {
    encoder: Dense<N, 2, Tanh, f64>,
    decoder: Dense<2, N, Linear, f64>,
}

#[derive(Network)]
struct Pair(Dense<3, 3, Silu, f64>, Dense<3, 4, Linear, f64>);

#[test]
fn nested_derived_frozen_and_parallel() {
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    type Nested = ((Layer3<Tanh>, Layer3<Tanh>), (Layer3<Tanh>, (One<Linear>,)));
    #[cfg(feature = "exhaustive")]
    learns::<Nested, MeanSquaredError, _, _, 5>("nested", 1.0, &x, &y, Penalty::NONE);
    alone("nested", started::<Nested>(), x);
    #[cfg(feature = "exhaustive")]
    learns::<Autoencoder<3>, MeanSquaredError, _, _, 5>("named", 1.0, &x, &rows(2), Penalty::NONE);
    alone("named", started::<Autoencoder<3>>(), x);
    #[cfg(feature = "exhaustive")]
    learns::<Pair, MeanSquaredError, _, _, 5>("unnamed", 1.0, &x, &y, Penalty::NONE);
    alone("unnamed", started::<Pair>(), x);
    // Gradients are backpropagated through frozen layers, but not beyond the first trainable one.
    type Middle = (Layer3<Tanh>, Frozen<(Layer3<Gelu>, Layer3<Softplus>)>, Layer3<Tanh>);
    learns::<Middle, MeanSquaredError, _, _, 5>("frozen in the middle", 1.0, &x, &rows(2), Penalty::NONE);
    alone("frozen in the middle", started::<Middle>(), x);
    type Front = (Frozen<Layer3<Gelu>>, Frozen<Layer3<Tanh>>, Layer3<Tanh>);
    learns::<Front, MeanSquaredError, _, _, 5>("frozen in front", 1.0, &x, &rows(2), Penalty::NONE);
    alone("frozen in front", started::<Front>(), x);
    type Last = (Layer3<Gelu>, Frozen<Layer3<Tanh>>);
    #[cfg(feature = "exhaustive")]
    learns::<Last, MeanSquaredError, _, _, 5>("frozen last", 1.0, &x, &rows(2), Penalty::NONE);
    alone("frozen last", started::<Last>(), x);
    type Shards = Parallel<Two<Tanh, Linear>, 3, 2>;
    learns::<Shards, MeanSquaredError, _, _, 5>("parallel", 1.0, &x, &y, Penalty::NONE);
    alone("parallel", started::<Shards>(), x);
}
