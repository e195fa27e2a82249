//! Analytic gradients against central differences, in `f64`, at each instruction set.

mod common;

use common::at_every_level;
use shiplap::{
    Tensor,
    kernel::{Simd, Work, dispatch},
    layer::{Parameter, Path, Role, VisitMut},
    loss::{Compares, Follows, Loss, Weighted},
    optim::{Settings, Sgd},
    prelude::*,
};

/// Gives (`one` in) or takes (`one` out) the parameter number `index`.
struct Nudge {
    index: usize,
    by: f64,
    value: f64,
}

impl VisitMut<f64, 1> for Nudge {
    fn visit(&mut self, parameter: Parameter<'_>, [values]: [&mut [f64]; 1]) {
        if parameter.role == Role::Statistic {
            return;
        }
        if let Some(value) = values.get_mut(self.index) {
            *value += self.by;
            self.value = *value;
            self.index = usize::MAX;
        } else if self.index != usize::MAX {
            self.index -= values.len();
        }
    }
}

fn nudge<N: Layer<Element = f64>>(network: &mut N, index: usize, by: f64) -> f64 {
    let mut nudge = Nudge { index, by, value: 0.0 };
    N::parameters_mut([network], Path::ROOT, &mut nudge);
    nudge.value
}

/// Once for each instruction set.
fn check<N, L, X: Tensor, Y: Copy, const B: usize>(what: &str, x: &[X; B], y: &[Y; B], penalty: Penalty)
where
    N: Layer<Element = f64> + Accepts<X>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
{
    at_every_level(|_| check_here::<N, L, X, Y, B>(what, x, y, penalty));
}

/// A step of plain gradient descent with rate 1 moves each weight by its gradient, so the trainer's
/// own step is what is checked: forward, loss, penalty and backward.
fn check_here<N, L, X: Tensor, Y: Copy, const B: usize>(what: &str, x: &[X; B], y: &[Y; B], penalty: Penalty)
where
    N: Layer<Element = f64> + Accepts<X>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
{
    let mut plain = Sgd::new(1.0);
    plain.settings = Settings { penalty, ..plain.settings };
    let fresh = || {
        let mut trainer = Trainer::<N, L, Sgd, B, ()>::boxed(plain, 5);
        // Away from zero biases, where rectifiers have their kink.
        for index in 0..N::PARAMS {
            nudge(trainer.network_mut(), index, 0.011 * ((index * 7 % 11) as f64 - 5.0));
        }
        trainer
    };
    let mut trainer = fresh();
    let mut before = fresh();
    trainer.step(x, y).unwrap();
    let h = 1e-5;
    let scale = (0..N::PARAMS)
        .map(|index| (nudge(before.network_mut(), index, 0.0) - nudge(trainer.network_mut(), index, 0.0)).abs())
        .fold(1e-3, f64::max);
    for index in (0..N::PARAMS).step_by(1 + N::PARAMS / 150) {
        let analytic = nudge(before.network_mut(), index, 0.0) - nudge(trainer.network_mut(), index, 0.0);
        let loss = |by: f64| {
            let mut nudged = fresh();
            nudge(nudged.network_mut(), index, by);
            nudged.step(x, y).unwrap()
        };
        let numeric = (loss(h) - loss(-h)) / (2.0 * h);
        let error = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(scale);
        assert!(error < 1e-6, "{what}, parameter {index}: {analytic} against {numeric}");
    }
}

fn rows<X: Tensor<Element = f64>, const B: usize>(seed: u64) -> [X; B] {
    let mut rng = Rng::new(seed);
    let mut rows = [X::zeroed(); B];
    X::flat_mut(&mut rows).iter_mut().for_each(|value| *value = rng.normal());
    rows
}

macro_rules! activations {
    ($($name:ident)*) => {
        $(
            #[allow(non_snake_case)]
            #[test]
            fn $name() {
                type One = Dense<3, 4, $name, f64>;
                check::<One, HalfSquaredError, _, _, 5>("alone", &rows(1), &rows(2), Penalty::NONE);
                type Two = (Dense<3, 5, $name, f64>, Dense<5, 2, Linear, f64>);
                check::<Two, MeanSquaredError, _, _, 5>("two", &rows(3), &rows(4), Penalty::NONE);
                type Three = (Dense<3, 5, $name, f64>, Dense<5, 4, $name, f64>, Dense<4, 2, Tanh, f64>);
                check::<Three, MeanSquaredError, _, _, 5>("three", &rows(5), &rows(6), Penalty::NONE);
            }
        )*
    };
}
activations!(Linear Relu LeakyRelu Elu Selu Gelu Silu Sigmoid HardSigmoid Tanh Softplus Softmax);

#[test]
fn losses() {
    type Net<A> = (Dense<3, 6, Tanh, f64>, Dense<6, 4, A, f64>);
    let x = rows(1);
    check::<Net<Linear>, MeanSquaredError, _, _, 5>("mse", &x, &rows(2), Penalty::NONE);
    check::<Net<Linear>, HalfSquaredError, _, _, 5>("half", &x, &rows(2), Penalty::NONE);
    check::<Net<Linear>, MeanAbsoluteError, _, _, 5>("mae", &x, &rows(2), Penalty::NONE);
    check::<Net<Linear>, Huber, _, _, 5>("huber", &x, &rows(2), Penalty::NONE);
    let binary = [[0.0, 1.0, 1.0, 0.0], [1.0; 4], [0.0; 4], [0.25, 0.5, 0.75, 1.0], [0.0, 0.0, 1.0, 1.0]];
    check::<Net<Sigmoid>, BinaryCrossentropy, _, _, 5>("binary", &x, &binary, Penalty::NONE);
    let soft = [[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0], [0.25; 4], [0.0, 0.0, 1.0, 0.0], [0.5, 0.0, 0.0, 0.5]];
    check::<Net<Softmax>, CategoricalCrossentropy, _, _, 5>("categorical", &x, &soft, Penalty::NONE);
    check::<Net<Softmax>, SparseCategoricalCrossentropy, _, _, 5>("sparse", &x, &[0, 1, 2, 3, 0], Penalty::NONE);
    let heavy = [(0, 1.0), (1, 0.25), (2, 3.0), (3, 0.0), (0, 1.5)];
    check::<Net<Softmax>, Weighted<SparseCategoricalCrossentropy>, _, _, 5>("weighted", &x, &heavy, Penalty::NONE);
}

