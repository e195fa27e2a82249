//! Activations, losses and metrics against Keras, JAX and scikit-learn. `tests/reference/README.md` describes the
//! fixtures.

mod common;

use std::path::Path;

use common::at_every_level;
use serde::{Deserialize, de::DeserializeOwned};
use shiplap::{
    activation::{Activation, Elementwise, Exp, HardTanh, Save},
    kernel::{Simd, Work, dispatch},
    loss::Loss,
    metric::{
        Auc, BinaryAccuracy, Class, ConfusionMatrix, F1, MeanAbsolute, Metric, Precision, RSquared, Recall,
        RootMeanSquaredError, roc_auc,
    },
    prelude::*,
};

fn fixture<F: DeserializeOwned>(name: &str) -> F {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Layers {
    inputs: Vec<f64>,
    activations: Vec<Curve>,
    softmax: Option<Row>,
    losses: Vec<serde_json::Value>,
}

/// Softmax of the inputs as one row, and the gradient of `Σ weights·softmax(inputs)`.
#[derive(Deserialize)]
struct Row {
    outputs: [f64; 13],
    weights: [f64; 13],
    gradient: [f64; 13],
}

#[derive(Deserialize)]
struct Compared<Y> {
    #[serde(alias = "predictions", alias = "logits")]
    outputs: [[f64; 3]; 8],
    labels: [Y; 8],
    loss: f64,
    gradient: [[f64; 3]; 8],
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
        let found = A::derivative(if A::Saves::SAVES { x } else { y }, y);
        if let Some(expected) = derivative {
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                "{name}'({x}) = {found}, not {expected}"
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
    agrees::<HardSwish>(&layers, "hard_silu");
    agrees::<Relu6>(&layers, "relu6");
    agrees::<HardTanh>(&layers, "hard_tanh");
    agrees::<Exp>(&layers, "exponential");
    agrees::<Tanh>(&layers, "tanh");
    agrees::<Softplus>(&layers, "softplus");
    agrees::<LeakyRelu>(&fixture("textbook.json"), "leaky_relu");
}

struct SoftmaxAndGradient<'a>(&'a [f64], [f64; 13]);

impl Work for SoftmaxAndGradient<'_> {
    type Output = [[f64; 13]; 2];

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let logits = [self.0.try_into().unwrap()];
        let (mut y, mut gradient) = (logits, [self.1]);
        Softmax::forward(simd, &mut y);
        Softmax::backward(simd, &logits, &y, &mut gradient);
        [y[0], gradient[0]]
    }
}

#[test]
fn softmax_agrees_with_keras() {
    let Layers { inputs, softmax, .. } = fixture("layers.json");
    let softmax = softmax.unwrap();
    at_every_level(|_| {
        let [outputs, gradient] = dispatch(SoftmaxAndGradient(&inputs, softmax.weights));
        let ours = outputs.iter().chain(&gradient);
        // Relative to each value, since most of the probabilities are tiny.
        for (ours, expected) in ours.zip(softmax.outputs.iter().chain(&softmax.gradient)) {
            assert!((ours - expected).abs() <= 1e-9 * expected.abs(), "{ours}, not {expected}");
        }
    });
}

struct LossAndGradient<'a, L, Y>(L, &'a Compared<Y>);

impl<Y, L: Loss<[f64; 3], Label = Y>> Work for LossAndGradient<'_, L, Y> {
    type Output = (f64, [[f64; 3]; 8]);

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self(loss, Compared { outputs, labels, .. }) = self;
        let mut gradient = [[0.0; 3]; 8];
        loss.gradient(simd, outputs, labels, &mut gradient);
        (loss.total(simd, outputs, labels) / 8.0, gradient)
    }
}

fn compares<L: Loss<[f64; 3], Label = Y>, Y: DeserializeOwned>(losses: &[serde_json::Value], name: &str) {
    let case = losses.iter().find(|case| case["name"] == name).unwrap();
    let case: Compared<Y> = serde_json::from_value(case.clone()).unwrap();
    assert!(case.labels.iter().all(L::is_label), "{name}");
    at_every_level(|_| {
        let (loss, gradient) = dispatch(LossAndGradient(L::default(), &case));
        assert!((loss - case.loss).abs() <= 1e-12 * case.loss, "{name}: {loss}, not {}", case.loss);
        for (ours, expected) in gradient.as_flattened().iter().zip(case.gradient.as_flattened()) {
            assert!((ours - expected).abs() < 1e-15, "{name}: gradient {ours}, not {expected}");
        }
    });
}

#[test]
fn losses_agree_with_keras() {
    let Layers { losses, .. } = fixture("layers.json");
    compares::<MeanSquaredError, _>(&losses, "mean_squared_error");
    compares::<MeanAbsoluteError, _>(&losses, "mean_absolute_error");
    compares::<Huber, _>(&losses, "huber");
    compares::<BinaryCrossentropy, _>(&losses, "binary_crossentropy");
    compares::<CategoricalCrossentropy, _>(&losses, "categorical_crossentropy");
    compares::<SparseCategoricalCrossentropy, _>(&losses, "sparse_categorical_crossentropy");
    let Layers { losses, .. } = fixture("textbook.json");
    compares::<HalfSquaredError, _>(&losses, "half_squared_error");
}

#[derive(Deserialize)]
struct Metrics {
    binary: Binary,
    classes: Classes,
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
struct Classes {
    scores: Vec<[f64; 4]>,
    labels: Vec<usize>,
    accuracy: f64,
    class_precision: [f64; 4],
    class_recall: [f64; 4],
    class_f1: [f64; 4],
    confusion: [[u64; 4]; 4],
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
    let Metrics { binary, classes, regression } = fixture("metrics.json");
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

    let mut all = <(Accuracy, ConfusionMatrix<4>)>::default();
    let mut each = <[(Precision, Recall, F1); 4]>::default();
    for (scores, label) in classes.scores.iter().zip(&classes.labels) {
        all.update(scores, label);
        for (class, one) in each.iter_mut().enumerate() {
            // One class versus the rest.
            one.update(&[f64::from(scores.class() == Some(class))], &[f64::from(*label == class)]);
        }
    }
    close(all.0.value(), classes.accuracy);
    assert_eq!(all.1.counts, classes.confusion);
    for (class, one) in each.iter().enumerate() {
        close(one.0.value(), classes.class_precision[class]);
        close(one.1.value(), classes.class_recall[class]);
        close(one.2.value(), classes.class_f1[class]);
    }

    let mut all = <(MeanAbsolute, RootMeanSquaredError, RSquared<3>)>::default();
    for (prediction, target) in regression.predictions.iter().zip(&regression.targets) {
        all.update(prediction, target);
    }
    close(all.0.value(), regression.mae);
    close(all.1.value(), regression.rmse);
    close(all.2.value(), regression.r2_variance_weighted);
}
