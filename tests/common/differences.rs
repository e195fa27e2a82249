//! Gradients of training against finite differences, and the networks, activations and losses for which they are checked.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test file uses its part")]

use shiplap::{
    Tensor, check,
    layer::{Parameter, Path, Role, VisitTrainable},
    loss::{Compares, Follows, Loss},
    prelude::*,
};

use crate::common::at_every_level;

const MOST: f64 = 1e-6;
const FLOOR: f64 = 1e-5;

/// [`check::derivatives`] for numbers in rows.
pub fn derivatives<X: Tensor<Element = f64>, const B: usize>(
    rows: [X; B],
    mut f: impl FnMut(&[X; B]) -> f64,
) -> Vec<f64> {
    let mut nudged = rows;
    check::derivatives(X::flat(&rows), |numbers| {
        X::flat_mut(&mut nudged).copy_from_slice(numbers);
        f(&nudged)
    })
}

pub fn compare(what: &str, analytic: &[f64], numeric: &[f64]) {
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

pub fn rows<X: Tensor<Element = f64>, const B: usize>(seed: u64) -> [X; B] {
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

pub fn weights<N: Network<Element = f64>>(network: &mut N) -> Vec<f64> {
    let mut all = Vec::new();
    each(network, |_, values| all.extend_from_slice(values));
    all
}

pub fn set<N: Network<Element = f64>>(network: &mut N, weights: &[f64]) {
    let mut next = weights.iter();
    each(network, |_, values| values.iter_mut().for_each(|value| *value = *next.next().unwrap()));
}

/// Replaces biases of 0, where rectifiers have their kink, and multiplies kernels by `gain`, so that gradients pass
/// through many layers.
pub fn spread<N: Network<Element = f64>>(network: &mut N, gain: f64) {
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
pub fn learns<N, L, X: Tensor, Y: Copy, const B: usize>(what: &str, gain: f64, x: &[X; B], y: &[Y; B], penalty: Penalty)
where
    N: Network<Element = f64, Input = X>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
{
    let sgd = Sgd::new(1.0).penalty(penalty);
    follows::<N, L, Sgd, X, Y, B>(what, gain, x, y, sgd);
    follows::<N, L, InPlace<Sgd>, X, Y, B>(&format!("{what}, in place"), gain, x, y, InPlace(sgd));
}

pub fn follows<N, L, O: Optimizer, X: Tensor, Y: Copy, const B: usize>(
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

/// Checks the gradient of penalties of the optimizer, and of the network.
pub fn penalized<N>(what: &str)
where
    N: Network<Element = f64, Input = [f64; 3], Output = [f64; 4], Head = Linear>,
{
    type Penalties = (L1<3, -3>, L2<5, -3>);
    let (x, y) = (rows::<[f64; 3], 5>(1), rows(2));
    learns::<N, MeanSquaredError, _, _, 5>(what, 1.5, &x, &y, Penalty { l1: 0.003, l2: 0.005 });
    learns::<Regularized<N, Penalties>, MeanSquaredError, _, _, 5>(what, 1.5, &x, &y, Penalty::NONE);
}

pub type Layer3<A> = Dense<3, 3, A, f64>;
pub type One<A> = Dense<3, 4, A, f64>;
pub type Two<A, B> = (Dense<3, 5, A, f64>, Dense<5, 4, B, f64>);

/// Named fields, generic.
#[derive(Network)]
pub struct Autoencoder<const N: usize> {
    encoder: Dense<N, 2, Tanh, f64>,
    decoder: Dense<2, N, Linear, f64>,
}

#[derive(Network)]
pub struct Pair(Dense<3, 3, Silu, f64>, Dense<3, 4, Linear, f64>);

pub type Nested = ((Layer3<Tanh>, Layer3<Tanh>), (Layer3<Tanh>, (One<Linear>,)));
pub type FrozenLast = (Layer3<Gelu>, Frozen<Layer3<Tanh>>);

/// Calls a macro with each activation.
///
/// In networks of 16 layers, the first 15 have the second activation: 15 saturating layers would leave too little
/// gradient to check.
macro_rules! each_activation {
    ($test:ident) => {
        $test! {
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
            LogSoftmax, Tanh 1.5;
            UnitLength, Tanh 1.5;
            HardTanh, Tanh 1.5;
            Abs, Abs 1.0;
            Exp, Tanh 1.5;
            Negate, Negate 1.0;
            Square, Tanh 1.5;
        }
    };
}
pub(crate) use each_activation;

/// Calls a macro with a name for each loss, the loss, the activation of its outputs, and labels of five rows.
macro_rules! each_loss {
    ($test:ident) => {
        $test! {
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
    };
}
pub(crate) use each_loss;