#[test]
fn penalties_and_dropout() {
    type Global = (Dense<3, 5, Tanh, f64>, Dense<5, 2, Linear, f64>);
    check::<Global, MeanSquaredError, _, _, 5>("global", &rows(1), &rows(2), Penalty { l1: 0.03, l2: 0.05 });
    type Local = (Regularized<Dense<3, 5, Tanh, f64>, (L1<3, -2>, L2<5, -2>)>, Dense<5, 2, Linear, f64>);
    check::<Local, MeanSquaredError, _, _, 5>("per layer", &rows(1), &rows(2), Penalty::NONE);
    // Each trainer starts from the same seed, so each drops the same values.
    type Drop = (Dense<3, 9, Tanh, f64>, Dropout<9, 40, f64>, Dense<9, 2, Linear, f64>);
    check::<Drop, MeanSquaredError, _, _, 5>("dropout", &rows(1), &rows(2), Penalty::NONE);
}

#[test]
fn sixteen_layers_and_nesting() {
    type D = Dense<3, 3, Tanh, f64>;
    type Deep = (D, D, D, D, D, D, D, D, D, D, D, D, D, D, D, D);
    check::<Deep, MeanSquaredError, _, _, 3>("16", &rows(1), &rows(2), Penalty::NONE);
    check::<((D, D), (D, (D,))), MeanSquaredError, _, _, 3>("nested", &rows(1), &rows(2), Penalty::NONE);
}

/// Named fields, generic.
#[derive(Network)]
struct Autoencoder<const N: usize> {
    encoder: Dense<N, 2, Tanh, f64>,
    decoder: Dense<2, N, Linear, f64>,
}

#[derive(Network)]
struct Pair(Dense<4, 3, Silu, f64>, Dense<3, 4, Linear, f64>);

#[test]
fn derived_structs() {
    check::<Autoencoder<4>, MeanSquaredError, _, _, 3>("named", &rows(1), &rows(2), Penalty::NONE);
    check::<Pair, MeanSquaredError, _, _, 3>("unnamed", &rows(1), &rows(2), Penalty::NONE);
    assert!(Autoencoder::<4>::summary().to_string().contains("encoder"));
}

struct Backward<'a, N: Layer>(&'a N, &'a [N::Input], &'a mut [N::Input]);

impl<N: Layer<Element = f64, Output = [f64; 2]>> Work for Backward<'_, N> {
    type Output = ();

    fn run<S: Simd>(self, simd: S) {
        use shiplap::layer::Predictions;
        let (mut tape, mut y, mut gradient) = (N::Tape::<3>::zeroed(), [[0.0; 2]; 3], N::zeroed());
        self.0.record::<S, Predictions, 3>(simd, &mut Rng::new(1), self.1, &mut tape, &mut y);
        let mut dy = [[1.0, -2.0]; 3];
        self.0.backward::<S, Predictions, 3>(simd, self.1, &mut tape, &y, &mut dy, Some(self.2), &mut gradient);
    }
}

#[test]
fn input_gradients() {
    type Net = (Dense<3, 5, Gelu, f64>, Dense<5, 2, Softplus, f64>);
    let net = Net::new(3);
    let x: [[f64; 3]; 3] = rows(4);
    at_every_level(|_| input_gradient(&net, &x));
}

#[test]
fn input_gradients_of_scaled_inputs() {
    type Net = (Standardize<3, f64>, Dense<3, 4, Tanh, f64>, MinMax<4, f64>, Impute<4, f64>, Dense<4, 2, Linear, f64>);
    let mut net = Net::new(3);
    net.0 = Standardize { mean: [1.0, -2.0, 0.5], deviation: [2.0, 0.0, 0.25] };
    net.2 = MinMax { min: [0.1, 0.2, 0.3, 0.4], range: [0.0, 4.0, 0.5, 1.0] };
    net.3 = Impute { value: [9.0; 4] };
    let x: [[f64; 3]; 3] = rows(4);
    at_every_level(|_| input_gradient(&net, &x));
    type Classes = (Dense<3, 3, Tanh, f64>, OneHot<3, 1, 3, 5, f64>, Dense<5, 2, Linear, f64>);
    at_every_level(|_| input_gradient(&Classes::new(3), &x));
}

fn input_gradient<N: Layer<Element = f64, Input = [f64; 3], Output = [f64; 2]> + Accepts<[f64; 3]>>(
    net: &N,
    x: &[[f64; 3]; 3],
) {
    let mut dx = [[0.0; 3]; 3];
    dispatch(Backward(net, x, &mut dx));
    for (row, dx) in x.iter().zip(&dx) {
        for (index, dx) in dx.iter().enumerate() {
            let value = |by: f64| {
                let mut nudged = *row;
                nudged[index] += by;
                let [a, b] = net.predict(&nudged);
                a - 2.0 * b
            };
            let numeric = (value(1e-5) - value(-1e-5)) / 2e-5;
            assert!((dx - numeric).abs() < 1e-6 * numeric.abs().max(1e-2), "{dx} {numeric}");
        }
    }
}
