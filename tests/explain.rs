//! Explanations: gradients against finite differences, completeness of integrated gradients, and permutation importance
//! and partial dependence against scikit-learn (`tests/reference/README.md` describes the fixture).

mod common;

use std::path::Path;

use common::at_every_level;
use serde::Deserialize;
use shiplap::{
    Pair,
    explain::{ExplainError, Explainer, Target, partial_dependence, permutation_importance, quantile_grid},
    layer::Invalid,
    layers::{AllStates, Masked},
    prelude::*,
};

type Smooth = (Dense<5, 8, Gelu, f64>, Dropout<8, 50, f64>, Dense<8, 3, Softmax, f64>);

/// Before the last activation.
type Logits = (Dense<5, 8, Gelu, f64>, Dropout<8, 50, f64>, Dense<8, 3, Linear, f64>);

fn sample(seed: u64) -> [f64; 5] {
    let mut rng = Rng::new(seed);
    std::array::from_fn(|_| rng.normal())
}

/// The same weights with another last activation.
fn headless(net: &Smooth) -> Logits {
    let mut logits = Logits::zeroed();
    logits.0 = net.0.clone();
    logits.2.kernel = net.2.kernel;
    logits.2.bias = net.2.bias;
    logits
}

#[test]
fn gradients_agree_with_finite_differences_even_through_dropout() {
    let net = Smooth::new(3);
    let logits = headless(&net);
    let mut explainer = Explainer::<Smooth>::new();
    at_every_level(|_| {
        for output in 0..3 {
            let x = sample(output as u64);
            for target in [Target::Prediction(output), Target::Logit(output)] {
                let value = |x: &[f64; 5]| match target {
                    Target::Logit(output) => logits.predict(x)[output],
                    _ => net.predict(x)[output],
                };
                let gradient = explainer.gradient(&net, &x, target).unwrap();
                let product = explainer.gradient_times_input(&net, &x, target).unwrap();
                for input in 0..5 {
                    let nudged = |by: f64| {
                        let mut x = x;
                        x[input] += by;
                        value(&x)
                    };
                    let numeric = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
                    assert!(
                        (gradient[input] - numeric).abs() < 1e-6 * numeric.abs().max(1e-2),
                        "{target:?} {input}: {} {numeric}",
                        gradient[input]
                    );
                    assert_eq!(product[input], gradient[input] * x[input]);
                }
            }
        }
    });
}

#[test]
fn the_gradient_of_a_line_is_its_weights() {
    type Line = Dense<6, 2, Linear>;
    let net = Line::new(1);
    let gradient = Explainer::<Line>::new().gradient(&net, &[0.0f32; 6], Target::Logit(1)).unwrap();
    assert_eq!(gradient, net.kernel.map(|row| row[1]));
}

/// Attributions sum to the change of the output, even with the kinks of rectifiers and with saturated softmaxes.
#[test]
fn integrated_gradients_are_complete() {
    type Kinked = (Dense<5, 20, Relu>, Dense<20, 20, Relu>, Dense<20, 3, Softmax>);
    let mut kinked = Kinked::new(2);
    kinked.2.kernel.as_flattened_mut().iter_mut().for_each(|weight| *weight *= 5.0);
    let smooth = Smooth::new(4);
    let (mut of_kinked, mut of_smooth) = (Explainer::<Kinked>::new(), Explainer::<Smooth>::new());
    at_every_level(|_| {
        for seed in 0..6 {
            let (x, baseline) = (sample(seed), sample(seed + 100));
            let (x32, baseline32) = (x.map(|v| v as f32), baseline.map(|v| v as f32));
            let output = seed as usize % 3;

            let parts = of_smooth.integrated_gradients(&smooth, &x, &baseline, Target::Prediction(output)).unwrap();
            let change = smooth.predict(&x)[output] - smooth.predict(&baseline)[output];
            assert!((parts.attributions.iter().sum::<f64>() - change).abs() < 1e-3, "{parts:?} {change}");
            assert!((parts.change - change).abs() < 1e-12);

            let parts = of_kinked.integrated_gradients(&kinked, &x32, &baseline32, Target::Prediction(output)).unwrap();
            let change = kinked.predict(&x32)[output] - kinked.predict(&baseline32)[output];
            assert!((parts.attributions.iter().sum::<f32>() - change).abs() < 1e-3, "{parts:?} {change}");

            let parts = of_kinked.integrated_gradients(&kinked, &x32, &baseline32, Target::Logit(output)).unwrap();
            let sum = parts.attributions.iter().map(|&part| f64::from(part)).sum::<f64>();
            // Steps are small only near kinks.
            assert!((16..500).contains(&parts.steps), "{} steps", parts.steps);
            assert!(parts.change.abs() < 100.0 && (sum - parts.change).abs() < 1e-3, "{parts:?}");
        }
    });
}

