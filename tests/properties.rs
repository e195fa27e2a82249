//! Properties that hold for any data, any number of rows and any order, at each instruction set.

mod common;

use std::cell::RefCell;

use common::{at_every_level, bits};
use proptest::{
    collection::{SizeRange, vec},
    prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest},
    sample::{Index, select},
};
use shiplap::{
    Tensor,
    loss::{Compares, Follows, Loss},
    metric::{Metric, Named},
    prelude::*,
    train::Data,
};

const BATCH: usize = 12;

/// Checks a property at each instruction set.
macro_rules! properties {
    ($($name:ident($($input:pat in $from:expr),* $(,)?) $body:block)*) => {
        $(#[test]
        fn $name() {
            at_every_level(|_| {
                let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
                proptest!(config, |($($input in $from),*)| $body);
            });
        })*
    };
}

fn finite() -> std::ops::Range<f32> {
    -5.0..5.0
}

fn rows(lengths: impl Into<SizeRange>) -> impl Strategy<Value = Vec<[f32; 3]>> {
    vec([finite(), finite(), finite()], lengths)
}

/// Labels that are a function of the row.
fn classes(x: &[[f32; 3]]) -> Vec<usize> {
    x.iter().map(|row| usize::from(row[0] > row[1]) + usize::from(row[2] > 0.0)).collect()
}

type Classes = (Dense<3, 17, Gelu>, Dense<17, 6, Tanh>, Dense<6, 3, Softmax>);
type Classifier = Trainer<Classes, SparseCategoricalCrossentropy, Adam, BATCH>;

fn same_as_one_by_one<N: Network<Element = f32, Input = [f32; 3]>>(seed: u64, x: &[[f32; 3]]) {
    let network = N::new(seed);
    let mut together = vec![N::Output::zeroed(); x.len()];
    network.predict_batch(x, &mut together).unwrap();
    let alone: Vec<N::Output> = x.iter().map(|row| network.predict(row)).collect();
    for (a, b) in N::Output::flat(&together).iter().zip(N::Output::flat(&alone)) {
        assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{a} {b}");
    }
}

