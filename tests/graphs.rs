//! Networks with normalization and branches: their gradients against finite differences, 50 steps of training against
//! Keras 3, and each form of such a network.

mod common;
#[path = "common/keras.rs"]
mod keras;

use std::{collections::BTreeMap, sync::LazyLock};

use keras::{Fixture, fixtures, learns_as_in_keras, learns_with_loss_as_in_keras};
use shiplap::{
    Pair, Tensor, check, io,
    layers::{
        Add, Both, Branches, Concat, Constant, First, GroupNorm, Identity, LayerNorm, MatMul, Maximum, Minimum,
        Multiply, Second, SquaredDifference, Subtract,
    },
    loss::PairLoss,
    prelude::*,
};

static FIXTURES: LazyLock<BTreeMap<String, Fixture>> = LazyLock::new(|| fixtures("graphs.json"));

macro_rules! networks {
    ($($name:ident: $layers:ty;)*) => {
        $(#[test]
        fn $name() {
            #[network(input = Image<9, 8, 2>)]
            type Net = $layers;
            learns_as_in_keras::<Net, _>(stringify!($name), &FIXTURES[stringify!($name)], Sgd::new(0.005));
            #[cfg(feature = "exhaustive")]
            learns_as_in_keras::<Net, _>(stringify!($name), &FIXTURES[stringify!($name)], InPlace(Sgd::new(0.005)));
        })*
    };
}
networks! {
    batch_norm: (
        (Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, BatchNorm<_, Linear, 90, -5>),
        Flatten<_>,
        Dense<_, 5>,
        BatchNorm<_, Tanh, 50>,
        Dense<_, 3>
    );
    norms: (
        (Conv2d<_, 6, 3, Linear, Same>, GroupNorm<_, 3, Tanh>, LayerNorm<_, Linear, -5>, GroupNorm<_, 6>),
        Flatten<_>,
        Dense<_, 5>,
        LayerNorm<_, Silu>,
        Dense<_, 3>
    );
    residual: (
        Conv2d<_, 4, 3, Tanh, Same>,
        Residual<(Conv2d<_, 4, 3, Tanh, Same>, Conv2d<_, 4, 3, Linear, Same>), Relu>,
        Residual<
            (Conv2d<_, 6, 3, Tanh, Same<2>>, BatchNorm<_>, Conv2d<_, 6, 3, Linear, Same>),
            Silu,
            Conv2d<_, 6, 1, Linear, Same<2>>,
        >,
        GlobalAveragePool<_>,
        Dense<_, 3>
    );
    concat: (
        Branches<
            (Conv2d<_, 2, 1, Relu>, Conv2d<_, 3, 3, Tanh, Same>),
            (MaxPool2d<_, 3, Same>, Conv2d<_, 2, 3, Linear, Same>),
            Concat,
        >,
        Conv2d<_, 3, 3, Tanh, Same<2>>,
        Flatten<_>,
        Dense<_, 3>
    );
    arithmetic: (
        Conv2d<_, 4, 3, Tanh, Same>,
        Branches<Identity<_>, (GlobalAveragePool<_>, Dense<_, 2, Tanh>, Dense<_, 4, Sigmoid>), Multiply>,
        Branches<Conv2d<_, 4, 3, Linear, Same>, GlobalAveragePool<_>, Subtract<Tanh>>,
        Branches<Identity<_>, Constant<Image<9, 8, 4>, [f32; 4]>, Multiply>,
        Flatten<_>,
        Dense<_, 3>
    );
    extremes: (
        Branches<Conv2d<_, 2, 3, Tanh, Same<2>>, Conv2d<_, 2, 3, Linear, Same<2>>, Maximum>,
        Branches<Conv2d<_, 2, 3, Linear, Same>, GlobalAveragePool<_>, Minimum<Tanh>>,
        Flatten<_>,
        Dense<_, 3>
    );
}

/// Two inputs and two outputs.
#[network(input = Pair<Image<9, 8, 2>, [f32; 4]>)]
type Pairs = (
    Branches<(First<_>, Conv2d<_, 3, 3, Tanh>, Flatten<_>), (Second<_>, Dense<_, 5, Tanh>), Concat>,
    Dense<_, 6, Tanh>,
    Branches<(Dense<_, 4, Tanh>, Dense<_, 3>), Dense<_, 2, Sigmoid>, Both>,
);
type LossOfPairs = PairLoss<MeanSquaredError, BinaryCrossentropy>;

