use std::vec::Vec;

use super::*;
use crate::{
    Rng,
    kernel::{Level, set_level},
    layers::AllStates,
    prelude::*,
    quantized::{QuantizationAware, Quantized},
    stream::Stream,
};

fn series<const STEPS: usize>(count: usize) -> Vec<[[f32; 3]; STEPS]> {
    let mut rng = Rng::new(4);
    (0..count).map(|_| [(); STEPS].map(|()| [(); 3].map(|()| rng.normal() as f32))).collect()
}

/// How a sum is multiplied and rounded, in 128 bits.
type Product = fn(Multiplier, i64) -> i128;

fn rounded_once(Multiplier { mantissa, exponent }: Multiplier, sum: i64) -> i128 {
    let shift = 31 - exponent;
    (i128::from(sum) * i128::from(mantissa) + (1 << (shift - 1))) >> shift
}

/// Half up, and then half away from 0.
fn rounded_twice(Multiplier { mantissa, exponent }: Multiplier, sum: i64) -> i128 {
    let high = ((i128::from(sum) << exponent.max(0)) * i128::from(mantissa) + (1 << 30)) >> 31;
    let steps = 1i128 << (-exponent).max(0);
    (2 * high.abs() + steps) / (2 * steps) * high.signum()
}

/// The states of a naive loop over the definitions.
fn naive<K, const UNITS: usize, const GATES: usize, const SAVED: usize, const STATES: usize, const STEPS: usize>(
    layer: &Recurrent<[[f32; 3]; STEPS], UNITS, K, AllStates, GATES, SAVED, STATES>,
    product: Product,
    x: &[[i8; 3]; STEPS],
) -> [[i8; UNITS]; STEPS]
where
    K: Int8Unit<GATES, SAVED, STATES>,
{
    let mut states = [[0i16; STATES]; UNITS];
    x.map(|frame| {
        let before = states.map(|state| i64::from(K::factor(state[0])));
        for (unit, state) in states.iter_mut().enumerate() {
            let fixed = |part: usize, gate: usize, sum: i64| {
                let sum = sum + i64::from(layer.bias[part][gate][unit]);
                product(layer.multipliers[part][gate], sum).clamp(-65536, 65535) as i32
            };
            let of_frame = core::array::from_fn(|gate| {
                let weights = layer.kernel[gate][unit];
                let products =
                    (0..3).map(|k| i64::from(weights[k]) * i64::from(i32::from(frame[k]) - i32::from(layer.zero)));
                fixed(0, gate, products.sum())
            });
            let of_state = core::array::from_fn(|gate| {
                let weights = layer.recurrent_kernel[gate][unit];
                fixed(1, gate, (0..UNITS).map(|k| i64::from(weights[k]) * before[k]).sum())
            });
            *state = K::step(&layer.form, of_frame, of_state, *state);
        }
        states.map(|state| K::output(&layer.form, state[0]))
    })
}

/// Units that fill a block and more, with weights large enough to saturate.
fn is_its_definition<K, const GATES: usize, const SAVED: usize, const STATES: usize>(product: Product)
where
    K: Int8Unit<GATES, SAVED, STATES>,
{
    type Layer<K, const G: usize, const S: usize, const T: usize> =
        sequence::Recurrent<[[f32; 3]; 7], 11, K, AllStates, G, S, T>;
    let mut network = Layer::<K, GATES, SAVED, STATES>::new(3);
    network.recurrent_kernel.as_flattened_mut().as_flattened_mut().iter_mut().for_each(|weight| *weight *= 9.0);
    network.bias.as_flattened_mut().iter_mut().enumerate().for_each(|(n, bias)| *bias = n as f32 / 5.0 - 2.0);
    let x = series::<7>(20);
    let int8 = Quantized::calibrate(&network, &x).unwrap();
    for x in &x {
        let x = x.map(|frame| frame.map(|x| int8.input.quantize(x)));
        let states = naive(&int8.layers, product, &x);
        assert_eq!(int8.predict_int8(&x), states);
        let mut stream = Stream::new();
        assert_eq!(x.map(|frame| stream.push(&int8.layers, &frame)), states.map(Some));
    }
}

#[test]
fn states_are_those_of_a_naive_loop_at_each_level() {
    for level in Level::ALL {
        if set_level(*level).is_ok() {
            is_its_definition::<sequence::SimpleRnnUnit, 1, 1, 1>(rounded_once);
            is_its_definition::<sequence::GruUnit, 3, 4, 1>(rounded_once);
            is_its_definition::<sequence::LstmUnit, 4, 5, 2>(rounded_twice);
        }
    }
}

/// The error of a layer, with its usual initial weights: at least 30 dB below the output after 40 steps.
#[test]
fn states_are_close_to_the_real_ones() {
    fn decibels<N: Network<Element = f32, Input = [[f32; 3]; 40]> + Quantize>() -> f64
    where
        N::Int8: Int8Layer<Input = [[i8; 3]; 40]>,
    {
        let mut calibration = Calibration::default();
        Quantized::<N>::calibrate_with(&N::boxed(5), &series::<40>(50), &mut calibration).unwrap();
        calibration.layers[0].decibels
    }
    let found = [
        decibels::<SimpleRnn<[[f32; 3]; 40], 16>>(),
        decibels::<Gru<[[f32; 3]; 40], 16>>(),
        decibels::<Lstm<[[f32; 3]; 40], 16, AllStates>>(),
    ];
    assert!(found.iter().all(|found| *found > 30.0), "{found:?}");
}

/// Training with rounded weights, and the int8 network that it makes.
#[test]
fn recurrent_networks_are_trained_for_int8() {
    type Net = (Gru<[[f32; 3]; 12], 8, AllStates>, Lstm<[[f32; 8]; 12], 6>, Dense<6, 2, Softmax>);
    let x = series::<12>(64);
    let y: Vec<usize> = x.iter().map(|x| usize::from(x[11][0] + x[10][0] > 0.0)).collect();
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 16>::boxed(Adam::new(0.02), 1);
    trainer.fit(&x, &y, Fit::epochs(40)).unwrap();
    let mut aware =
        Trainer::<QuantizationAware<Net>, SparseCategoricalCrossentropy, Adam, 16>::boxed(Adam::new(0.002), 1);
    aware.network_mut().calibrate(trainer.network(), &x).unwrap();
    aware.fit(&x, &y, Fit::epochs(5)).unwrap();
    let int8 = aware.network().quantize().unwrap();
    let right = x.iter().zip(&y).filter(|(x, y)| usize::from(int8.predict(x)[1] > 0.5) == **y).count();
    assert!(right >= 61, "{right} of 64");
    let (real, rounded) = (aware.network().predict(&x[0]), int8.predict(&x[0]));
    assert!((real[0] - rounded[0]).abs() < 0.05, "{real:?}, {rounded:?}");
}
