//! Losses with values, against Keras and against central differences; a loss defined outside the crate; and trainers
//! with a loss value. `tests/oracle.rs` and `tests/gradients.rs` test the other losses.

mod common;

use common::at_every_level;
use serde::{Deserialize, de::DeserializeOwned};
use shiplap::{
    kernel::{Element, Real, Simd, Tensor, Work, dispatch},
    layer::Predictions,
    loss::{
        BinaryFocalCrossentropy, CategoricalFocalCrossentropy, ClassWeighted, Compares, Follows, Loss, PointwiseLoss,
        Smoothed, Weighted,
    },
    prelude::*,
};

/// `ln cosh(y − label)`, as a user would write it.
#[derive(Clone, Copy, Default)]
struct LogCosh;

impl<Head> Follows<Head> for LogCosh {}

impl PointwiseLoss for LogCosh {
    type Ending = Predictions;
    type Metric = MeanAbsolute;

    fn value<V: Real>(&self, output: V, label: V) -> V {
        let distance = (output - label).abs();
        distance + (V::splat(-2.0) * distance).softplus() - V::splat(std::f64::consts::LN_2)
    }

    fn derivative<V: Real>(&self, output: V, label: V) -> V {
        (output - label).tanh()
    }
}

struct LossAndGradient<'a, L, Y, const ROWS: usize>(L, &'a [[f64; 3]; ROWS], &'a [Y; ROWS]);

impl<Y, L: Loss<[f64; 3], Label = Y>, const ROWS: usize> Work for LossAndGradient<'_, L, Y, ROWS> {
    type Output = (f64, [[f64; 3]; ROWS]);

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Self(loss, outputs, labels) = self;
        let mut gradient = [[0.0; 3]; ROWS];
        loss.gradient(simd, outputs, labels, &mut gradient);
        (loss.total(simd, outputs, labels) / ROWS as f64, gradient)
    }
}

#[derive(Deserialize)]
struct Case<Y> {
    outputs: [[f64; 3]; 8],
    labels: [Y; 8],
    loss: f64,
    gradient: [[f64; 3]; 8],
}

/// Compares a loss with Keras and with central differences.
fn compares<L: Loss<[f64; 3], Label = Y>, Y: DeserializeOwned>(name: &str, loss: L) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/losses.json");
    let fixture: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let case = fixture["losses"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    let Case { outputs, labels, loss: expected, gradient } = serde_json::from_value::<Case<Y>>(case.clone()).unwrap();
    assert!(labels.iter().all(L::is_label) && loss.check().is_ok(), "{name}");
    at_every_level(|_| {
        let (ours, ours_gradient) = dispatch(LossAndGradient(loss, &outputs, &labels));
        // Keras clips probabilities of focal losses at 10⁻⁷.
        assert!((ours - expected).abs() <= 1e-6 * expected, "{name}: {ours}, not {expected}");
        for (ours, expected) in ours_gradient.as_flattened().iter().zip(gradient.as_flattened()) {
            assert!((ours - expected).abs() < 1e-7, "{name}: gradient {ours}, not {expected}");
        }
        for place in 0..24 {
            let at = |by: f64| {
                let mut moved = outputs;
                moved.as_flattened_mut()[place] += by;
                dispatch(LossAndGradient(loss, &moved, &labels)).0
            };
            let (numeric, analytic) = ((at(1e-5) - at(-1e-5)) / 2e-5, ours_gradient.as_flattened()[place]);
            assert!((numeric - analytic).abs() < 1e-9, "{name}, output {place}: {analytic}, not {numeric}");
        }
    });
}

#[test]
fn losses_with_values_agree_with_keras() {
    compares("huber", Huber { delta: 0.5 });
    compares("smoothed_binary_crossentropy", Smoothed::new(BinaryCrossentropy, 0.2));
    compares("smoothed_categorical_crossentropy", Smoothed::new(CategoricalCrossentropy, 0.2));
    compares("smoothed_sparse_categorical_crossentropy", Smoothed::new(SparseCategoricalCrossentropy, 0.2));
    compares("binary_focal_crossentropy", BinaryFocalCrossentropy::default());
    compares("binary_focal_crossentropy_balanced", BinaryFocalCrossentropy { gamma: 1.5, alpha: Some(0.3) });
    compares("categorical_focal_crossentropy", CategoricalFocalCrossentropy { gamma: 1.5, alpha: 0.3 });
    let weights = [0.5, 2.0, 1.25];
    compares("class_weighted_categorical_crossentropy", ClassWeighted::new(CategoricalCrossentropy, weights));
    let sparse = ClassWeighted::new(SparseCategoricalCrossentropy, weights);
    compares("class_weighted_sparse_categorical_crossentropy", sparse);
}

