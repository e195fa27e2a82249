//! Activations, losses and metrics against Keras, JAX and scikit-learn.
//! `tests/reference/README.md` says how the fixtures were made.

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};
use shiplap::{
    activation::Elementwise,
    metric::{
        Auc, BinaryAccuracy, ConfusionMatrix, F1, MeanAbsolute, Metric, Precision, RSquared, Recall, RootMeanSquare,
        roc_auc,
    },
    prelude::*,
};

fn fixture<F: DeserializeOwned>(name: &str) -> F {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Layers {
    inputs: Vec<f64>,
    activations: Vec<Curve>,
}

#[derive(Deserialize)]
struct Curve {
    name: String,
    outputs: Vec<f64>,
    derivatives: Vec<Option<f64>>,
}

fn agrees<A: Elementwise>(layers: &Layers, name: &str) {
    let curve = layers.activations.iter().find(|curve| curve.name == name).unwrap();
    for ((&x, &expected), derivative) in layers.inputs.iter().zip(&curve.outputs).zip(&curve.derivatives) {
        let y = A::value(x);
        assert!((y - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}({x}) = {y}, not {expected}");
        let slope = A::slope(x, y);
        if let Some(expected) = derivative {
            assert!(
                (slope - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                "{name}'({x}) = {slope}, not {expected}"
            );
        }
    }
}

#[test]
fn activations_agree_with_keras() {
    let layers: Layers = fixture("layers.json");
    agrees::<Linear>(&layers, "linear");
    agrees::<Relu>(&layers, "relu");
    agrees::<Elu>(&layers, "elu");
    agrees::<Selu>(&layers, "selu");
    agrees::<Gelu>(&layers, "gelu");
    agrees::<Silu>(&layers, "silu");
    agrees::<Sigmoid>(&layers, "sigmoid");
    agrees::<HardSigmoid>(&layers, "hard_sigmoid");
    agrees::<Tanh>(&layers, "tanh");
    agrees::<Softplus>(&layers, "softplus");
}

#[derive(Deserialize)]
struct Metrics {
    binary: Binary,
    regression: Regression,
}

#[derive(Deserialize)]
struct Binary {
    scores: Vec<f64>,
    labels: Vec<f64>,
    accuracy: f64,
    precision: f64,
    recall: f64,
    f1: f64,
    roc_auc: f64,
    confusion: [[u64; 2]; 2],
}

#[derive(Deserialize)]
struct Regression {
    predictions: Vec<[f64; 3]>,
    targets: Vec<[f64; 3]>,
    mae: f64,
    rmse: f64,
    r2_variance_weighted: f64,
}

fn close(ours: f64, expected: f64) {
    assert!((ours - expected).abs() < 1e-6, "{ours}, not {expected}");
}

#[test]
fn metrics_agree_with_scikit_learn() {
    let Metrics { binary, regression } = fixture("metrics.json");
    type All = (BinaryAccuracy, Precision, Recall, F1, ConfusionMatrix<2>, Auc);
    let mut all = All::default();
    for (&score, &label) in binary.scores.iter().zip(&binary.labels) {
        all.update(&[score], &[label]);
    }
    close(all.0.value(), binary.accuracy);
    close(all.1.value(), binary.precision);
    close(all.2.value(), binary.recall);
    close(all.3.value(), binary.f1);
    assert_eq!(all.4.counts, binary.confusion);
    assert!((all.5.value() - binary.roc_auc).abs() < 5e-3, "{} {}", all.5.value(), binary.roc_auc);
    let mut samples: Vec<_> = binary.scores.iter().zip(&binary.labels).map(|(&s, &l)| (s, l > 0.5)).collect();
    close(roc_auc(&mut samples), binary.roc_auc);

    let mut all = <(MeanAbsolute, RootMeanSquare, RSquared<3>)>::default();
    for (prediction, target) in regression.predictions.iter().zip(&regression.targets) {
        all.update(prediction, target);
    }
    close(all.0.value(), regression.mae);
    close(all.1.value(), regression.rmse);
    close(all.2.value(), regression.r2_variance_weighted);
}
