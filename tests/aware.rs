//! Quantization-aware training.

mod common;
#[path = "common/mixed.rs"]
mod mixed;

use common::Exchange;
use mixed::Mixed;
use serde::Deserialize;
use shiplap::{
    Tensor, io,
    layer::Path,
    prelude::*,
    quantized::{Calibration, Entrance, Int8Layer, QuantizationAware, Quantize, QuantizeError, Quantized, Ranges},
};

#[derive(Deserialize)]
struct Fixture {
    x: Vec<f32>,
    labels: Vec<usize>,
    calibrated: usize,
    weights: Vec<f64>,
    gradient: Vec<f64>,
    loss: f64,
}

/// Loss and gradient are those of PyTorch's fake quantization. Some activations are out of range.
#[test]
fn a_step_is_that_of_pytorch() {
    #[network(input = Image<8, 8, 2>)]
    type Net = (
        Conv2d<_, 4, 3, Relu, Same>,
        DepthwiseConv2d<_, 3, Relu6, Same>,
        AveragePool2d<_, 2>,
        Flatten<_>,
        Dense<_, 6, Tanh>,
        Dense<_, 3, Softmax>,
    );

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/int8.json");
    let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut x = vec![Image::<8, 8, 2>::zeroed(); fixture.labels.len()];
    Tensor::flat_mut(&mut x).copy_from_slice(&fixture.x);

    let mut network = Net::zeroed();
    let mut weights = Exchange(fixture.weights.clone(), 0);
    Net::parameters_mut([&mut network], Path::ROOT, &mut weights);
    let mut trainer =
        Trainer::<QuantizationAware<Net>, SparseCategoricalCrossentropy, Sgd, 12>::boxed(Sgd::new(1.0), 1);
    trainer.network_mut().calibrate(&network, &x[..fixture.calibrated]).unwrap();
    let loss = trainer.step(&x, &fixture.labels).unwrap();
    assert!((loss - fixture.loss).abs() < 1e-6, "{loss}, not {}", fixture.loss);

    let mut after = Exchange(vec![0.0; fixture.weights.len()], 0);
    Net::parameters_mut([&mut *trainer.network().network()], Path::ROOT, &mut after);
    for (n, ((before, after), expected)) in fixture.weights.iter().zip(&after.0).zip(&fixture.gradient).enumerate() {
        assert!((before - after - expected).abs() < 2e-6, "{n}: {}, not {expected}", before - after);
    }
}

type Standardized = (Standardize<3>, Dense<3, 8, Selu>, Dropout<8, 10>, Dense<8, 2, Softplus, f32, NoBias>);

#[network(input = Image<4, 3, 2>)]
type Enlarged = (
    Conv2d<_, 3, 2, Relu>,
    ConvTranspose2d<_, 5, 3, Relu, Same<2>>,
    UpSample2d<_, 1, 2>,
    PRelu<_>,
    Crop2d<_, 1, 0, 0, 1>,
    ConvTranspose2d<_, 4, 2, Tanh, Valid<1>, NoBias>,
    TimeDistributed<(Flatten<_>, Dense<_, 3, Relu>)>,
    (Flatten<_>, Dense<_, 4>),
);

/// In int8, the places of pixels have 10 fraction bits: a pixel may be rounded to the next int8, which layers after it
/// would amplify.
#[network(input = Image<4, 5, 2>)]
type Resized = (Conv2d<_, 3, 2, Relu>, Resize2d<_, 5, 7>, Flatten<_>);

/// Random numbers.
fn samples<X: Tensor<Element = f32>>(count: usize) -> Vec<X> {
    let mut rng = Rng::new(3);
    let mut x = vec![X::zeroed(); count];
    X::flat_mut(&mut x).iter_mut().for_each(|x| *x = rng.normal() as f32);
    x
}

/// Trains an aware network a little, and compares it with its int8 network.
fn predicts_as_int8<N: Network<Element = f32, Output = [f32; M]> + Quantize, const M: usize>(ranges: Ranges)
where
    <N::Int8 as Int8Layer>::Input: Entrance<N::Input>,
{
    let x = samples::<N::Input>(64);
    let y = vec![N::Output::zeroed(); x.len()];
    let mut trainer = Trainer::<QuantizationAware<N>, MeanSquaredError, Sgd, 16>::boxed(Sgd::new(0.01), 1);
    trainer.network_mut().calibrate_with(&N::boxed(5), &x, &mut Calibration::new(ranges)).unwrap();
    let before = trainer.network().network();
    let [first, last] = [0, 1].map(|_| {
        trainer.fit(&x, &y, Fit::epochs(10)).unwrap();
        trainer.evaluate(&x, &y).unwrap().loss
    });
    assert!(last < first, "{last} after {first}");
    assert_ne!(common::bits(&*before), common::bits(&*trainer.network().network()));

    let int8 = trainer.network().quantize().unwrap();
    let (scale, mut within, mut all) = (int8.output.scale, 0, 0);
    for x in &x {
        let (real, found) = (trainer.network().predict(x), int8.predict(x));
        for (real, found) in real.iter().zip(&found) {
            // Where the network is almost halfway between two int8, a sum in `f32` can be rounded to the other.
            let steps = ((real - found) / scale).abs();
            assert!(steps < 2.001, "{found}, not {real}, in steps of {scale}");
            (within, all) = (within + usize::from(steps < 1.001), all + 1);
        }
    }
    assert!(within * 100 >= all * 99, "{within} of {all}");
}