#[test]
fn pairs() {
    let loss = LossOfPairs { weights: [2.0, 0.5], ..LossOfPairs::default() };
    let learns = learns_with_loss_as_in_keras::<Pairs, _, _, _>;
    learns("pairs", &FIXTURES["pairs"], Sgd::new(0.005), loss, |&Pair(numbers, shares)| (numbers, shares));
}

#[test]
fn pairs_have_gradients() {
    /// Members of a pair inside of the network, and pairs of pairs.
    #[network(input = Pair<[f64; 2], Pair<Image<2, 2, 1, f64>, f64>>)]
    type Nested = (
        Branches<
            (Branches<First<_>, (Second<_>, First<_>, Conv2d<_, 2, 1, Tanh>, Flatten<_>), Both>, Activate<Tanh, _>),
            Branches<(First<_>, Dense<_, 3, Gelu, f64>), (Second<_>, Second<_>, Reshape<_, [f64; 1]>), Both>,
            Both,
        >,
        Branches<
            (First<_>, Branches<(First<_>, Dense<_, 4, Linear, f64>), (Second<_>, Dense<_, 4, Silu, f64>), Add<Tanh>>),
            (Second<_>, Identity<_>),
            Both,
        >,
        Branches<
            Branches<(First<_>, Dense<_, 2, Softmax, f64>), (Second<_>, Second<_>), Both>,
            (Flatten<_>, Dense<_, 2, Sigmoid, f64>),
            Both,
        >,
    );
    check::gradients::<Nested>().unwrap();
    assert_eq!(<Nested as shiplap::Layer>::Output::LEN, 2 + 1 + 2);
}

#[test]
fn products_and_differences_have_gradients() {
    type Pixels = Image<3, 2, 4, f64>;
    #[network(input = Image<3, 2, 4, f64>)]
    type Joined = (
        // A number for each channel, and one for each number.
        Branches<Conv2d<_, 4, 1, Tanh>, (GlobalAveragePool<_>, Dense<_, 4, Sigmoid, f64>), Multiply<Tanh>>,
        Branches<Identity<_>, Conv2d<_, 4, 1, Gelu>, Multiply>,
        Branches<Conv2d<_, 4, 1>, GlobalAveragePool<_>, Subtract>,
        Branches<Identity<_>, Constant<Pixels, [f64; 4]>, Add>,
        Branches<Identity<_>, Constant<Pixels, Pixels>, Subtract<Tanh>>,
        Branches<Conv2d<_, 4, 1>, GlobalAveragePool<_>, SquaredDifference>,
        Branches<Identity<_>, Conv2d<_, 4, 1>, Maximum<Tanh>>,
        Branches<Conv2d<_, 4, 1>, GlobalAveragePool<_>, Minimum>,
    );
    check::gradients::<Joined>().unwrap();
}

#[test]
fn matrix_products_have_gradients() {
    /// One matrix, and several side by side.
    #[network(input = Image<2, 3, 4, f64>)]
    type Attended = (
        Branches<Conv2d<_, 2, 1, Tanh>, (Conv2d<_, 4, 1>, Reshape<_, Image<2, 2, 6, f64>>), MatMul>,
        Activate<Softmax, _>,
        Reshape<_, [[f64; 6]; 6]>,
        Branches<Identity<_>, Conv1d<_, 5, 1, Tanh>, MatMul>,
        Branches<
            (Flatten<_>, Dense<_, 7, Gelu, f64>, Reshape<_, [[f64; 7]; 1]>),
            (Flatten<_>, Dense<_, 21, Linear, f64>, Reshape<_, [[f64; 3]; 7]>),
            MatMul,
        >,
    );
    check::gradients::<Attended>().unwrap();
    assert_eq!(Attended::MACS, 2 * 3 * (4 * 2 + 4 * 4 + 2 * 6) + 6 * 6 * 5 + 6 * 6 * 5 + 30 * 7 + 30 * 21 + 7 * 3);
}

