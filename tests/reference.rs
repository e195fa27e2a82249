//! Fifty steps with each optimizer, with and without memory for the gradient, against Keras 3, for a classifier and,
//! with the feature `exhaustive`, for two other architectures. The relative error of losses is below 10⁻⁵, and that of
//! weights below 10⁻⁴ (for weights below [`SMALL`], relative to [`SMALL`]). `tests/reference/README.md` describes the
//! fixtures.

mod common;

use std::path::Path as FilePath;

use common::Exchange;
use serde::{Deserialize, de::DeserializeOwned};
use shiplap::{
    Tensor,
    layer::Path,
    loss::{Compares, Follows, Loss},
    optim::{Accumulate, Averaged, Clip, Lion, Nadam},
    prelude::*,
};

/// 10⁻⁴ of this is 2·10⁻⁶, the rounding error of fifty steps in `f32` on weights of about 1.
const SMALL: f64 = 0.02;

#[derive(Deserialize)]
struct Weights {
    kernel: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

#[derive(Deserialize)]
struct Fixture<Y> {
    x: Vec<Vec<f64>>,
    y: Vec<Y>,
    initial: Vec<Weights>,
    losses: Vec<f64>,
    #[serde(rename = "final")]
    trained: Vec<Weights>,
}

fn flat(weights: &[Weights]) -> Vec<f64> {
    weights.iter().flat_map(|layer| layer.kernel.iter().flatten().chain(&layer.bias).copied()).collect()
}

fn run<N, L, O, Y, F, const IN: usize, const B: usize>(architecture: &str, name: &str, optimizer: O, label: fn(F) -> Y)
where
    N: Network<Element = f32, Input = [f32; IN]>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
    O: Optimizer,
    Y: Copy,
    F: DeserializeOwned,
{
    let file = format!("training_{architecture}_{name}.json");
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(&file);
    let fixture: Fixture<F> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let x: Vec<[f32; IN]> = fixture.x.iter().map(|row| std::array::from_fn(|i| row[i] as f32)).collect();
    let y: Vec<Y> = fixture.y.into_iter().map(label).collect();
    let expected = Expected {
        file: &file,
        x: &x,
        y: &y,
        initial: &fixture.initial,
        losses: &fixture.losses,
        trained: &fixture.trained,
    };
    expected.compare::<N, L, O, B>(optimizer);
    // Settings that need the whole gradient are not available in place.
    if InPlace(optimizer).check().is_ok() {
        expected.compare::<N, L, InPlace<O>, B>(InPlace(optimizer));
    }
}

/// The expected course of a training run.
struct Expected<'a, X, Y> {
    file: &'a str,
    x: &'a [X],
    y: &'a [Y],
    initial: &'a [Weights],
    losses: &'a [f64],
    trained: &'a [Weights],
}

impl<X: Tensor, Y: Copy> Expected<'_, X, Y> {
    fn compare<N, L, O: Optimizer, const B: usize>(&self, optimizer: O)
    where
        N: Network<Element = f32, Input = X>,
        L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
    {
        let Self { file, x, y, initial, losses, trained } = *self;
        let mut trainer = Trainer::<N, L, O, B, ()>::boxed(optimizer, 0);
        N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut Exchange(flat(initial), 0));
        assert_eq!(losses.len(), 50);
        for (step, expected) in losses.iter().enumerate() {
            let start = step % 4 * B;
            let rows = start..x.len().min(start + B);
            let loss = trainer.step(&x[rows.clone()], &y[rows]).unwrap();
            assert!(
                (loss - expected).abs() < 1e-5 * expected.abs(),
                "{file}, step {step}: loss {loss}, not {expected}"
            );
        }
        let expected = flat(trained);
        let mut ours = Exchange(vec![0.0; expected.len()], 0);
        N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut ours);
        for (index, (ours, expected)) in ours.0.iter().zip(&expected).enumerate() {
            let most = 1e-4 * expected.abs().max(SMALL);
            assert!((ours - expected).abs() < most, "{file}, weight {index}: {ours}, not {expected}");
        }
    }
}

macro_rules! optimizers {
    ($($name:ident: $optimizer:expr;)*) => {
        $(#[test]
        fn $name() {
            type Classes = (Dense<6, 12, Tanh>, Dense<12, 8, Gelu>, Dense<8, 4, Softmax>);
            let name = stringify!($name);
            run::<Classes, SparseCategoricalCrossentropy, _, usize, usize, 6, 16>("classes", name, $optimizer, |y| y);
            #[cfg(feature = "exhaustive")]
            {
                type Binary = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
                type Regression = (Dense<5, 16, Silu>, Dense<16, 3, Linear>);
                run::<Binary, BinaryCrossentropy, _, [f32; 1], [f32; 1], 10, 32>("binary", name, $optimizer, |y| y);
                run::<Regression, MeanSquaredError, _, [f32; 3], [f32; 3], 5, 16>("regression", name, $optimizer, |y| y);
            }
        })*
    };
}
optimizers! {
    sgd: Sgd::new(0.1);
    momentum: Momentum::new(0.05);
    nesterov: Momentum::new(0.05).nesterov();
    adam: Adam::default();
    // The last batch is one third full.
    adam_short: Adam::default();
    adamw: AdamW::default();
    adamw_strong: AdamW::new(1e-2).weight_decay(0.1);
    rmsprop: RmsProp::default();
    adagrad: Adagrad::new(1e-2);
    adam_clipvalue: Adam::default().clip(Clip::Value(0.05));
    sgd_clipnorm: Sgd::new(0.1).clip(Clip::Norm(0.5));
    sgd_cosine: Sgd::default().schedule(Schedule::Cosine { peak: 0.1, warm_up: 10, steps: 40 });
    sgd_exponential: Sgd::default().schedule(Schedule::Exponential { initial: 0.1, every: 10, factor: 0.9 });
    sgd_step: Sgd::default().schedule(Schedule::Step { initial: 0.1, every: 10, factor: 0.9 });
    adam_l1l2: Adam::default().penalty(Penalty { l1: 1e-3, l2: 1e-2 });
    adam_amsgrad: Adam::new(1e-2).amsgrad();
    nadam: Nadam::default();
    lion: Lion::default().weight_decay(0.1);
    rmsprop_momentum: RmsProp::default().momentum(0.9);
    rmsprop_centered: RmsProp::default().centered();
    rmsprop_both: RmsProp::default().momentum(0.9).centered();
    adam_averaged: Averaged::new(Adam::new(1e-2), 0.9).overwrite_every(10);
    // Clipping and decay apply in every third step.
    sgd_accumulated: Accumulate::new(Momentum::new(0.08).weight_decay(0.1).clip(Clip::Norm(0.2)), 3);
    adam_accumulated: Accumulate::new(Adam::new(1e-2).clip(Clip::Value(0.05)), 3);
}