properties! {
    predictions_together_are_those_one_by_one(seed in any::<u64>(), x in rows(0..30)) {
        same_as_one_by_one::<Classes>(seed, &x);
        same_as_one_by_one::<Dense<3, 1, Sigmoid>>(seed, &x);
        same_as_one_by_one::<(Dense<3, 33, Silu>, Dropout<33, 50>, Dense<33, 20, Linear>)>(seed, &x);
    }

    the_loss_of_all_is_the_mean_of_the_losses_of_each(seed in any::<u64>(), x in rows(1..30)) {
        let trainer = Classifier::new(Adam::default(), seed);
        let y = classes(&x);
        let each = (0..x.len()).map(|row| trainer.evaluate(&x[row..=row], &y[row..=row]).unwrap().loss);
        let mean = each.sum::<f64>() / x.len() as f64;
        let all = trainer.evaluate(&x, &y).unwrap().loss;
        prop_assert!((all - mean).abs() < 1e-6 * mean.max(1.0), "{all} {mean}");
    }

    the_order_of_rows_in_a_step_does_not_matter(seed in any::<u64>(), x in rows(1..=BATCH)) {
        type Net = (Dense<3, 9, Tanh, f64>, Dense<9, 3, Linear, f64>);
        let x: Vec<[f64; 3]> = x.iter().map(|row| row.map(f64::from)).collect();
        let y: Vec<[f64; 3]> = x.iter().map(|row| row.map(f64::sin)).collect();
        let [mut forwards, mut backwards] =
            [0; 2].map(|_| Trainer::<Net, MeanSquaredError, Sgd, BATCH>::new(Sgd::new(0.1), seed));
        let (mut turned_x, mut turned_y) = (x.clone(), y.clone());
        turned_x.reverse();
        turned_y.reverse();
        let loss = forwards.step(&x, &y).unwrap();
        prop_assert!((loss - backwards.step(&turned_x, &turned_y).unwrap()).abs() < 1e-12 * loss.max(1.0));
        let weights = bits(forwards.network()).into_iter().zip(bits(backwards.network()));
        for (one, other) in weights.map(|(one, other)| (f64::from_bits(one), f64::from_bits(other))) {
            prop_assert!((one - other).abs() < 1e-12, "{one} {other}");
        }
    }

    a_step_forgets_the_rows_of_longer_batches(seed in any::<u64>(), old in rows(BATCH), x in rows(1..=BATCH)) {
        type Forgetful = Trainer<Classes, SparseCategoricalCrossentropy, Sgd, BATCH>;
        let (mut used, mut fresh) = (Forgetful::new(Sgd::new(0.1), seed), Forgetful::new(Sgd::new(0.1), seed));
        used.step(&old, &classes(&old)).unwrap();
        *used.network_mut() = Network::new(seed);
        prop_assert_eq!(bits(used.network()), bits(fresh.network()));
        let loss = used.step(&x, &classes(&x)).unwrap();
        prop_assert!(loss.is_finite());
        prop_assert_eq!(loss, fresh.step(&x, &classes(&x)).unwrap());
        prop_assert_eq!(bits(used.network()), bits(fresh.network()));
    }

    no_step_makes_a_weight_infinite(
        seed in any::<u64>(),
        x in rows(BATCH),
        rate in -3.0..60.0f64,
        decay in -3.0..60.0f64,
        scale in 0.0..20.0f32,
    ) {
        fn stays_finite<O: Optimizer + std::fmt::Debug>(optimizer: O, seed: u64, x: &[[f32; 3]]) {
            let mut trainer = Trainer::<(Dense<3, 4, Relu>, Dense<4, 3, Linear>), MeanSquaredError, O, BATCH>::new(optimizer, seed);
            for _ in 0..20 {
                let before = bits(trainer.network());
                let made = trainer.step(x, x).is_ok();
                let after = bits(trainer.network());
                assert!(after.iter().all(|bits| f64::from_bits(*bits).is_finite()), "{optimizer:?}");
                assert!(made || before == after);
            }
        }
        let x: Vec<[f32; 3]> = x.iter().map(|row| row.map(|value| value * 10f32.powf(scale))).collect();
        let (rate, decay) = (10f64.powf(rate), 10f64.powf(decay));
        stays_finite(Sgd::new(rate), seed, &x);
        stays_finite(Sgd::new(1e-3).weight_decay(decay), seed, &x);
        stays_finite(Momentum::new(rate).nesterov(), seed, &x);
        stays_finite(Adam::new(rate), seed, &x);
        stays_finite(RmsProp::new(rate), seed, &x);
        stays_finite(Adagrad::new(rate), seed, &x);
        stays_finite(Lion::new(rate), seed, &x);
        stays_finite(Nadam::new(rate), seed, &x);
        stays_finite(AmsGrad::new(rate), seed, &x);
        stays_finite(RmsProp::new(rate).momentum(0.9).centered(), seed, &x);
        stays_finite(Accumulate::new(Momentum::new(rate), 3), seed, &x);
        stays_finite(InPlace(Averaged::new(Adam::new(rate), 0.9).overwrite_every(3)), seed, &x);
    }

    a_bad_input_is_named_and_leaves_no_trace(
        x in rows(1..=BATCH),
        bad in select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
        place in any::<Index>(),
        column in 0..3usize,
    ) {
        let (mut tried, mut spared) = (Classifier::new(Adam::new(0.1), 1), Classifier::new(Adam::new(0.1), 1));
        let (mut broken, y) = (x.clone(), classes(&x));
        let sample = place.index(x.len());
        broken[sample][column] = bad;
        let before = bits(tried.network());
        prop_assert_eq!(tried.step(&broken, &y), Err(TrainError::Input { data: Data::Given, sample }));
        prop_assert_eq!(tried.fit(&broken, &y, Fit::epochs(1)).unwrap_err(), TrainError::Input { data: Data::Given, sample });
        prop_assert_eq!(tried.evaluate(&broken, &y).unwrap_err(), TrainError::Input { data: Data::Given, sample });
        prop_assert_eq!(bits(tried.network()), before);
        // Neither optimizer state nor buffers keep it: the following steps are the same as without it.
        prop_assert_eq!(tried.step(&x, &y), spared.step(&x, &y));
        prop_assert_eq!(bits(tried.network()), bits(spared.network()));
    }

    an_invalid_label_is_named_and_leaves_no_trace(
        x in rows(1..=BATCH),
        class in 3..usize::MAX,
        chance in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), 1.001..9.0f32, -9.0..-0.001f32],
        place in any::<Index>(),
    ) {
        fn refuses<N, L, Y>(x: &[[f32; 3]], mut y: Vec<Y>, bad: Y, sample: usize)
        where
            N: Network<Input = [f32; 3]>,
            Y: Copy,
            L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
        {
            let mut trainer = Trainer::<N, L, Adam, BATCH, ()>::new(Adam::default(), 1);
            let before = bits(trainer.network());
            y[sample] = bad;
            let flaw = L::flaw(&bad).unwrap();
            // Compared as text, since NaN is not equal to itself.
            let error = TrainError::Label { data: Data::Given, sample, flaw, expected: L::EXPECTS }.to_string();
            assert_eq!(trainer.step(x, &y).unwrap_err().to_string(), error);
            assert_eq!(trainer.fit(x, &y, Fit::epochs(1)).unwrap_err().to_string(), error);
            assert_eq!(trainer.evaluate(x, &y).unwrap_err().to_string(), error);
            assert_eq!(bits(trainer.network()), before);
        }

        let (rows, sample) = (x.len(), place.index(x.len()));
        refuses::<Classes, SparseCategoricalCrossentropy, _>(&x, classes(&x), class, sample);
        refuses::<Classes, CategoricalCrossentropy, _>(&x, vec![[0.0, 1.0, 0.0]; rows], [chance, 0.0, 0.0], sample);
        refuses::<Dense<3, 2, Sigmoid>, BinaryCrossentropy, _>(&x, vec![[0.0, 1.0]; rows], [0.5, chance], sample);
        refuses::<Dense<3, 2, Tanh>, MeanSquaredError, _>(&x, vec![[0.0, 1.0]; rows], [0.5, f32::NAN], sample);
    }

    an_epoch_visits_each_sample_once(seed in any::<u64>(), samples in 1..70usize, shuffle in any::<bool>()) {
        visits_each::<1>(seed, samples, shuffle);
        visits_each::<3>(seed, samples, shuffle);
        visits_each::<8>(seed, samples, shuffle);
        visits_each::<64>(seed, samples, shuffle);
    }
}

