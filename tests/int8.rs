//! Networks in int8.

#[path = "common/mixed.rs"]
mod mixed;

use mixed::Mixed;
use shiplap::{
    layers::{Both, Branches, Concat, First, Second},
    prelude::*,
    quantized::{Calibration, Int8Layer, QuantizationAware, Quantize, QuantizeError, Quantized, Ranges, Scale},
};

fn images(count: usize) -> Vec<Image<12, 10, 3>> {
    let mut rng = Rng::new(3);
    let mut pixel = |_| std::array::from_fn(|_| rng.normal() as f32);
    (0..count).map(|_| std::array::from_fn(|_| std::array::from_fn(&mut pixel))).collect()
}

#[test]
fn each_layer_is_close_to_its_real_twin() {
    let (network, x) = (Mixed::boxed(5), images(60));
    for ranges in [Ranges::MinMax, Ranges::Percentile(99.99), Ranges::LeastSquares] {
        let mut calibration = Calibration::new(ranges);
        let int8 = Quantized::<Mixed>::calibrate_with(&network, &x, &mut calibration).unwrap();
        assert_eq!(calibration.layers.len(), 24, "{calibration}");
        for layer in &calibration.layers {
            assert!(layer.decibels > 20.0, "{ranges:?}\n{calibration}");
        }
        for x in &x[..10] {
            let (real, found) = (network.predict(x), int8.predict(x));
            for class in 0..4 {
                assert!((real[class] - found[class]).abs() < 0.03, "{found:?}, not {real:?}");
            }
        }
    }
}

#[test]
fn networks_of_f64_have_the_same_int8() {
    type Single = (Dense<3, 5, Tanh>, Dense<5, 2, Linear>);
    type Double = (Dense<3, 5, Tanh, f64>, Dense<5, 2, Linear, f64>);
    let single = Single::new(1);
    let double: Double = (
        Dense::from_parts(single.0.kernel.map(|row| row.map(f64::from)), single.0.bias.map(f64::from)),
        Dense::from_parts(single.1.kernel.map(|row| row.map(f64::from)), single.1.bias.map(f64::from)),
    );
    let x: Vec<[f32; 3]> = (0..50).map(|n| [n as f32 / 10.0, (n % 7) as f32 - 3.0, (n % 3) as f32]).collect();
    let wide: Vec<[f64; 3]> = x.iter().map(|x| x.map(f64::from)).collect();
    let [a, b] = [
        Quantized::<Single>::calibrate(&single, &x).unwrap().layers.1.0.weights,
        Quantized::<Double>::calibrate(&double, &wide).unwrap().layers.1.0.weights,
    ];
    assert_eq!(a, b);
}

#[test]
fn a_standardizer_takes_real_numbers() {
    type Net = (Standardize<2>, Dense<2, 8, Relu>, Dense<8, 1, Linear>);
    // In one scale for both columns, the second would be lost.
    let x: Vec<[f32; 2]> = (0..100).map(|n| [n as f32 * 100.0, (n % 10) as f32 / 1000.0]).collect();
    let mut network = Net::new(1);
    network.0 = Standardize::fit(&x).unwrap();
    let int8 = Quantized::<Net>::calibrate(&network, &x).unwrap();
    for x in &x {
        let (real, found) = (network.predict(x)[0], int8.predict(x)[0]);
        assert!((real - found).abs() < 0.05, "{found}, not {real}");
    }
}

#[test]
fn extreme_weights_and_activations_are_quantized() {
    let mut layer = Dense::<2, 3, Linear>::zeroed();
    (layer.kernel, layer.bias) = ([[0.0, 1e-20, 1e20], [0.0, 0.0, -1e20]], [1e6, 0.0, 0.0]);
    let int8 = Quantized::calibrate(&layer, &[[1.0, -1.0], [0.5, 1.0]]).unwrap();
    let [a, b, c] = int8.predict(&[1.0, -1.0]);
    assert!(a.abs() < 1e18 && b.abs() < 1e18 && (c - 2e20).abs() < 1e18, "{a} {b} {c}");

    // A large bias beside weights of 0, as pruned networks have it.
    let mut conv = <Conv2d<Image<1, 1, 1>, 2, 1, Relu, Valid, Bias, 1, Image<1, 1, 2>>>::zeroed();
    (conv.kernel, conv.bias) = ([[[[0.0, 1.0]]]], [3.0, 0.0]);
    let int8 = Quantized::calibrate(&conv, &[[[[1.0]]], [[[2.0]]]]).unwrap();
    let [constant, one] = int8.predict(&[[[1.0]]])[0][0];
    assert!((constant - 3.0).abs() < 0.02 && (one - 1.0).abs() < 0.02, "{constant} {one}");

    let silent = Dense::<1, 1, Relu>::zeroed();
    assert_eq!(Quantized::calibrate(&silent, &[[0.0]]).unwrap().predict(&[0.0]), [0.0]);
}

