//! Recurrent networks: their gradients against finite differences, 50 steps of training against Keras 3 and PyTorch, and
//! the forms that every network has.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras};
use shiplap::{
    Pair, Tensor, check,
    init::Preferred,
    kernel::{Work, dispatch},
    layer::{Parameter, Path, VisitMut},
    layers::{BothEnds, Masked, image::Average},
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
    gru_stateful: Gru<_, 5, Stateful>, "torch_gru_stateful";
    lstm_stateful: Lstm<_, 5, Stateful>, "torch_lstm_stateful";
    stateful: (SimpleRnn<_, 4, Stateful<AllStates>>, Lstm<_, 5, Stateful<AllStates>>, Gru<_, 3, Stateful>), "stateful";
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
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Both = (Masked<Bidirectional<Gru<_, 5, AllStates>>, Average>, Dense<_, 3>);
    learns_as_in_keras::<Both, _>("torch_gru_both_masked", &FIXTURES["torch_gru_both_masked"], Sgd::new(0.005));
    learns_as_in_keras::<Both, _>(
        "torch_gru_both_masked",
        &FIXTURES["torch_gru_both_masked"],
        InPlace(Sgd::new(0.005)),
    );
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Ends = (Masked<Bidirectional<Gru<_, 5, AllStates>>, BothEnds>, Dense<_, 3>);
    learns_as_in_keras::<Ends, _>("gru_both_ends", &FIXTURES["gru_both_ends"], Sgd::new(0.005));
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type EndsOfLstms = (Masked<Bidirectional<Lstm<_, 5, AllStates>>, BothEnds>, Dense<_, 3>);
    learns_as_in_keras::<EndsOfLstms, _>("lstm_both_ends", &FIXTURES["lstm_both_ends"], Sgd::new(0.005));
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type BothLstms = (Masked<Bidirectional<Lstm<_, 5, AllStates>>, Average>, Dense<_, 3>);
    learns_as_in_keras::<BothLstms, _>("torch_lstm_both_masked", &FIXTURES["torch_lstm_both_masked"], Sgd::new(0.005));
}

/// A wrapper passes the lengths on to layers that look ahead: the padding has no influence on predictions, losses and
/// updates, and the outputs are those of a series without padding.
#[test]
fn lengths_inside_wrappers() {
    #[network(input = [[f32; 4]; 3])]
    type Short = (Conv1d<_, 4, 1>, TransformerBlock<_, 2, 4>, Bidirectional<Gru<_, 3, AllStates>>);
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Plain = (Masked<(Conv1d<_, 4, 1>, TransformerBlock<_, 2, 4>, Bidirectional<Gru<_, 3, AllStates>>)>,);
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type InFrozen =
        (Frozen<Masked<(Conv1d<_, 4, 1>, TransformerBlock<_, 2, 4>, Bidirectional<Gru<_, 3, AllStates>>)>>,);
    #[network(input = Pair<[[f32; 4]; 7], f32>)]
    type Annotated = (
        Masked<(
            Conv1d<_, 4, 1>,
            Initialized<TransformerBlock<_, 2, 4>, Preferred>,
            Initialized<Bidirectional<Gru<_, 3, AllStates>>, Preferred>,
        )>,
    );

    fn unaffected<Net: Network<Element = f32, Input = Pair<[[f32; 4]; 7], f32>, Output = [f32; 6]>>() -> Vec<u64> {
        let series: [[[f32; 4]; 3]; 5] = std::array::from_fn(|row| {
            std::array::from_fn(|step| std::array::from_fn(|place| ((row * 12 + step * 4 + place) as f32).sin()))
        });
        let short = Short::new(1);
        let runs = [0.0, 9.0, f32::NAN].map(|padding| {
            let samples = series.map(|series| {
                let mut padded = [[padding; 4]; 7];
                padded[..3].copy_from_slice(&series);
                Pair(padded, 3.0)
            });
            let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 5>::boxed(Sgd::new(0.1), 1);
            for (sample, series) in samples.iter().zip(&series) {
                assert_eq!(trainer.predict(sample), short.predict(series)[2]);
            }
            if padding.is_nan() {
                // An error of training.
                return Vec::new();
            }
            let losses = [(); 2].map(|()| trainer.step(&samples, &[[0.5f32; 6]; 5]).unwrap().to_bits());
            let after = trainer.predict(&samples[4]).map(|number| f64::from(number).to_bits());
            [&losses[..], &after[..]].concat()
        });
        assert_eq!(runs[0], runs[1]);
        runs[0].clone()
    }
    common::at_every_level(|_| {
        let plain = unaffected::<Plain>();
        let wrapped = unaffected::<Annotated>();
        // The loss before the first update is that without the wrappers.
        assert_eq!(wrapped[0], plain[0]);
        assert_ne!(wrapped[1], wrapped[0]);
        let sample = Pair([[0.5f32, -1.0, 0.25, 2.0]; 7], 3.0);
        assert_eq!(InFrozen::new(1).predict(&sample), Plain::new(1).predict(&sample));
    });
}