#[test]
fn a_custom_loss_agrees_with_keras() {
    compares("log_cosh", LogCosh);
}

/// Neutral values do not change a wrapped loss.
#[test]
fn neutral_wrappers_have_no_effect() {
    let outputs = [[0.3, -2.0, 1.5], [4.0, 0.0, -1.0]];
    fn same<Y, A: Loss<[f64; 3], Label = Y>, B: Loss<[f64; 3], Label = Y>>(a: A, b: B, x: &[[f64; 3]; 2], y: &[Y; 2]) {
        let (a, b) = (dispatch(LossAndGradient(a, x, y)), dispatch(LossAndGradient(b, x, y)));
        assert!((a.0 - b.0).abs() < 1e-15, "{} {}", a.0, b.0);
        let pairs = a.1.as_flattened().iter().zip(b.1.as_flattened());
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-15, "{a} {b}"));
    }
    let (bits, one_hot, classes) = ([[1.0, 0.0, 0.5], [0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], [2, 0]);
    same(Smoothed::new(BinaryCrossentropy, 0.0), BinaryCrossentropy, &outputs, &bits);
    same(BinaryFocalCrossentropy { gamma: 0.0, alpha: None }, BinaryCrossentropy, &outputs, &bits);
    same(Smoothed::new(CategoricalCrossentropy, 0.0), CategoricalCrossentropy, &outputs, &one_hot);
    same(CategoricalFocalCrossentropy { gamma: 0.0, alpha: 1.0 }, CategoricalCrossentropy, &outputs, &one_hot);
    same(Smoothed::new(SparseCategoricalCrossentropy, 0.0), SparseCategoricalCrossentropy, &outputs, &classes);
    same(
        ClassWeighted::<SparseCategoricalCrossentropy, 3>::default(),
        SparseCategoricalCrossentropy,
        &outputs,
        &classes,
    );
}

#[test]
fn focal_losses_are_finite_at_huge_logits() {
    let outputs = [[1e4, -1e4, 50.0], [-800.0, 0.0, 1e4]];
    for gamma in [0.0, 0.5, 2.0] {
        let binary = BinaryFocalCrossentropy { gamma, alpha: None };
        let (loss, gradient) = dispatch(LossAndGradient(binary, &outputs, &[[1.0, 1.0, 0.0], [0.0, 0.5, 1.0]]));
        assert!(loss.is_finite() && gradient.as_flattened().iter().all(|value| value.is_finite()), "{gamma}");
        let classes = CategoricalFocalCrossentropy { gamma, alpha: 1.0 };
        let (loss, gradient) = dispatch(LossAndGradient(classes, &outputs, &[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]));
        assert!(loss.is_finite() && gradient.as_flattened().iter().all(|value| value.is_finite()), "{gamma}");
    }
}

struct OfOne<L, T>(L, [T; 1], [T; 1]);

impl<T: Element + Tensor<Element = T>, L: Loss<[T; 1], Label = [T; 1]>> Work for OfOne<L, T> {
    type Output = (f64, f64);

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let (Self(loss, output, label), mut gradient) = (self, [[T::zero()]]);
        loss.gradient(simd, &[output], &[label], &mut gradient);
        (loss.total(simd, &[output], &[label]), gradient[0][0].to_f64())
    }
}