/// For a linear model the attributions are known, and an input that does not change has none.
#[test]
fn integrated_gradients_of_a_line_are_its_weights() {
    let mut net = Dense::<3, 1, Linear, f64>::zeroed();
    net.kernel = [[2.0], [-1.0], [5.0]];
    let mut explainer = Explainer::<Dense<3, 1, Linear, f64>>::new();
    let parts =
        explainer.integrated_gradients(&net, &[1.0, 3.0, 4.0], &[0.0, 1.0, 4.0], Target::Prediction(0)).unwrap();
    assert_eq!(parts.attributions, [2.0, -2.0, 0.0]);
    assert_eq!((parts.change, parts.gap), (0.0, 0.0));
}

#[test]
fn a_grid_may_span_all_numbers() {
    let x = [[-1.7e308], [1.7e308]];
    let grid = quantile_grid(&x, 0, 3).unwrap();
    assert!((grid[0] / -1.53e308 - 1.0).abs() < 1e-12 && grid[1] == 0.0 && grid[2] == -grid[0], "{grid:?}");
    let grid = quantile_grid(&[[0.0], [1.7e308]], 0, 5).unwrap();
    assert!(grid.windows(2).all(|pair| pair[0] < pair[1] && pair[1].is_finite()), "{grid:?}");
}

#[test]
fn invalid_explanations_are_errors() {
    type Net = Dense<2, 2, Sigmoid>;
    let mut net = Net::new(1);
    let mut explainer = Explainer::<Net>::boxed();
    let x = [1.0f32, 2.0];
    let outside = ExplainError::Output { output: 2, outputs: 2 };
    assert_eq!(explainer.gradient(&net, &x, Target::Logit(2)), Err(outside));
    assert_eq!(explainer.gradient(&net, &[f32::NAN, 0.0], Target::Logit(0)), Err(ExplainError::Input));
    let infinite = [0.0, f32::INFINITY];
    let integrated = explainer.integrated_gradients(&net, &x, &infinite, Target::Logit(0));
    assert_eq!(integrated.unwrap_err(), ExplainError::Input);
    let outside = ExplainError::Feature { feature: 2, features: 2 };
    assert_eq!(partial_dependence(&net, &[x], 2, &[0.0], Target::Logit(0)), Err(outside));
    assert_eq!(quantile_grid(&[x], 2, 5), Err(outside));
    assert_eq!(partial_dependence(&net, &[[0.0f32; 2]; 0], 0, &[0.0], Target::Logit(0)), Err(ExplainError::Empty));
    // 1e39 is infinite in `f32`.
    for value in [f64::INFINITY, f64::NAN, 1e39] {
        let dependence = partial_dependence(&net, &[x], 0, &[0.0, value], Target::Prediction(0));
        assert_eq!(dependence, Err(ExplainError::Input), "{value}");
    }
    net.kernel[0][0] = f32::NAN;
    assert_eq!(explainer.gradient(&net, &x, Target::Prediction(0)), Err(ExplainError::NotFinite));
    assert_eq!(partial_dependence(&net, &[x], 0, &[0.0], Target::Logit(0)), Err(ExplainError::NotFinite));
    assert!(outside.to_string().contains("feature 2"));
    // In `f32`, the values of a steep sigmoid are too coarse for any number of steps.
    net.kernel = [[1e30, 0.0], [0.0, 0.0]];
    let steep = explainer.integrated_gradients(&net, &[1.0, 0.0], &[-1.0, 0.0], Target::Prediction(0)).unwrap_err();
    assert!(matches!(steep, ExplainError::Incomplete { .. } | ExplainError::NotFinite), "{steep:?}");
}