/// The labels in the order in which they were seen.
#[derive(Clone, Default)]
struct Seen(Vec<usize>);

impl Metric<[f32; 1], [f32; 1]> for Seen {
    fn update(&mut self, prediction: &[f32; 1], label: &[f32; 1]) {
        // The weights are 1 and 0 and do not change: a prediction equals its input, which is also the label.
        assert_eq!(prediction, label);
        self.0.push(label[0] as usize);
    }
}

impl Named for Seen {
    fn each(&self, _: &mut dyn FnMut(&'static str, f64)) {}
}

fn visits_each<const B: usize>(seed: u64, samples: usize, shuffle: bool) {
    let x: Vec<[f32; 1]> = (0..samples).map(|sample| [sample as f32]).collect();
    let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, Sgd, B, Seen>::new(Sgd::new(0.1), seed);
    trainer.network_mut().kernel = [[1.0]];
    let orders = RefCell::new(Vec::new());
    let follow = |epoch: &Epoch<Seen>| {
        orders.borrow_mut().push(epoch.training.metrics.0.clone());
        std::ops::ControlFlow::Continue(())
    };
    trainer.fit_with(&x, &x, Fit::epochs(3).shuffle(shuffle), follow).unwrap();
    let orders = orders.into_inner();
    assert_eq!(orders.len(), 3);
    for mut order in orders {
        assert!(shuffle || order.is_sorted());
        order.sort_unstable();
        assert!(order.into_iter().eq(0..samples));
    }
}