/// The values are those of Python's `decimal`: `log(1 + exp(-logit))`, and `1/(1 + exp(-logit)) - 1` for the derivative.
#[test]
fn binary_crossentropies_are_accurate_for_confident_correct_outputs() {
    fn close(name: &str, ours: f64, expected: f64, tolerance: f64) {
        assert!((ours / expected - 1.0).abs() < tolerance, "{name}: {ours}, not {expected}");
    }
    at_every_level(|_| {
        for (logit, loss, derivative) in [
            (12.0f32, 6.144_193_478e-6, -6.144_174_602e-6),
            (15.0, 3.059_022_737e-7, -3.059_022_269e-7),
            (40.0, 4.248_354_255e-18, -4.248_354_255e-18),
        ] {
            for (logit, label) in [(logit, 1.0), (-logit, 0.0)] {
                let (ours, ours_derivative) = dispatch(OfOne(BinaryCrossentropy, [logit], [label]));
                close("f32", ours, loss, 1e-6);
                close("f32", ours_derivative * (1.0 - 2.0 * f64::from(label)), -derivative, 1e-6);
                let (smoothed, _) = dispatch(OfOne(Smoothed::new(BinaryCrossentropy, 0.0), [logit], [label]));
                close("smoothed", smoothed, loss, 1e-6);
                let (logit, label) = (f64::from(logit), f64::from(label));
                close("f64", dispatch(OfOne(BinaryCrossentropy, [logit], [label])).0, loss, 1e-9);
                // q² times the cross-entropy, with q = −derivative.
                let (focal, _) = dispatch(OfOne(BinaryFocalCrossentropy::default(), [logit], [label]));
                close("focal", focal, derivative * derivative * loss, 1e-8);
            }
        }
    });
}

struct OfClasses<L, T>(L, [T; 3]);

impl<T: Element + Tensor<Element = T>, L: Loss<[T; 3], Label = usize>> Work for OfClasses<L, T> {
    type Output = f64;

    fn run<S: Simd>(self, simd: S) -> f64 {
        self.0.total(simd, &[self.1], &[1])
    }
}

/// The values are those of Python's `decimal`: `log(1 + 2*exp(-distance))`, where `distance` is that of the largest logit from the
/// two others.
#[test]
fn crossentropies_of_classes_are_accurate_for_confident_correct_outputs() {
    at_every_level(|_| {
        for (distance, expected) in
            [(12.0f32, 1.228_834_920_5e-5), (15.0, 6.118_044_539e-7), (40.0, 8.496_708_511e-18), (0.0, 3f64.ln())]
        {
            let close = |name: &str, ours: f64| {
                assert!((ours / expected - 1.0).abs() < 1e-6, "{name}, {distance}: {ours}, not {expected}");
            };
            let logits = [2.0, 2.0 + distance, 2.0];
            let wide = logits.map(f64::from);
            close("f32", dispatch(OfClasses(SparseCategoricalCrossentropy, logits)));
            close("f64", dispatch(OfClasses(SparseCategoricalCrossentropy, wide)));
            close("smoothed", dispatch(OfClasses(Smoothed::new(SparseCategoricalCrossentropy, 0.0), wide)));
            let one_hot = LossAndGradient(CategoricalCrossentropy, &[wide], &[[0.0, 1.0, 0.0]]);
            close("one-hot", dispatch(one_hot).0);
        }
    });
}

type Line = Dense<1, 1, Linear>;
type HuberTrainer = Trainer<Line, Huber, Sgd, 1>;

#[test]
fn a_trainer_takes_a_loss_value_and_checks_it() {
    let (x, y) = ([[1.0f32]], [[9.0f32]]);
    let mut trainer = HuberTrainer::new(Sgd::new(1.0), 1).with_loss(Huber { delta: 0.25 });
    trainer.network_mut().kernel = [[0.0]];
    trainer.step(&x, &y).unwrap();
    assert_eq!(trainer.network().kernel, [[0.25]]);
    trainer.loss_mut().delta = 0.5;
    trainer.step(&x, &y).unwrap();
    assert_eq!(trainer.network().kernel, [[0.75]]);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        trainer.loss_mut().delta = bad;
        let error = trainer.step(&x, &y).unwrap_err();
        assert!(matches!(error, TrainError::Settings(what) if what.contains("`delta`")), "{error}");
        assert_eq!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err(), error);
        assert_eq!(trainer.evaluate(&x, &y).unwrap_err(), error);
        assert_eq!(trainer.network().kernel, [[0.75]]);
    }
    trainer.loss_mut().delta = 0.5;
    trainer.step(&x, &y).unwrap();
    let mut trainer = trainer.with_loss(Huber { delta: -1.0 });
    assert!(matches!(trainer.step(&x, &y), Err(TrainError::Settings(what)) if what.contains("`delta`")));
}

