//! Analytic gradients against finite differences, in `f64`, at each instruction set.
//!
//! The relative error of each derivative is at most 10⁻⁶. Derivatives that a loss of about 1 in `f64` cannot resolve
//! are below a floor, 10⁻⁵ of the largest derivative of the network. The tests also check that few nonzero derivatives
//! are below it.
//!
//! This file checks each activation, layer and loss, and `deep_gradients.rs` each activation and loss in networks of up to
//! 16 layers.

mod common;
#[path = "common/differences.rs"]
mod differences;

use std::marker::PhantomData;

use common::at_every_level;
use differences::{
    Autoencoder, FrozenLast, Layer3, Nested, One, Pair, compare, derivatives, each_activation, each_loss, follows,
    learns, penalized, rows, set, spread, weights,
};
use shiplap::{
    Tensor,
    activation::*,
    check,
    kernel::{Simd, Work, dispatch},
    layer::{Parameter, Path, Predictions, Visit},
    layers::Full,
    loss::{EachPixel, EachStep, Loss, Weighted},
    prelude::*,
};

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
        let (mut y, mut recorded, mut gradient) = (*logits, *logits, *dy);
        A::forward(simd, &mut y);
        let mut saved = <A::Saves as Save>::Storage::<[f64; 5], 4>::zeroed();
        A::record::<S, _, 4>(simd, &mut recorded, &mut saved);
        assert_eq!(recorded, y);
        A::backward(simd, A::Saves::saved::<_, 4>(&saved, &y), &y, &mut gradient);
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

macro_rules! activations {
    ($($name:ident, $inner:ident $gain:literal;)*) => {
        $(
            #[allow(non_snake_case)]
            #[test]
            fn $name() {
                activates::<$name>();
                alone("one layer", started::<One<$name>>(), rows::<[f64; 3], 5>(1));
            }
        )*
    };
}
each_activation!(activations);

macro_rules! losses {
    ($($test:ident $loss:ty, $head:ident, $labels:expr;)*) => {
        $(
            #[test]
            fn $test() {
                let (x, y) = (rows::<[f64; 3], 5>(1), $labels);
                loses::<$loss>("the loss", &y);
                follows::<One<$head>, $loss, Sgd, _, _, 5>("1 layer", 1.0, &x, &y, Sgd::new(1.0));
            }
        )*
    };
}
each_loss!(losses);

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
    penalized::<One<Linear>>("1 layer");
    penalized::<(Regularized<Dense<3, 5, Tanh, f64>, L2<5, -2>>, Dense<5, 4, Linear, f64>)>("more on one layer");
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
fn losses_of_images() {
    #[network(input = Image<5, 6, 2, f64>)]
    type Enlarged = (Conv2d<_, 3, 3, Tanh, Same>, MaxPool2d<_, 2>, ConvTranspose2d<_, 2, 3, Sigmoid, Valid<2>>);
    let x = rows::<Image<5, 6, 2, f64>, 3>(1);
    learns::<Enlarged, EachPixel<HalfSquaredError>, _, _, 3>("an autoencoder", 1.0, &x, &rows(2), Penalty::l2(0.05));
    #[network(input = Image<5, 6, 2, f64>)]
    type Classes = (Conv2d<_, 3, 3, Gelu, Same>, Conv2d<_, 4, 1, Softmax>);
    let mut class = 0;
    let y: [[[usize; 6]; 5]; 3] = rows::<[[f64; 6]; 5], 3>(2).map(|image| {
        image.map(|row| {
            row.map(|_| {
                class += 1;
                class * class % 4
            })
        })
    });
    let loss = "classes of pixels";
    learns::<Classes, EachPixel<SparseCategoricalCrossentropy>, _, _, 3>(loss, 1.0, &x, &y, Penalty::l2(0.05));
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

#[test]
fn nested_derived_and_frozen() {
    let x = rows::<[f64; 3], 5>(1);
    alone("nested", started::<Nested>(), x);
    alone("named", started::<Autoencoder<3>>(), x);
    alone("unnamed", started::<Pair>(), x);
    // Gradients are backpropagated through frozen layers, but not beyond the first trainable one.
    type Middle = (Layer3<Tanh>, Frozen<(Layer3<Gelu>, Layer3<Softplus>)>, Layer3<Tanh>);
    learns::<Middle, MeanSquaredError, _, _, 5>("frozen in the middle", 1.0, &x, &rows(2), Penalty::NONE);
    alone("frozen in the middle", started::<Middle>(), x);
    type Front = (Frozen<Layer3<Gelu>>, Frozen<Layer3<Tanh>>, Layer3<Tanh>);
    learns::<Front, MeanSquaredError, _, _, 5>("frozen in front", 1.0, &x, &rows(2), Penalty::NONE);
    alone("frozen in front", started::<Front>(), x);
    alone("frozen last", started::<FrozenLast>(), x);
}