#[test]
fn activations_of_0_have_a_scale() {
    // No sample has an output above 0, but others have.
    let sum = Dense::<2, 1, Relu>::from_parts([[1.0], [1.0]], [0.0]);
    let int8 = Quantized::calibrate(&sum, &[[100.0, -100.0], [-100.0, 100.0]]).unwrap();
    assert_eq!(int8.output, Scale { scale: 1.0, zero: 0 });
    assert!((int8.predict(&[100.0, 20.0])[0] - 120.0).abs() < 2.0);

    // Few samples have an output above 0.
    let identity = Dense::<1, 1, Relu>::from_parts([[1.0]], [0.0]);
    let mut samples = [[0.0]; 1000];
    samples[7] = [3.0];
    let int8 = Quantized::calibrate_with(&identity, &samples, &mut Calibration::new(Ranges::Percentile(99.0))).unwrap();
    assert!((int8.predict(&[2.5])[0] - 2.5).abs() < 0.02, "{:?}", int8.output);
}

#[test]
fn samples_that_give_no_scale_are_errors() {
    let layer = Dense::<1, 1, Linear>::from_parts([[f32::MAX]], [0.0]);
    let error = |x: &[[f32; 1]], ranges| {
        Quantized::calibrate_with(&layer, x, &mut Calibration::new(ranges)).err().unwrap().to_string()
    };
    assert_eq!(error(&[], Ranges::MinMax), "there are no samples: pass some of the training data");
    assert!(error(&[[f32::NAN]], Ranges::MinMax).starts_with("the samples: a number is infinite or NaN"));
    assert!(error(&[[2.0]], Ranges::MinMax).starts_with("the output of layer"));
    assert_eq!(error(&[[0.5]], Ranges::Percentile(0.0)), QuantizeError::Percentage.to_string());
}

/// Each output is that of a network of its own, and each member of a pair has the scale of its numbers.
#[test]
fn networks_of_several_inputs_and_outputs_compute_each_output() {
    #[network(input = Pair<Image<5, 4, 2>, [f32; 3]>)]
    type Trunk = (
        Branches<(First<_>, Conv2d<_, 2, 3, Relu>, Flatten<_>), (Second<_>, Dense<_, 4, Tanh>), Concat>,
        Dense<_, 6, Relu>,
    );
    type Near = Dense<6, 3, Softmax>;
    type Far = (Dense<6, 4, Relu>, Dense<4, 2>);
    type Net = (Trunk, Branches<Near, Far, Both>);

    let network = Net::new(7);
    let mut rng = Rng::new(3);
    let mut random = |scale: f32| rng.uniform() as f32 * scale - scale / 3.0;
    let samples: Vec<Pair<Image<5, 4, 2>, [f32; 3]>> = (0..40)
        .map(|_| {
            Pair([(); 5].map(|()| [(); 4].map(|()| [(); 2].map(|()| random(1.0)))), [(); 3].map(|()| random(50.0)))
        })
        .collect();
    let both = Quantized::<Net>::calibrate(&network, &samples).unwrap();
    let numbers: Vec<f32> = samples.iter().flat_map(|x| x.1).collect();
    let range = [f32::min, f32::max].map(|end| numbers.iter().copied().fold(0.0, end));
    assert_eq!(both.input.1, Scale::of_range(range[0], range[1]));
    let near = Quantized::<(Trunk, Near)>::calibrate(&(network.0.clone(), network.1.first.clone()), &samples).unwrap();
    let far = Quantized::<(Trunk, Far)>::calibrate(&(network.0.clone(), network.1.second.clone()), &samples).unwrap();
    assert_eq!(both.output, Pair(near.output, far.output));
    for x in &samples {
        let (y, exact) = (both.predict(x), network.predict(x));
        assert_eq!((y.0, y.1), (near.predict(x), far.predict(x)));
        assert!(y.0.iter().zip(exact.0).all(|(y, exact)| (y - exact).abs() < 0.05), "{y:?} {exact:?}");
    }
    // The trunk, and the larger inside of a branch.
    let inside = <Net as Quantize>::Int8::INSIDE;
    assert!(inside <= <(Trunk, Far) as Quantize>::Int8::INSIDE + 3 + 2, "{inside}");

    type Heads = (Dense<3, 6, Relu>, Branches<Near, Far, Both>);
    let (network, samples) = (Heads::new(2), samples.iter().map(|x| x.1).collect::<Vec<_>>());
    let mut aware = QuantizationAware::<Heads>::zeroed_box();
    aware.calibrate(&network, &samples).unwrap();
    let (int8, plain) = (aware.quantize().unwrap(), Quantized::<Heads>::calibrate(&network, &samples).unwrap());
    assert_eq!(int8.output, plain.output);
    for x in &samples {
        let (y, rounded) = (int8.predict(x), aware.predict(x));
        assert_eq!(y, plain.predict(x));
        let steps = |y: &[f32], rounded: &[f32], scale: Scale| {
            y.iter().zip(rounded).map(|(y, rounded)| (y - rounded).abs() / scale.scale).fold(0.0, f32::max)
        };
        assert!(steps(&y.0, &rounded.0, int8.output.0) < 1.01, "{y:?} {rounded:?}");
        assert!(steps(&y.1, &rounded.1, int8.output.1) < 1.01, "{y:?} {rounded:?}");
    }
}