/// The forms of a network with two inputs and outputs compute the same as the network.
#[test]
fn pairs_have_every_form() {
    type Whole = Trainer<Pairs, LossOfPairs, Adam, 8>;
    let mut rng = Rng::new(1);
    let mut x = vec![<Pairs as shiplap::Layer>::Input::zeroed(); 12];
    Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = rng.normal() as f32);
    let y: Vec<([f32; 3], [f32; 2])> = x
        .iter()
        .map(|Pair(image, numbers)| ([image[0][0][0], numbers[0], 1.0], [1.0, f32::from(numbers[1] > 0.0)]))
        .collect();
    let mut trainer = Whole::boxed(Adam::new(0.01), 3);
    let before = trainer.evaluate(&x, &y).unwrap().loss;
    trainer.fit(&x, &y, Fit::epochs(60)).unwrap();
    let report = trainer.evaluate(&x, &y).unwrap();
    assert!(report.loss < 0.2 * before, "{report:?} {before}");

    let net = trainer.network();
    let mut predictions = vec![<Pairs as shiplap::Layer>::Output::zeroed(); 12];
    net.predict_batch(&x, &mut predictions).unwrap();
    for (x, Pair(numbers, shares)) in x.iter().zip(&predictions) {
        let one = net.predict(x);
        assert!(one.0.iter().zip(numbers).chain(one.1.iter().zip(shares)).all(|(a, b)| (a - b).abs() < 1e-5));
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
    }
    let mut restored = Pairs::new(6);
    io::from_bytes(&mut restored, &io::to_bytes(net).unwrap()).unwrap();
    assert_eq!(*net, restored);

    type Shards = Trainer<Pairs, LossOfPairs, AllCores<Adam, 2, 8>, 8>;
    let (mut whole, mut shards) = (Whole::boxed(Adam::new(0.01), 3), Shards::boxed(AllCores(Adam::new(0.01)), 3));
    type InBands = Trainer<Pairs, LossOfPairs, InPlace<Adam>, 8>;
    let mut in_place = InBands::boxed(InPlace(Adam::new(0.01)), 3);
    for rows in [8, 5, 8] {
        let losses = [
            whole.step(&x[..rows], &y[..rows]),
            shards.step(&x[..rows], &y[..rows]),
            in_place.step(&x[..rows], &y[..rows]),
        ];
        assert!(losses[0] == losses[1] && losses[0] == losses[2], "{losses:?}");
    }
    assert!(whole.network() == shards.network() && whole.network() == in_place.network());

    let error = trainer.step(&x[..1], &[([0.0f32; 3], [2.0f32, 0.0])]).unwrap_err().to_string();
    assert!(error.contains("holds 2") && error.contains("as the second"), "{error}");
    let of_both = io::to_onnx(&Activate::<Relu, Pair<[f32; 2], [f32; 1]>>::new(1)).unwrap_err().to_string();
    assert!(of_both.contains("pair"), "{of_both}");
    let summary = Pairs::summary().to_string();
    assert!(summary.lines().any(|line| line.contains("Both") && line.contains("[[3], [2]]")), "{summary}");
}

/// A network with everything.
#[network(input = Image<3, 2, 1, f64>)]
type Graph = (
    Conv2d<_, 2, 2, Tanh, Same>,
    Residual<(BatchNorm<_, Silu>, Conv2d<_, 2, 3, Linear, Same>), Silu>,
    Branches<Conv2d<_, 1, 1, Tanh>, (BatchNorm<_>, Conv2d<_, 2, 1>), Concat>,
    Flatten<_>,
    Branches<Dense<_, 3, Tanh, f64>, Branches<Dense<_, 3, Linear, f64>, Dense<_, 3, Gelu, f64>, Add>, Add<Sigmoid>>,
    Branches<Identity<_>, Dense<_, 2, Linear, f64>, Concat>,
    Dense<_, 2, Softmax, f64>,
);

#[test]
fn gradients() {
    check::gradients::<Graph>().unwrap();
    // Branches without weights, before and behind weights.
    check::gradients::<(Residual<Activate<Tanh, [f64; 3]>, Sigmoid>, Dense<3, 2, Linear, f64>)>().unwrap();
    check::gradients::<(Dense<2, 3, Tanh, f64>, Residual<Frozen<Dense<3, 3, Tanh, f64>>>)>().unwrap();
    check::gradients::<Residual<Dense<3, 3, Tanh, f64>, Softmax, Frozen<Dense<3, 3, Linear, f64>>>>().unwrap();
}

