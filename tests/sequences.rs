//! Recurrent networks: their gradients against finite differences, 50 steps of training against Keras 3 and PyTorch, and
//! the forms that every network has.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras};
use shiplap::{
    Pair, Tensor, check,
    layers::{Masked, Parallel},
    prelude::*,
};

static FIXTURES: LazyLock<BTreeMap<String, Fixture>> = LazyLock::new(|| fixtures("sequences.json"));

/// Recurrent layers between 7 steps with 4 features and a dense layer, and the runs of Keras and PyTorch.
macro_rules! networks {
    ($($name:ident: $layers:ty, $($run:literal),+;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn gradients() {
                #[network(input = [[f64; 2]; 6])]
                type Net = ($layers, Dense<_, 2, Linear, f64>);
                check::gradients::<Net>().unwrap();
            }

            #[test]
            fn training() {
                #[network(input = [[f32; 4]; 7])]
                type Net = ($layers, Dense<_, 3>);
                for run in [$($run),+] {
                    learns_as_in_keras::<Net, _>(run, &FIXTURES[run], Sgd::new(0.005));
                    learns_as_in_keras::<Net, _>(run, &FIXTURES[run], InPlace(Sgd::new(0.005)));
                }
            }
        })*
    };
}
networks! {
    simple_rnn: SimpleRnn<_, 5>, "simple_rnn", "torch_simple_rnn";
    simple_rnn_all: (SimpleRnn<_, 5, AllStates>, Flatten<_>), "simple_rnn_all";
    gru: Gru<_, 5>, "gru", "torch_gru";
    gru_all: (Gru<_, 5, AllStates>, Gru<_, 3>), "gru_all";
    lstm: Lstm<_, 5>, "lstm", "torch_lstm";
    lstm_all: (Lstm<_, 5, AllStates>, Lstm<_, 3>), "lstm_all";
    bidirectional: (Bidirectional<Gru<_, 3, AllStates>>, Bidirectional<Lstm<_, 2>>), "bidirectional";
    bidirectional_gru: Bidirectional<Gru<_, 5>>, "torch_gru_bidirectional";
    bidirectional_lstm: Bidirectional<Lstm<_, 5>>, "torch_lstm_bidirectional";
}

/// Dense layers for each step, in `f32` as in Keras, and in `f64`.
#[test]
fn time_distributed() {
    #[network(input = [[f32; 4]; 7])]
    type Net = (TimeDistributed<(Dense<_, 5, Tanh>, Dense<_, 2>)>, Gru<_, 3>, Dense<_, 3>);
    learns_as_in_keras::<Net, _>("time_distributed", &FIXTURES["time_distributed"], Sgd::new(0.005));
    learns_as_in_keras::<Net, _>("time_distributed", &FIXTURES["time_distributed"], InPlace(Sgd::new(0.005)));
}

/// Series whose lengths vary, as PyTorch's `pack_padded_sequence`.
#[test]
fn masked() {
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Grus = (Masked<Gru<_, 5, AllStates>>, Dense<_, 3>);
    learns_as_in_keras::<Grus, _>("torch_gru_masked", &FIXTURES["torch_gru_masked"], Sgd::new(0.005));
    learns_as_in_keras::<Grus, _>("torch_gru_masked", &FIXTURES["torch_gru_masked"], InPlace(Sgd::new(0.005)));
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Lstms = (Masked<Lstm<_, 5, AllStates>>, Dense<_, 3>);
    learns_as_in_keras::<Lstms, _>("torch_lstm_masked", &FIXTURES["torch_lstm_masked"], Sgd::new(0.005));
}

fn series<const N: usize>(seed: u64) -> [[[f32; 4]; 7]; N] {
    let (mut rng, mut x) = (Rng::new(seed), [[[0.0; 4]; 7]; N]);
    Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = rng.normal() as f32);
    x
}