#[test]
fn values_out_of_range_are_errors_that_name_them() {
    fn refused<L: Loss<[f32; 2], Label: Sized>>(name: &str, loss: L) {
        let what = loss.check().unwrap_err();
        assert!(what.contains(name), "{name}: {what}");
        // A wrapper also checks the inner loss.
        assert_eq!(Loss::<[f32; 2]>::check(&Weighted(loss)), Err(what));
    }
    refused("weight of at least one class", ClassWeighted::new(SparseCategoricalCrossentropy, [0.0, 0.0]));
    refused("weight of at least one class", ClassWeighted::new(SparseCategoricalCrossentropy, [0.0, 1e-46]));
    // They are 0 as `f32`.
    refused("`delta`", Huber { delta: 1e-46 });
    for bad in [-0.1, f64::NAN, 1e39, f64::INFINITY] {
        refused("`smoothing`", Smoothed::new(BinaryCrossentropy, bad));
        refused("`smoothing`", Smoothed::new(CategoricalCrossentropy, bad));
        refused("`smoothing`", Smoothed::new(SparseCategoricalCrossentropy, 1.1));
        refused("`gamma`", BinaryFocalCrossentropy { gamma: bad, alpha: None });
        refused("`alpha`", BinaryFocalCrossentropy { gamma: 1.0, alpha: Some(bad) });
        refused("`gamma`", CategoricalFocalCrossentropy { gamma: bad, alpha: 1.0 });
        refused("`alpha`", CategoricalFocalCrossentropy { gamma: 1.0, alpha: bad });
        refused("weights of classes", ClassWeighted::new(SparseCategoricalCrossentropy, [1.0, bad]));
        refused("`delta`", ClassWeighted::new(Huber { delta: bad }, [1.0, 1.0]));
    }
}

#[test]
fn a_sample_of_weight_0_contributes_0() {
    type Net = Dense<1, 1, Linear>;
    let (x, good) = ([[1.0f32], [2.0]], [1.0f32]);
    // The square of the error is infinite.
    let y = [(good, 1.0), ([3e38], 0.0)];
    let mut trainer = Trainer::<Net, Weighted<MeanSquaredError>, Sgd, 2, ()>::new(Sgd::new(0.1), 1);
    let mut alone = Trainer::<Net, MeanSquaredError, Sgd, 1, ()>::new(Sgd::new(0.05), 1);
    assert_eq!(2.0 * trainer.step(&x, &y).unwrap(), alone.step(&x[..1], &[good]).unwrap());
    assert!((trainer.network().kernel[0][0] - alone.network().kernel[0][0]).abs() < 1e-6);
    assert!(trainer.evaluate(&x, &y).unwrap().loss.is_finite());
    let rows = LossAndGradient(
        Weighted(MeanSquaredError),
        &[[f64::INFINITY; 3], [1.0; 3]],
        &[([0.0; 3], 0.0), ([0.0; 3], 1.0)],
    );
    let (loss, gradient) = dispatch(rows);
    assert_eq!((loss, gradient), (0.5, [[0.0; 3], [1.0 / 3.0; 3]]));
}

#[test]
fn class_weights_are_sample_weights_of_the_class() {
    type Net = Dense<2, 1, Sigmoid, f64>;
    type Loss2 = ClassWeighted<BinaryCrossentropy, 2>;
    fn trained<L: Loss<[f64; 1], Label = Y> + Follows<Sigmoid> + Compares<[f64; 1], Y>, Y: Copy>(
        loss: L,
        y: &[Y; 2],
    ) -> Net {
        let mut trainer = Trainer::<Net, L, Sgd, 2, ()>::new(Sgd::new(0.5), 1).with_loss(loss);
        trainer.fit(&[[1.0, 2.0], [-1.0, 0.5]], y, Fit::epochs(3).shuffle(false)).unwrap();
        trainer.network().clone()
    }
    let by_class = trained(Loss2::new(BinaryCrossentropy, [0.5, 3.0]), &[[1.0], [0.0]]);
    assert_eq!(by_class, trained(Weighted(BinaryCrossentropy), &[([1.0], 3.0), ([0.0], 0.5)]));
}