#[derive(Deserialize)]
struct Fixture {
    repeats: usize,
    x: Vec<[f64; 4]>,
    weights: [f64; 4],
    bias: f64,
    linear: Model,
    logistic: Model,
}

#[derive(Deserialize)]
struct Model {
    labels: Vec<f64>,
    importance_mean: [f64; 4],
    importance_deviation: [f64; 4],
    partial_dependence: [Curve; 4],
}

#[derive(Deserialize)]
struct Curve {
    grid: Vec<f64>,
    average: Vec<f64>,
}

fn fixture() -> Fixture {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/explanations.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The weights of the fixture.
fn trainer<A: shiplap::activation::Activation, L>(fixture: &Fixture) -> Trainer<Dense<4, 1, A, f64>, L, Sgd, 4, ()>
where
    L: shiplap::loss::Loss<[f64; 1], Label = [f64; 1]> + shiplap::loss::Follows<A>,
{
    let mut trainer = Trainer::new(Sgd::new(0.0), 1);
    let net: &mut Dense<4, 1, A, f64> = trainer.network_mut();
    net.kernel = fixture.weights.map(|weight| [weight]);
    net.bias = [fixture.bias];
    trainer
}

fn importance_agrees<A: shiplap::activation::Activation, L>(fixture: &Fixture, expected: &Model)
where
    L: shiplap::loss::Loss<[f64; 1], Label = [f64; 1]>
        + shiplap::loss::Follows<A>
        + shiplap::loss::Compares<[f64; 1], [f64; 1]>,
{
    let trainer = trainer::<A, L>(fixture);
    let y: Vec<[f64; 1]> = expected.labels.iter().map(|&label| [label]).collect();
    let score = |x: &[[f64; 4]]| trainer.evaluate(x, &y).map(|report| -report.loss);
    let ours = permutation_importance(&fixture.x, fixture.repeats, &mut Rng::new(1), score).unwrap();
    for (feature, ours) in ours.iter().enumerate() {
        let (mean, deviation) = (expected.importance_mean[feature], expected.importance_deviation[feature]);
        // Four standard errors of the difference of two means.
        let chance = 4.0 * deviation * (2.0 / fixture.repeats as f64).sqrt() + 1e-12;
        assert!((ours.mean() - mean).abs() <= chance, "feature {feature}: {} {mean} ± {chance}", ours.mean());
        assert!((ours.deviation() - deviation).abs() <= 0.1 * deviation + 1e-12, "{} {deviation}", ours.deviation());
    }
}

#[test]
fn permutation_importance_agrees_with_scikit_learn() {
    let fixture = fixture();
    importance_agrees::<Linear, MeanSquaredError>(&fixture, &fixture.linear);
    importance_agrees::<Sigmoid, BinaryCrossentropy>(&fixture, &fixture.logistic);
}

#[test]
fn partial_dependence_agrees_with_scikit_learn() {
    let fixture = fixture();
    let (linear, logistic) =
        (trainer::<Linear, MeanSquaredError>(&fixture), trainer::<Sigmoid, BinaryCrossentropy>(&fixture));
    for feature in 0..4 {
        let check = |target, expected: &Model, sigmoid: bool| {
            let Curve { grid, average } = &expected.partial_dependence[feature];
            let ours = if sigmoid {
                partial_dependence(logistic.network(), &fixture.x, feature, grid, target)
            } else {
                partial_dependence(linear.network(), &fixture.x, feature, grid, target)
            };
            for (ours, expected) in ours.unwrap().iter().zip(average) {
                assert!((ours - expected).abs() < 1e-9, "feature {feature}: {ours} {expected}");
            }
        };
        check(Target::Prediction(0), &fixture.linear, false);
        check(Target::Prediction(0), &fixture.logistic, true);
        // The same weights before the sigmoid.
        let Curve { grid, .. } = &fixture.logistic.partial_dependence[feature];
        at_every_level(|_| {
            let logit = partial_dependence(logistic.network(), &fixture.x, feature, grid, Target::Logit(0));
            let line = partial_dependence(linear.network(), &fixture.x, feature, grid, Target::Prediction(0));
            assert_eq!(logit.unwrap(), line.unwrap());
        });
    }
}

/// Shuffled columns are restored before the next one is shuffled.
#[test]
fn only_one_feature_is_shuffled_at_a_time() {
    let x: Vec<[f64; 3]> = (0..20).map(|n| [f64::from(n), 100.0 + f64::from(n), 200.0 + f64::from(n)]).collect();
    let mut calls = 0_i32;
    permutation_importance(&x, 2, &mut Rng::new(1), |shuffled| {
        let moved = [0, 1, 2].map(|feature| x.iter().zip(shuffled).any(|(a, b)| a[feature] != b[feature]));
        let expected = (calls - 1).div_euclid(2);
        assert_eq!(moved, [0, 1, 2].map(|feature| feature == expected), "call {calls}");
        for feature in 0..3 {
            let mut column: Vec<f64> = shuffled.iter().map(|row| row[feature]).collect();
            column.sort_by(f64::total_cmp);
            assert!(column.iter().zip(&x).all(|(value, row)| *value == row[feature]));
        }
        calls += 1;
        Ok::<_, ExplainError>(1.0)
    })
    .unwrap();
    assert_eq!(calls, 7);
}

/// A number that the network does not take has no explanation, and a whole number no gradient.
#[test]
fn whole_numbers_are_refused() {
    #[network(input = [f32; 4])]
    type Texts = (Embedding<_, 9, 3>, Gru<_, 2>, Dense<_, 1>);
    let (net, mut explainer) = (Texts::new(1), Explainer::<Texts>::new());
    let (x, target) = ([1.0, 8.0, 0.0, 2.0], Target::Logit(0));
    assert_eq!(explainer.gradient(&net, &x, target), Err(ExplainError::Whole));
    assert_eq!(explainer.integrated_gradients(&net, &x, &[0.0; 4], target), Err(ExplainError::Whole));
    assert!(ExplainError::Whole.to_string().contains("the layers after `Embedding`"));
    let invalid = ExplainError::Invalid(Invalid::Vocabulary { place: 1, number: 9.0, vocabulary: 9 });
    assert_eq!(explainer.gradient(&net, &[1.0, 9.0, 0.0, 2.0], target), Err(invalid));
    assert_eq!(
        invalid.to_string(),
        "an input is 9 at place 1: the network's vocabulary has the whole numbers from 0 to 8"
    );
    assert_eq!(partial_dependence(&net, &[x], 1, &[9.0], target), Err(invalid));
    assert!(partial_dependence(&net, &[x], 1, &[8.0], target).is_ok());

    #[network(input = Pair<[[f32; 2]; 6], f32>)]
    type Series = (Masked<Gru<_, 3, AllStates>>, Dense<_, 1>);
    let (net, mut explainer) = (Series::new(1), Explainer::<Series>::new());
    let invalid = ExplainError::Invalid(Invalid::Length { place: 12, length: 9.0, least: 1, most: 6 });
    assert_eq!(explainer.gradient(&net, &Pair([[0.5; 2]; 6], 9.0), target), Err(invalid));
    assert_eq!(
        invalid.to_string(),
        "an input has the length 9 at place 12: the network's series have lengths from 1 to 6"
    );
    assert!(explainer.gradient(&net, &Pair([[0.5; 2]; 6], 4.0), target).is_ok());
}

#[test]
fn the_number_of_threads_does_not_affect_partial_dependence() {
    // Two points of the grid are worth a thread.
    type Wide = (Dense<5, 100, Tanh, f64>, Dense<100, 50, Gelu, f64>, Dense<50, 3, Softmax, f64>);
    let net = Wide::boxed(1);
    let x: Vec<_> = (0..100).map(sample).collect();
    let grid = quantile_grid(&x, 1, 7).unwrap();
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let means = partial_dependence(&*net, &x, 1, &grid, Target::Prediction(2)).unwrap();
            means.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        })
    };
    at_every_level(|_| {
        let one = on(1);
        assert!(one.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!([2, 3].map(on), [one.clone(), one]);
    });
}