#[network(input = Image<160, 160, 1>)]
type Large = (Conv2d<_, 12, 3, Relu, Same>, Conv2d<_, 12, 3, Relu, Same>, MaxPool2d<_, 2>);

#[test]
fn activations_may_be_larger_than_the_stack() {
    const { assert!(Quantized::<Large>::ACTIVATIONS > 600_000) };
    let mut samples = vec![[[[0.0f32; 1]; 160]; 160]; 2];
    let mut rng = Rng::new(3);
    samples.as_flattened_mut().as_flattened_mut().as_flattened_mut().iter_mut().for_each(|x| *x = rng.normal() as f32);
    let network = Large::boxed(1);
    let int8 = Quantized::<Large>::calibrate(&network, &samples).unwrap();

    let [mut real, mut rounded] = [(); 2].map(|()| vec![[[[0f32; 12]; 80]; 80]; samples.len()]);
    network.predict_batch(&samples, &mut real).unwrap();
    int8.predict_batch(&samples, &mut rounded).unwrap();
    let numbers = |y: &[[[[f32; 12]; 80]; 80]]| y.as_flattened().as_flattened().as_flattened().to_vec();
    for (real, rounded) in numbers(&real).iter().zip(numbers(&rounded)) {
        assert!((real - rounded).abs() < 4.0 * int8.output.scale, "{real} {rounded}");
    }

    let x: Vec<_> = samples.iter().map(|x| x.map(|row| row.map(|x| x.map(|x| int8.input.quantize(x))))).collect();
    let mut y = vec![[[[0i8; 12]; 80]; 80]; samples.len()];
    int8.predict_int8_batch(&x, &mut y).unwrap();
    let y = y.as_flattened().as_flattened().as_flattened().iter().map(|y| int8.output.real(*y));
    assert!(y.eq(numbers(&rounded)));
    assert!(int8.predict_int8_batch(&x, &mut []).is_err() && int8.predict_batch(&samples, &mut real[..1]).is_err());
}

#[test]
fn a_batch_has_the_predictions_of_its_samples() {
    type Net = (Dense<3, 8, Tanh>, Dense<8, 2, Softmax>);
    let mut rng = Rng::new(4);
    let samples: Vec<[f32; 3]> = (0..37).map(|_| [(); 3].map(|()| rng.normal() as f32)).collect();
    let int8 = Quantized::<Net>::calibrate(&Net::new(1), &samples).unwrap();
    let mut predictions = vec![[0.0; 2]; samples.len()];
    int8.predict_batch(&samples, &mut predictions).unwrap();
    assert!(samples.iter().zip(&predictions).all(|(x, y)| int8.predict(x) == *y));
    int8.predict_batch(&[], &mut []).unwrap();
}