/// The bits of a sample do not depend on the samples beside it, nor on whether it is recorded for training.
#[test]
fn bits_do_not_depend_on_the_batch() {
    fn same<N: Network<Element = f32, Input = [[f32; 4]; 7], Output = [f32; 19]>>() {
        let (net, x, mut y) = (N::new(3), series::<21>(1), [[0.0; 19]; 21]);
        net.predict_batch(&x, &mut y).unwrap();
        for (x, y) in x.iter().zip(&y) {
            assert_eq!(net.predict(x).map(f32::to_bits), y.map(f32::to_bits));
        }
    }
    common::at_every_level(|_| {
        same::<SimpleRnn<[[f32; 4]; 7], 19>>();
        same::<Gru<[[f32; 4]; 7], 19>>();
        same::<Lstm<[[f32; 4]; 7], 19>>();
        same::<Reversed<Gru<[[f32; 4]; 7], 19>>>();
    });
}

/// A run that is interrupted goes on as if it had not been.
#[test]
fn checkpoints_have_recurrent_layers() {
    type Net = (Gru<[[f32; 4]; 7], 6, AllStates>, Lstm<[[f32; 6]; 7], 5>, Dense<5, 2, Softmax>);
    common::at_every_level(|_| {
        let (x, y) = (series::<12>(1), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        type Run = Trainer<Net, SparseCategoricalCrossentropy, Adam, 4>;
        let (mut first, mut second) = (Run::boxed(Adam::new(0.01), 1), Run::boxed(Adam::new(0.01), 2));
        first.fit(&x, &y, Fit::epochs(2)).unwrap();
        let file = std::env::temp_dir().join(format!("shiplap_sequences_{}", std::process::id()));
        shiplap::io::save_checkpoint(&first.state(), 2, &file).unwrap();
        shiplap::io::load_checkpoint(second.state_mut(), &file).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_eq!(first.step(&x[..4], &y[..4]).unwrap(), second.step(&x[..4], &y[..4]).unwrap());
        assert_eq!(first.network(), second.network());
    });
}

/// A network in pieces on several threads, with a frozen part, and from a file.
#[test]
fn recurrent_networks_have_every_form() {
    type Features = (Gru<[[f32; 4]; 7], 6, AllStates>, Each, Both);
    type Each = TimeDistributed<Dense<6, 3, Tanh>, 7>;
    type Both = Bidirectional<Lstm<[[f32; 3]; 7], 5>, [f32; 10]>;
    type Net = (Features, SimpleHead);
    type SimpleHead = Dense<10, 2, Softmax>;
    type Tuned = (Frozen<Features>, SimpleHead);
    let (x, y) = (series::<12>(1), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);

    let (net, mut other) = (Net::new(5), Net::new(6));
    shiplap::io::from_bytes(&mut other, &shiplap::io::to_bytes(&net).unwrap()).unwrap();
    assert_eq!(net, other);

    let mut tuned = Trainer::<Tuned, SparseCategoricalCrossentropy, Adam, 4>::boxed(Adam::new(0.01), 1);
    tuned.network_mut().0.layer = net.0.clone();
    tuned.fit(&x, &y, Fit::epochs(2)).unwrap();
    assert_eq!(tuned.network().0.layer, net.0);

    type Whole = Trainer<Net, SparseCategoricalCrossentropy, Sgd, 12>;
    type Shards = Trainer<Parallel<Net, 6, 2>, SparseCategoricalCrossentropy, Sgd, 12>;
    let (mut whole, mut shards) = (Whole::boxed(Sgd::new(0.1), 3), Shards::boxed(Sgd::new(0.1), 3));
    for _ in 0..3 {
        let losses = [whole.step(&x, &y).unwrap(), shards.step(&x, &y).unwrap()];
        assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}");
    }

    let summary = Net::summary().to_string();
    assert!(summary.contains("Gru<6, AllStates>") && summary.contains("Lstm<5>"), "{summary}");
    assert!(summary.contains("TimeDistributed<7>") && summary.contains("Reversed"), "{summary}");
    assert_eq!(Features::MACS, 7 * 3 * 6 * (4 + 6) + 7 * 6 * 3 + 2 * 7 * 4 * 5 * (3 + 5));
}