/// One series after another, in training: all pieces but the last through `before`, and the last one through `layer`.
struct Pieces<'a, L: Layer, const PIECES: usize> {
    before: &'a L,
    layer: &'a L,
    x: [[L::Input; ROWS]; PIECES],
}

const ROWS: usize = 3;

/// The outputs, and the gradient of the sum of the last ones with respect to their inputs and the parameters.
struct Passed<L: Layer, const PIECES: usize> {
    y: [[L::Output; ROWS]; PIECES],
    dx: [L::Input; ROWS],
    gradient: Box<L::Trainable>,
}

impl<L: Layer, const PIECES: usize> Work for Pieces<'_, L, PIECES> {
    type Output = Passed<L, PIECES>;

    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let (mut tape, mut y) = (L::Tape::<ROWS>::zeroed_box(), [[L::Output::zeroed(); ROWS]; PIECES]);
        for (piece, (x, y)) in self.x.iter().zip(&mut y).enumerate() {
            let layer = if piece + 1 < PIECES { self.before } else { self.layer };
            layer.record_batch::<S, Predictions, ROWS>(simd, Some(&mut Rng::new(1)), x, &mut tape, y);
        }
        let (x, last) = (&self.x[PIECES - 1], &y[PIECES - 1]);
        let (mut dx, mut dy) = ([L::Input::zeroed(); ROWS], [L::Output::zeroed(); ROWS]);
        Tensor::flat_mut(&mut dy).fill(L::Element::from_f64(1.0));
        self.layer.backward_batch::<S, Predictions, ROWS>(simd, x, &mut tape, last, &mut dy, Some(&mut dx));
        let mut gradient = L::Trainable::zeroed_box();
        self.layer.gradient_batch::<S, ROWS>(simd, x, &mut tape, &dy, &mut gradient);
        Passed { y, dx, gradient }
    }
}

/// A series in pieces has the bits of the whole series.
#[test]
fn stateful_layers_continue_a_series() {
    type Stack<const STEPS: usize, R> = (Lstm<[[f32; 4]; STEPS], 19, R>, Gru<[[f32; 19]; STEPS], 5, R>);
    common::at_every_level(|_| {
        let whole = Stack::<6, AllStates>::new(4);
        let pieces = Stack::<2, Stateful<AllStates>>::new(4);
        let x = series::<ROWS>(2).map(|x| *x.first_chunk::<6>().unwrap());
        let cut = [0, 2, 4].map(|start| x.map(|x| [x[start], x[start + 1]]));
        let Passed { y: [y], .. } = dispatch(Pieces { before: &whole, layer: &whole, x: [x] });
        let Passed { y: of_pieces, .. } = dispatch(Pieces { before: &pieces, layer: &pieces, x: cut });
        for (row, y) in y.iter().enumerate() {
            let continued: Vec<_> = of_pieces.iter().flat_map(|y| y[row]).map(|y| y.map(f32::to_bits)).collect();
            assert_eq!(continued, y.map(|y| y.map(f32::to_bits)));
            assert_eq!(*y, whole.predict(&x[row]));
        }
        // At inference, a piece starts with zero.
        assert_eq!(pieces.predict(&cut[0][0]), of_pieces[0][0]);
        assert_ne!(pieces.predict(&cut[1][0]), of_pieces[1][0]);
    });
}