/// A saved file, frozen layers, and several threads compute the same as the network itself.
#[test]
fn networks_with_branches_have_every_form() {
    #[network(input = Image<4, 3, 2>)]
    type Features = (Conv2d<_, 4, 3, Linear, Same>, BatchNorm<_, Relu>, Residual<Conv2d<_, 4, 3, Relu, Same>>);
    #[network(input = Image<4, 3, 2>)]
    type Net = (Features, Flatten<_>, Dense<_, 2, Softmax>);
    #[network(input = Image<4, 3, 2>)]
    type Tuned = (Frozen<Features>, Flatten<_>, Dense<_, 2, Softmax>);

    let mut rng = Rng::new(1);
    let mut x = vec![<Image<4, 3, 2>>::zeroed(); 8];
    Tensor::flat_mut(&mut x).iter_mut().for_each(|value| *value = 3.0 + rng.normal() as f32);
    let y: Vec<usize> = (0..8).map(|index| index % 2).collect();

    type Whole = Trainer<Net, SparseCategoricalCrossentropy, Adam, 8>;
    let mut trainer = Whole::boxed(Adam::new(0.01), 3);
    trainer.fit(&x, &y, Fit::epochs(20)).unwrap();
    let net = trainer.network();
    let statistics = (net.0.1.mean, net.0.1.variance);
    assert!(statistics.0 != [0.0; 4] && statistics.1 != [1.0; 4]);

    let mut restored = Net::new(6);
    io::from_bytes(&mut restored, &io::to_bytes(net).unwrap()).unwrap();
    assert_eq!(*net, restored);
    let mut resumed = Whole::boxed(Adam::new(0.01), 4);
    let file = std::env::temp_dir().join(format!("shiplap_graphs_{}", std::process::id()));
    io::save_checkpoint(&trainer.state(), 20, &file).unwrap();
    io::load_checkpoint(resumed.state_mut(), &file).unwrap();
    std::fs::remove_file(file).unwrap();
    let losses = [trainer.step(&x, &y).unwrap(), resumed.step(&x, &y).unwrap()];
    assert_eq!(losses[0], losses[1]);
    assert_eq!(trainer.network(), resumed.network());

    // Frozen layers normalize as at inference, and keep their statistics.
    let mut tuned = Trainer::<Tuned, SparseCategoricalCrossentropy, Sgd, 8>::boxed(Sgd::new(0.1), 1);
    tuned.network_mut().0.layer = trainer.network().0.clone();
    let before = tuned.evaluate(&x, &y).unwrap().loss;
    assert!((tuned.step(&x, &y).unwrap() - before).abs() < 1e-6);
    assert_eq!(tuned.network().0.layer, trainer.network().0);

    // One shard with all rows computes the same; the last batch may be shorter.
    type Shards = Trainer<Net, SparseCategoricalCrossentropy, AllCores<Adam, 2, 8>, 8>;
    let (mut whole, mut shards) = (Whole::boxed(Adam::new(0.01), 3), Shards::boxed(AllCores(Adam::new(0.01)), 3));
    for rows in [8, 5, 8] {
        assert_eq!(whole.step(&x[..rows], &y[..rows]), shards.step(&x[..rows], &y[..rows]));
    }
    assert_eq!(whole.network(), shards.network());
    // Two shards move the statistics by their shares.
    type Halves = Trainer<Net, SparseCategoricalCrossentropy, AllCores<Adam, 2, 4>, 8>;
    let mut halves = Halves::boxed(AllCores(Adam::new(0.01)), 3);
    halves.step(&x, &y).unwrap();
    let (whole, halves) = (Whole::boxed(Adam::new(0.01), 3), halves.network());
    assert!(whole.network().0.1.mean == [0.0; 4] && halves.0.1.mean.iter().all(|mean| mean.abs() > 1e-4));
}

/// A batch whose variance overflows diverges, and nothing changes.
#[test]
fn an_infinite_variance_is_divergence() {
    type Net = (BatchNorm<[f32; 1]>, Dense<1, 1>);
    let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 2, ()>::new(Sgd::new(0.1), 1);
    let before = trainer.network().clone();
    let error = trainer.step(&[[1e30f32], [-1e30]], &[[1.0f32], [0.0]]).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert_eq!(*trainer.network(), before);
}

/// The running statistics are then those of the last batch.
#[test]
fn at_momentum_0_inference_is_training() {
    type Net = (BatchNorm<[f32; 2], Linear, 0>, Dense<2, 1>);
    let (x, y) = ([[1.0f32, 5.0], [2.0, -1.0], [4.0, 0.0]], [[1.0f32], [0.0], [2.0]]);
    let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 4, ()>::new(Sgd::new(1e-9), 1);
    let loss = trainer.step(&x, &y).unwrap();
    assert!((trainer.evaluate(&x, &y).unwrap().loss - loss).abs() < 1e-5);
    assert_eq!(trainer.network().0.mean[1], 4.0 / 3.0);
}