#[test]
fn predictions_are_those_of_int8_within_one_step() {
    predicts_as_int8::<Mixed, 4>(Ranges::MinMax);
    predicts_as_int8::<Mixed, 4>(Ranges::Percentile(99.0));
    predicts_as_int8::<Standardized, 2>(Ranges::MinMax);
    predicts_as_int8::<Enlarged, 4>(Ranges::MinMax);
    predicts_as_int8::<Resized, 105>(Ranges::MinMax);
}

#[test]
fn without_scales_it_is_the_network_itself() {
    let (network, x) = (Mixed::boxed(5), samples::<Image<12, 10, 3>>(3));
    let mut aware = QuantizationAware::<Mixed>::zeroed_box();
    assert_eq!(aware.quantize().err(), Some(QuantizeError::NotCalibrated));
    assert_eq!(aware.calibrate(&network, &[]), Err(QuantizeError::NoSamples));
    assert_eq!(aware.quantize().err(), Some(QuantizeError::NotCalibrated));

    aware.calibrate(&network, &x).unwrap();
    assert_eq!(common::bits(&*aware.network()), common::bits(&*network));
    assert_ne!(aware.predict(&x[0]), network.predict(&x[0]));
    let mut plain = QuantizationAware::<Mixed>::zeroed_box();
    plain.layers.0.0.layer.bias = [1.0; 8];
    let mut other = Mixed::zeroed_box();
    other.0.0.bias = [1.0; 8];
    assert_eq!(plain.predict(&x[0]), other.predict(&x[0]));
    assert_eq!(QuantizationAware::<Mixed>::PARAMS, Mixed::PARAMS);
}

/// The int8 of a network as it was calibrated is that of calibration alone.
#[test]
fn an_untrained_aware_network_has_the_int8_of_calibration() {
    let (network, x) = (Mixed::boxed(5), samples::<Image<12, 10, 3>>(30));
    let mut aware = QuantizationAware::<Mixed>::zeroed_box();
    aware.calibrate(&network, &x).unwrap();
    let [mut given, mut found] = [Calibration::default(), Calibration::default()];
    let int8 = aware.quantize_with(&x, &mut given).unwrap();
    let alone = Quantized::<Mixed>::calibrate_with(&network, &x, &mut found).unwrap();
    assert!(x.iter().all(|x| int8.predict(x) == alone.predict(x)));
    assert_eq!(given.layers, found.layers);
    assert_eq!(io::to_tflite(&int8, &given).unwrap(), io::to_tflite(&alone, &found).unwrap());
}

#[test]
fn layers_round_one_by_one() {
    let (network, x) = (Mixed::boxed(5), samples::<Image<12, 10, 3>>(30));
    let mut aware = QuantizationAware::<Mixed>::zeroed_box();
    aware.layer_by_layer(|_, _| panic!("it has no scales"));
    aware.calibrate(&network, &x).unwrap();
    let (before, real) = (common::bits(&*aware), network.predict(&x[0]));
    let mut layers = Vec::new();
    aware.layer_by_layer(|layer, rounded| {
        let differs = rounded.predict(&x[0]) != real;
        layers.push((layer.to_string(), differs));
    });
    assert_eq!(common::bits(&*aware), before);
    // Dropout and reshaping round nothing.
    assert_eq!(layers.len(), 20, "{layers:?}");
    assert!(layers.iter().all(|(_, differs)| *differs), "{layers:?}");
}

/// In place, the gradient is used layer by layer.
#[test]
fn training_in_place_computes_the_same() {
    let (x, y) = (samples::<Image<12, 10, 3>>(32), vec![[0.25; 4]; 32]);
    let network = Mixed::boxed(5);
    let mut trainer = Trainer::<QuantizationAware<Mixed>, MeanSquaredError, Sgd, 16>::boxed(Sgd::new(0.05), 1);
    let mut in_place =
        Trainer::<QuantizationAware<Mixed>, MeanSquaredError, InPlace<Sgd>, 16>::boxed(InPlace(Sgd::new(0.05)), 1);
    trainer.network_mut().calibrate(&network, &x).unwrap();
    in_place.network_mut().calibrate(&network, &x).unwrap();
    trainer.fit(&x, &y, Fit::epochs(2)).unwrap();
    in_place.fit(&x, &y, Fit::epochs(2)).unwrap();
    let close = |(a, b): (&u64, &u64)| (f64::from_bits(*a) - f64::from_bits(*b)).abs() < 1e-5;
    let (a, b) = (common::bits(&*trainer.network().network()), common::bits(&*in_place.network().network()));
    assert!(a.iter().zip(&b).all(close));
    assert_ne!(a, common::bits(&*network));
}

#[test]
fn scales_are_saved_and_loaded() {
    let (network, x) = (Mixed::boxed(5), samples::<Image<12, 10, 3>>(30));
    let mut aware = QuantizationAware::<Mixed>::zeroed_box();
    aware.calibrate(&network, &x).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aware.safetensors");
    io::save(&*aware, &path).unwrap();
    let mut loaded = QuantizationAware::<Mixed>::zeroed_box();
    io::load(&mut *loaded, &path).unwrap();
    assert_eq!(common::bits(&*loaded), common::bits(&*aware));
    assert_eq!(loaded.quantize().unwrap().predict(&x[1]), aware.quantize().unwrap().predict(&x[1]));
}