/// Finite differences of the second piece, with the state after the first.
#[test]
fn gradients_of_stateful_layers() {
    type Net = (Lstm<[[f64; 4]; 2], 3, Stateful<AllStates>>, Gru<[[f64; 3]; 2], 2, Stateful<AllStates>>);
    let net = Net::new(4);
    let x = series::<ROWS>(3).map(|x| x.map(|frame| frame.map(f64::from)));
    let x = [0, 2].map(|start| x.map(|x| [x[start], x[start + 1]]));
    let sum = |layer: &Net, x| -> f64 {
        let passed = dispatch(Pieces { before: &net, layer, x });
        passed.y[1].as_flattened().as_flattened().iter().sum()
    };
    let Passed { dx, gradient, .. } = dispatch(Pieces { before: &net, layer: &net, x });
    let check = |found: f64, differences: [f64; 2]| {
        let expected = (differences[1] - differences[0]) / 2e-5;
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found}, not {expected}");
    };
    for (index, &found) in Tensor::flat(&dx).iter().enumerate() {
        check(
            found,
            [-1e-5, 1e-5].map(|change| {
                let mut x = x;
                Tensor::flat_mut(&mut x[1])[index] += change;
                sum(&net, x)
            }),
        );
    }
    for (index, found) in common::bits_of_trainable::<Net>(&gradient).into_iter().enumerate() {
        check(
            f64::from_bits(found),
            [-1e-5, 1e-5].map(|change| {
                let mut net = net.clone();
                Net::parameters_mut([&mut net], Path::ROOT, &mut Change { index, change });
                sum(&net, x)
            }),
        );
    }
}

/// Adds `change` to parameter `index`.
struct Change {
    index: usize,
    change: f64,
}

impl VisitMut<f64, 1> for Change {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [f64]; 1]) {
        if let Some(value) = values.get_mut(self.index) {
            *value += self.change;
        }
        self.index = self.index.wrapping_sub(values.len());
    }
}

/// A step that fails and an epoch that ends forget the states; a fit needs the batches in order.
#[test]
fn states_are_reset() {
    #[network(input = [[f32; 4]; 7])]
    type Net = (Gru<_, 5, Stateful>, Dense<_, 1>);
    type Run = Trainer<Net, MeanSquaredError, Sgd, 2>;
    let (x, y) = (series::<6>(1), [[0.5f32], [-0.5], [1.0], [0.0], [0.3], [0.1]]);
    let trained = |run: &dyn Fn(&mut Run)| {
        let mut trainer = Run::new(Sgd::new(0.0), 1);
        run(&mut trainer);
        trainer.step(&x[2..4], &y[2..4]).unwrap()
    };
    let [new, continued, reset, failed, fitted] = [
        trained(&|_| ()),
        trained(&|trainer| assert!(trainer.step(&x[..2], &y[..2]).is_ok())),
        trained(&|trainer| {
            trainer.step(&x[..2], &y[..2]).unwrap();
            trainer.reset_states();
        }),
        trained(&|trainer| {
            trainer.step(&x[..2], &y[..2]).unwrap();
            let error = trainer.step(&x[..2], &[[f32::MAX]; 2]).unwrap_err();
            assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
        }),
        trained(&|trainer| assert!(trainer.fit(&x[..2], &y[..2], Fit::epochs(3).shuffle(false)).is_ok())),
    ];
    assert!(new == reset && new == failed && continued != new && fitted == continued);

    let mut trainer = Run::new(Sgd::new(0.0), 1);
    let losses: Vec<f64> =
        (0..3).map(|start| trainer.step(&x[2 * start..][..2], &y[2 * start..][..2]).unwrap()).collect();
    for _ in 0..2 {
        let last = trainer.fit(&x, &y, Fit::epochs(2).shuffle(false)).unwrap();
        assert!((last.training.loss - losses.iter().sum::<f64>() / 3.0).abs() < 1e-6);
    }
    let error = trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err();
    assert!(error.to_string().contains("shuffle(false)"), "{error}");
}

/// Evaluation of pieces is that of whole series, row by row, and leaves the states of training alone.
#[test]
fn evaluation_continues_a_series() {
    type Layers<const STEPS: usize, const N: usize, R> =
        (Lstm<[[f32; 4]; STEPS], 5, R>, Gru<[[f32; 5]; STEPS], 3, R>, Flatten<[[f32; 3]; STEPS], [f32; N]>);
    type Whole = Trainer<Layers<6, 18, AllStates>, MeanSquaredError, Sgd, 2>;
    type Pieces<const BATCH: usize> = Trainer<Layers<2, 6, Stateful<AllStates>>, MeanSquaredError, Sgd, BATCH>;

    let x: [[[f32; 4]; 6]; 4] = series::<4>(2).map(|x| *x.first_chunk().unwrap());
    let y: [[f32; 18]; 4] = series::<4>(3).map(|y| *y.as_flattened().first_chunk().unwrap());
    let expected = Whole::boxed(Sgd::new(0.1), 4).evaluate(&x, &y).unwrap().loss;
    let (mut cut_x, mut cut_y) = (Vec::new(), Vec::new());
    for piece in 0..3 {
        cut_x.extend(x.map(|x| x.as_chunks::<2>().0[piece]));
        cut_y.extend(y.map(|y| y.as_chunks::<6>().0[piece]));
    }
    let [evaluated, not] = [true, false].map(|evaluates| {
        let mut trainer = Pieces::<4>::boxed(Sgd::new(0.0), 4);
        trainer.step(&cut_x[..4], &cut_y[..4]).unwrap();
        for _ in 0..2 * usize::from(evaluates) {
            let loss = trainer.evaluate(&cut_x, &cut_y).unwrap().loss;
            assert!((loss - expected).abs() < 1e-6 * expected, "{loss}, not {expected}");
        }
        trainer.step(&cut_x[4..8], &cut_y[4..8]).unwrap()
    });
    assert_eq!(evaluated, not);
    // In a batch of another size, other pieces continue each other.
    let of_two = Pieces::<2>::boxed(Sgd::new(0.1), 4).evaluate(&cut_x, &cut_y).unwrap().loss;
    assert!((of_two - expected).abs() > 1e-3 * expected, "{of_two}, {expected}");
}

/// Each row has its state, also in shards, and rows that a step leaves out keep theirs.
#[test]
fn rows_keep_their_states() {
    type Net = (Lstm<[[f32; 4]; 7], 5, Stateful>, Dense<5, 1>);
    type Run = Trainer<Net, MeanSquaredError, Sgd, 4>;
    type Shards = Trainer<Net, MeanSquaredError, AllCores<Sgd, 2, 2>, 4>;
    let (x, y) = (series::<4>(1), [[0.5f32], [-0.5], [1.0], [0.0]]);
    let (mut whole, mut shards) = (Run::boxed(Sgd::new(0.0), 1), Shards::boxed(AllCores(Sgd::new(0.0)), 1));
    for rows in [4, 4, 1, 3, 4] {
        let losses = [whole.step(&x[..rows], &y[..rows]).unwrap(), shards.step(&x[..rows], &y[..rows]).unwrap()];
        assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}");
    }
    // The first two rows are those of a trainer that has seen no other rows.
    let mut of_two = Run::boxed(Sgd::new(0.0), 1);
    for rows in [2, 2, 1, 2, 2] {
        of_two.step(&x[..rows], &y[..rows]).unwrap();
    }
    assert_eq!(whole.step(&x[..2], &y[..2]).unwrap(), of_two.step(&x[..2], &y[..2]).unwrap());
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
    type Shards = Trainer<Net, SparseCategoricalCrossentropy, AllCores<Sgd, 6, 2>, 12>;
    let (mut whole, mut shards) = (Whole::boxed(Sgd::new(0.1), 3), Shards::boxed(AllCores(Sgd::new(0.1)), 3));
    for _ in 0..3 {
        let losses = [whole.step(&x, &y).unwrap(), shards.step(&x, &y).unwrap()];
        assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}");
    }

    let summary = Net::summary().to_string();
    assert!(summary.contains("Gru<6, AllStates>") && summary.contains("Lstm<5>"), "{summary}");
    assert!(summary.contains("TimeDistributed<7>") && summary.contains("Reversed"), "{summary}");
    assert_eq!(Features::MACS, 7 * 3 * 6 * (4 + 6) + 7 * 6 * 3 + 2 * 7 * 4 * 5 * (3 + 5));
}
