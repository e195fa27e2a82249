//! Optimizers defined outside the crate: clipping, weight decay, penalties and `InPlace` apply to them bit for bit as
//! to the built-in ones. Wrappers of optimizers. `tests/reference.rs` compares the formulas with Keras.

mod common;

use common::bits;
use shiplap::{
    kernel::{Element, Real, Tensor},
    loss::Loss,
    optim::{Accumulate, AmsGrad, Averaged, KeepsAverage, Lion, MicroBatches, Nadam, PerWeight, Settings},
    prelude::*,
};

/// Copies of the formulas in the crate.
#[derive(Clone, Copy)]
struct OwnSgd(Settings);

impl Optimizer for OwnSgd {
    type State = PerWeight<0>;
    type Step = f64;
    const NAME: &'static str = "OwnSgd";

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.0
    }

    fn largest_step(&self) -> f64 {
        1.0
    }

    fn step(&self, _: u64, rate: f64) -> f64 {
        rate
    }

    #[inline(always)]
    fn update<V: Real>(rate: f64, g: V, w: V, []: [V; 0]) -> (V, [V; 0]) {
        (w - V::splat(rate) * g, [])
    }
}

#[derive(Clone, Copy)]
struct OwnMomentum(Settings);

impl Optimizer for OwnMomentum {
    type State = PerWeight<1>;
    type Step = f64;
    const NAME: &'static str = "OwnMomentum";

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.0
    }

    fn largest_step(&self) -> f64 {
        10.0
    }

    fn step(&self, _: u64, rate: f64) -> f64 {
        rate
    }

    #[inline(always)]
    fn update<V: Real>(rate: f64, g: V, w: V, [v]: [V; 1]) -> (V, [V; 1]) {
        let v = V::splat(0.9) * v - V::splat(rate) * g;
        (w + v, [v])
    }
}

/// AMSGrad without bias correction: three numbers of state, and no counterpart in the crate.
#[derive(Clone, Copy)]
struct OwnThree(Settings);

impl Optimizer for OwnThree {
    type State = PerWeight<3>;
    type Step = f64;
    const NAME: &'static str = "OwnThree";

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.0
    }

    fn check_state(state: &[f64]) -> Result<(), &'static str> {
        if state[1] >= 0.0 && state[2] >= state[1] { Ok(()) } else { Err("the mean square is impossible") }
    }

    fn largest_step(&self) -> f64 {
        1e4
    }

    fn step(&self, _: u64, rate: f64) -> f64 {
        rate
    }

    #[inline(always)]
    fn update<V: Real>(rate: f64, g: V, w: V, [m, v, most]: [V; 3]) -> (V, [V; 3]) {
        let m = m + V::splat(0.1) * (g - m);
        let v = v + V::splat(0.01) * (g * g - v);
        let most = v.max(most);
        (w - V::splat(rate) * m / (most.sqrt() + V::splat(1e-4)), [m, v, most])
    }
}

type Net = (Dense<3, 40, Tanh>, Dense<40, 2, Linear>);

fn trained<O: Optimizer>(optimizer: O) -> Vec<u64> {
    let mut rng = Rng::new(4);
    let x: [[f32; 3]; 21] = std::array::from_fn(|_| std::array::from_fn(|_| rng.normal() as f32));
    let y = x.map(|[a, b, c]| [a * b - c, 3.0 * a]);
    let mut trainer = Trainer::<Net, MeanSquaredError, O, 8>::boxed(optimizer, 1);
    trainer.fit(&x, &y, Fit::epochs(5)).unwrap();
    bits(trainer.network())
}

/// An optimizer without settings, and with each setting that the crate applies.
fn variants<O: Optimizer>(optimizer: O) -> [Vec<u64>; 5] {
    [
        optimizer,
        optimizer.weight_decay(0.1),
        optimizer.clip(Clip::Value(0.01)),
        optimizer.penalty(Penalty { l1: 1e-2, l2: 1e-2 }),
        optimizer.weight_decay(0.2).clip(Clip::Value(0.02)).penalty(Penalty::l2(0.1)),
    ]
    .map(trained)
}

/// The variants with and without memory for the gradient. Within each group, all results differ.
fn all_variants<O: Optimizer>(optimizer: O) -> [[Vec<u64>; 5]; 2] {
    let all = [variants(optimizer), variants(InPlace(optimizer))];
    for variants in &all {
        for (index, one) in variants.iter().enumerate() {
            assert!(!variants[..index].contains(one), "variant {index} is another's equal");
        }
    }
    all
}

#[test]
fn a_custom_sgd_equals_the_built_in_one_with_every_setting() {
    let own = OwnSgd(Settings::new(0.05));
    assert!(all_variants(own) == all_variants(Sgd::new(0.05)));
    let clipped = |norm| (trained(own.clip(Clip::Norm(norm))), trained(Sgd::new(0.05).clip(Clip::Norm(norm))));
    let (own, built_in) = clipped(0.1);
    assert!(own == built_in && own != clipped(0.2).0);
}

#[test]
fn a_custom_momentum_equals_the_built_in_one_with_every_setting() {
    assert!(all_variants(OwnMomentum(Settings::new(0.02))) == all_variants(Momentum::new(0.02)));
}

#[test]
fn every_setting_applies_to_a_formula_that_is_not_built_in() {
    all_variants(OwnThree(Settings::new(0.01)));
}

#[test]
fn a_custom_optimizer_stops_before_a_weight_is_infinite() {
    let mut trainer =
        Trainer::<Dense<1, 1, Linear>, MeanSquaredError, OwnThree, 1>::new(OwnThree(Settings::new(1e38)), 1);
    let error = trainer.step(&[[1.0f32]], &[[2.0]]).unwrap_err();
    assert_eq!(error, TrainError::Diverged { epoch: None, step: 0 });
}

type Line = Dense<1, 1, Linear, f64>;

fn line() -> ([[f64; 1]; 6], [[f64; 1]; 6]) {
    let x = [[0.1], [0.9], [-0.4], [0.6], [-1.2], [0.3]];
    (x, x.map(|[x]| [2.0 * x + 1.0]))
}

/// With one row per step, the mean of three gradients equals the gradient of a batch of three rows.
#[test]
fn accumulated_steps_equal_those_of_a_larger_batch() {
    let (x, y) = line();
    let adam = Adam::new(0.1).clip(Clip::Norm(0.5)).weight_decay(0.1);
    let mut whole = Trainer::<Line, MeanSquaredError, Adam, 3>::new(adam, 1);
    let mut parts = Trainer::<Line, MeanSquaredError, Accumulate<Adam>, 1>::new(Accumulate::new(adam, 3), 1);
    whole.fit(&x, &y, Fit::epochs(10).shuffle(false)).unwrap();
    parts.fit(&x, &y, Fit::epochs(10).shuffle(false)).unwrap();
    let pairs = bits(whole.network()).into_iter().zip(bits(parts.network()));
    for (one, other) in pairs.map(|(one, other)| (f64::from_bits(one), f64::from_bits(other))) {
        assert!((one - other).abs() < 1e-12, "{one} {other}");
    }
}

/// An image network, with a penalty, clipping and decay, whose epochs end with a batch of 5 rows.
#[test]
fn steps_in_parts_equal_those_of_the_whole_batch() {
    #[network(input = Image<8, 8, 1, f64>)]
    type Net = (
        Regularized<Conv2d<_, 4, 3, Relu>, L2<1, -3>>,
        MaxPool2d<_, 2>,
        Conv2d<_, 8, 3, Gelu, Same>,
        (Flatten<_>, Dense<_, 3, Softmax, f64>),
    );
    type Of<O> = Trainer<Net, SparseCategoricalCrossentropy, O, 16>;
    let mut rng = Rng::new(3);
    let x: [Image<8, 8, 1, f64>; 37] = std::array::from_fn(|_| [[(); 8]; 8].map(|row| row.map(|()| [rng.normal()])));
    let y: [usize; 37] = std::array::from_fn(|_| (rng.uniform() * 3.0) as usize);
    let adam = Adam::new(0.01).clip(Clip::Norm(0.5)).weight_decay(0.1).schedule(Schedule::Exponential {
        initial: 0.01,
        every: 4,
        factor: 0.9,
    });

    fn run<O: KeepsAverage>(optimizer: O, x: &[Image<8, 8, 1, f64>], y: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let mut trainer = Of::<O>::boxed(optimizer, 1);
        let mut history = History::default();
        trainer.fit_with(x, y, Fit::epochs(8), &mut history).unwrap();
        let losses = history.epochs.iter().map(|epoch| epoch.training.loss).collect();
        trainer.swap_average();
        (losses, bits(trainer.network()).into_iter().map(f64::from_bits).collect())
    }
    let averaged = Averaged::new(adam, 0.9);
    let (losses, weights) = run(averaged, &x, &y);
    let compare = |(other_losses, other_weights): (Vec<f64>, Vec<f64>)| {
        for (one, other) in losses.iter().chain(&weights).zip(other_losses.iter().chain(&other_weights)) {
            assert!((one - other).abs() < 1e-11, "{one} {other}");
        }
    };
    compare(run(MicroBatches::<_, 1>(averaged), &x, &y));
    compare(run(MicroBatches::<_, 3>(averaged), &x, &y));
    compare(run(Averaged::new(MicroBatches::<_, 15>(adam), 0.9), &x, &y));
    assert_eq!((losses.clone(), weights.clone()), run(MicroBatches::<_, 16>(averaged), &x, &y));
    assert_eq!((losses.clone(), weights.clone()), run(MicroBatches::<_, 20>(averaged), &x, &y));
}

/// A step that fails after its first parts changes nothing, and the next one forgets their gradients.
#[test]
fn a_step_in_parts_that_diverges_changes_nothing() {
    let (x, y) = line();
    type Parts = Trainer<Line, MeanSquaredError, MicroBatches<Sgd, 1>, 3>;
    let new = || Parts::new(MicroBatches(Sgd::new(0.1)), 1);
    let (mut tried, mut spared) = (new(), new());
    assert!(tried.step(&[[0.5], [1.0], [1e300]], &[[1.0]; 3]).is_err());
    assert!(matches!(tried.step(&x[..4], &y[..4]), Err(TrainError::BatchTooLarge { rows: 4, batch: 3 })));
    for trainer in [&mut tried, &mut spared] {
        trainer.step(&x[..3], &y[..3]).unwrap();
    }
    assert_eq!(bits(tried.network()), bits(spared.network()));
}

#[test]
fn a_diverging_batch_does_not_change_the_sum_of_gradients() {
    let (x, y) = line();
    let new = || Trainer::<Line, MeanSquaredError, Accumulate<Sgd>, 1>::new(Accumulate::new(Sgd::new(0.1), 2), 1);
    let (mut tried, mut spared) = (new(), new());
    for trainer in [&mut tried, &mut spared] {
        trainer.step(&x[..1], &y[..1]).unwrap();
    }
    assert!(tried.step(&[[1e300]], &[[1.0]]).is_err());
    for trainer in [&mut tried, &mut spared] {
        trainer.step(&x[1..2], &y[1..2]).unwrap();
    }
    assert_eq!(bits(tried.network()), bits(spared.network()));
}

#[test]
fn the_average_is_that_of_the_weights_after_each_step() {
    let (x, y) = line();
    let mut plain = Trainer::<Line, MeanSquaredError, Momentum, 6>::new(Momentum::new(0.1), 1);
    let averaged = Averaged::new(Momentum::new(0.1), 0.75);
    let mut trainer = Trainer::<Line, MeanSquaredError, Averaged<Momentum>, 6>::new(averaged, 1);
    let start = bits(trainer.network());
    trainer.swap_average();
    assert_eq!(bits(trainer.network()), start, "there is no average before the first step");
    let mut average = None;
    for _ in 0..9 {
        plain.step(&x, &y).unwrap();
        trainer.step(&x, &y).unwrap();
        assert_eq!(bits(plain.network()), bits(trainer.network()));
        let weight = plain.network().kernel[0][0];
        average = Some(average.map_or(weight, |average| 0.75 * average + 0.25 * weight));
    }
    trainer.swap_average();
    assert!((trainer.network().kernel[0][0] - average.unwrap()).abs() < 1e-14);
    trainer.swap_average();
    assert_eq!(bits(plain.network()), bits(trainer.network()));
}

#[test]
fn the_average_starts_with_the_first_update() {
    let (x, y) = line();
    fn starts<O: KeepsAverage>(optimizer: O, x: &[[f64; 1]; 6], y: &[[f64; 1]; 6]) {
        let mut trainer = Trainer::<Line, MeanSquaredError, O, 1>::new(optimizer, 1);
        let start = bits(trainer.network());
        trainer.step(&x[..1], &y[..1]).unwrap();
        trainer.swap_average();
        assert_eq!(bits(trainer.network()), start);
        trainer.step(&x[1..2], &y[1..2]).unwrap();
        let updated = bits(trainer.network());
        assert_ne!(updated, start);
        // After one update, the average equals the weights.
        trainer.swap_average();
        assert_eq!(bits(trainer.network()), updated);
    }
    starts(Averaged::new(Accumulate::new(Sgd::new(0.1), 2), 0.9), &x, &y);
    starts(Accumulate::new(Averaged::new(Sgd::new(0.1), 0.9), 2), &x, &y);
}

#[test]
fn wrappers_nest_and_take_the_documented_memory() {
    type Sized<O> = Trainer<Net, MeanSquaredError, O, 4>;
    let copies = |bytes: usize| (bytes - Sized::<InPlace<Sgd>>::BYTES).div_ceil(Net::BYTES + 64);
    assert_eq!(copies(Sized::<Sgd>::BYTES), 1);
    assert_eq!(copies(Sized::<Adam>::BYTES), 3);
    assert_eq!(copies(Sized::<AmsGrad>::BYTES), 4);
    assert_eq!(copies(Sized::<RmsProp>::BYTES), 2);
    assert_eq!(copies(Sized::<RmsProp<true, true>>::BYTES), 4);
    assert_eq!(copies(Sized::<Accumulate<Adam>>::BYTES), 4);
    assert_eq!(copies(Sized::<MicroBatches<Adam, 4>>::BYTES), 4);
    assert_eq!(copies(Sized::<Averaged<Adam>>::BYTES), 4);
    assert_eq!(copies(Sized::<Averaged<Accumulate<Adam>>>::BYTES), 5);
    assert_eq!(copies(Sized::<InPlace<Averaged<Adam>>>::BYTES), 3);
    // The average is the same with and without memory for the gradient.
    let averaged = Averaged::new(Sgd::new(0.05), 0.9).overwrite_every(3);
    let pairs = trained(averaged).into_iter().zip(trained(InPlace(averaged)));
    for (one, other) in pairs.map(|(one, other)| (f64::from_bits(one), f64::from_bits(other))) {
        assert!((one - other).abs() < 1e-6, "{one} {other}");
    }
    assert_ne!(trained(averaged), trained(Sgd::new(0.05)));
}

#[test]
fn settings_of_wrappers_are_checked() {
    fn refused<O: Optimizer>(name: &str, optimizer: O) {
        let what = optimizer.check().unwrap_err();
        assert!(what.contains(name), "{name}: {what}");
    }
    refused("`steps`", Accumulate::new(Sgd::default(), 0));
    refused("`InPlace`", InPlace(Accumulate::new(Sgd::default(), 2)));
    refused("learning rate", Accumulate::new(Sgd::new(-1.0), 2));
    refused("learning rate", Averaged::new(Sgd::new(-1.0), 0.9));
    refused("`overwrite`", Averaged::new(Sgd::default(), 0.9).overwrite_every(0));
    for bad in [-0.1, 1.0, f64::NAN] {
        refused("`decay`", Averaged::new(Sgd::default(), bad));
        refused("`beta1`", Lion { beta1: bad, ..Lion::default() });
        refused("`beta2`", Nadam(Adam { beta2: bad, ..Adam::default() }));
        refused("`beta1`", Adam { beta1: bad, ..Adam::default() }.amsgrad());
        refused("`momentum`", RmsProp::default().momentum(bad));
        refused("`momentum`", Sgd::default().momentum(bad));
    }
    refused("`epsilon`", Nadam(Adam { epsilon: 0.0, ..Adam::default() }));
}

#[test]
fn runs_of_wrapped_optimizers_resume() {
    fn resumes<O: Optimizer>(optimizer: O) {
        let (x, y) = line();
        let new = |seed| Trainer::<Line, MeanSquaredError, O, 1>::new(optimizer, seed);
        let (mut first, mut second) = (new(1), new(2));
        // Four steps are one update from three gradients, and one remaining gradient.
        first.fit(&x[..4], &y[..4], Fit::epochs(1)).unwrap();
        let path = std::env::temp_dir().join(format!("shiplap.resumes.{}.safetensors", std::process::id()));
        shiplap::io::save_checkpoint(&first.state(), 1, &path).unwrap();
        assert_eq!(shiplap::io::load_checkpoint(second.state_mut(), &path).unwrap(), 1);
        std::fs::remove_file(path).unwrap();
        for trainer in [&mut first, &mut second] {
            trainer.fit(&x, &y, Fit::epochs(4).from_epoch(1)).unwrap();
        }
        assert_eq!(bits(first.network()), bits(second.network()));
    }
    resumes(Accumulate::new(Adam::new(0.1), 3));
    resumes(Averaged::new(Accumulate::new(Momentum::new(0.1), 3), 0.9).overwrite_every(2));
    resumes(InPlace(Averaged::new(RmsProp::new(0.1).momentum(0.5).centered(), 0.9)));
    resumes(Adam::new(0.1).amsgrad());
}

#[test]
fn new_formulas_stop_before_a_weight_is_infinite() {
    fn overflows<O: Optimizer>(optimizer: O) {
        let mut trainer = Trainer::<Dense<1, 1, Linear>, MeanSquaredError, O, 1>::new(optimizer, 1);
        let before = bits(trainer.network());
        let error = trainer.step(&[[1.0f32]], &[[2.0]]).unwrap_err();
        assert_eq!(error, TrainError::Diverged { epoch: None, step: 0 });
        assert_eq!(bits(trainer.network()), before);
    }
    for rate in [1e38, 3e38] {
        overflows(Lion::new(rate));
        overflows(Nadam::new(rate));
        overflows(AmsGrad::new(rate));
        overflows(RmsProp::new(rate).momentum(0.9).centered());
        overflows(Averaged::new(Sgd::new(rate), 0.9));
        overflows(Accumulate::new(Sgd::new(rate), 1));
        overflows(InPlace(Averaged::new(Lion::new(rate), 0.9)));
    }
}

/// A trainer whose weight is 1 and whose bias is 0.
fn at_one<T: Element + Tensor<Element = T>, L, O>(optimizer: O) -> Trainer<Dense<1, 1, Linear, T>, L, O, 1>
where
    L: Loss<[T; 1], Label = [T; 1]> + Follows<Linear>,
    L::Metric: Metric<[T; 1], [T; 1]>,
    O: Optimizer,
{
    let mut trainer = Trainer::<Dense<1, 1, Linear, T>, L, O, 1>::new(optimizer, 1);
    trainer.network_mut().kernel = [[T::one()]];
    trainer
}

/// The gradient of the weight is the input, or the output minus the label.
#[test]
fn clipping_applies_to_any_finite_gradient() {
    fn clipped<O: Optimizer>(optimizer: O, check: impl Fn(f64)) {
        for clip in [Clip::Value(1.0), Clip::Norm(1.0)] {
            let optimizer = optimizer.clip(clip);
            if optimizer.check().is_err() {
                // `InPlace` has no norm.
                continue;
            }
            for large in [1e20, 1e30, 3e38] {
                let mut trainer = at_one::<f32, MeanAbsoluteError, O>(optimizer);
                trainer.step(&[[large]], &[[0.0]]).unwrap();
                check(trainer.network().kernel[0][0].into());
                trainer.step(&[[1.0]], &[[0.0]]).unwrap();
            }
            let mut trainer = at_one::<f32, HalfSquaredError, O>(optimizer);
            assert_eq!(trainer.step(&[[1.0]], &[[-1e20]]).unwrap(), 0.5 * f64::from(1e20f32) * f64::from(1e20f32));
            // With `Clip::Norm`, the bias has its share of the norm.
            let weight = f64::from(trainer.network().kernel[0][0]);
            if clip == Clip::Value(1.0) {
                check(weight)
            } else {
                assert!(weight < 0.93 && weight > 0.6, "{weight}")
            }
            for large in [1e160, 1e200, 1e307] {
                let mut trainer = at_one::<f64, MeanAbsoluteError, O>(optimizer);
                trainer.step(&[[large]], &[[0.0]]).unwrap();
                check(trainer.network().kernel[0][0]);
            }
        }
    }
    let is_0_9 = |weight: f64| assert!((weight - 0.9).abs() < 1e-6, "{weight}");
    clipped(Sgd::new(0.1), is_0_9);
    clipped(InPlace(Sgd::new(0.1)), is_0_9);
    clipped(Averaged::new(Sgd::new(0.1), 0.9), is_0_9);
    clipped(Accumulate::new(Sgd::new(0.1), 1), is_0_9);
    clipped(Momentum::new(0.1), is_0_9);
    clipped(OwnSgd(Settings::new(0.1)), is_0_9);
    // A first step of the learning rate, whatever the gradient.
    clipped(Adam::new(0.1), is_0_9);
    clipped(InPlace(Adam::new(0.1)), is_0_9);
    clipped(AdamW::new(0.1).weight_decay(0.0), is_0_9);
    clipped(AmsGrad::new(0.1), is_0_9);
    clipped(Lion::new(0.1), is_0_9);
    clipped(Nadam::new(0.1), |weight| assert!(weight < 1.0 && weight > 0.8, "{weight}"));
    clipped(Adagrad::new(0.1), |weight| assert!(weight < 1.0 && weight > 0.8, "{weight}"));
    clipped(RmsProp::new(0.1), |weight| assert!(weight < 1.0 && weight > 0.6, "{weight}"));
    // The penalty is part of the gradient.
    let penalty = Penalty { l1: 0.25, l2: 0.5 };
    clipped(Sgd::new(0.1).penalty(penalty), is_0_9);
    clipped(InPlace(Sgd::new(0.1).penalty(penalty)), is_0_9);
}

/// The derivatives are the inputs. Each is finite, but their norm is not.
#[test]
fn a_gradient_whose_norm_is_infinite_is_clipped() {
    fn weights<T: Element + Tensor<Element = T>>(clip: Clip, large: T) -> [f64; 4] {
        type Wide<T> = Dense<4, 1, Linear, T>;
        let sgd = Sgd::new(1.0).clip(clip);
        let mut trainer = Trainer::<Wide<T>, MeanAbsoluteError, Sgd, 1, ()>::new(sgd, 1);
        trainer.network_mut().kernel = [[T::zero()]; 4];
        trainer.step(&[[large, large, -large, T::one()]], &[[T::from_f64(-1.0)]]).unwrap();
        trainer.network().kernel.map(|[weight]| weight.to_f64())
    }
    for weights in [weights(Clip::Value(0.5), 3e38f32), weights(Clip::Value(0.5), 1.7e308f64)] {
        assert_eq!(weights, [-0.5, -0.5, 0.5, -0.5]);
    }
    for limit in [1e-30, 1.0, 1e15] {
        for weights in [weights(Clip::Norm(limit), 3e38f32), weights(Clip::Norm(limit), 1.7e308f64)] {
            for (weight, sign) in weights.into_iter().zip([-1.0, -1.0, 1.0, 0.0]) {
                let expected = sign * limit / 3f64.sqrt();
                assert!((weight - expected).abs() < 1e-6 * limit, "{weight}, not {expected}");
            }
        }
    }
}

#[test]
fn a_mean_of_large_gradients_is_clipped() {
    for clip in [Clip::Value(1.0), Clip::Norm(1.0)] {
        let accumulate = Accumulate::new(Sgd::new(0.1).clip(clip), 2);
        let mut trainer = at_one::<f32, MeanAbsoluteError, _>(accumulate);
        trainer.step(&[[1e30]], &[[0.0]]).unwrap();
        trainer.step(&[[3e30]], &[[0.0]]).unwrap();
        assert!((trainer.network().kernel[0][0] - 0.9).abs() < 1e-6, "{:?}", trainer.network().kernel);
        // The sum of two such gradients might overflow.
        let before = bits(trainer.network());
        assert!(matches!(trainer.step(&[[3e38]], &[[0.0]]), Err(TrainError::Diverged { .. })));
        assert_eq!(bits(trainer.network()), before);
    }
}

#[test]
fn divergence_is_still_an_error_with_clipping() {
    for clip in [Clip::Value(1.0), Clip::Norm(1.0)] {
        let mut trainer = at_one::<f32, HalfSquaredError, Sgd>(Sgd::new(0.1).clip(clip));
        trainer.network_mut().kernel = [[3e38]];
        // The output is infinite.
        assert!(matches!(trainer.step(&[[3e38]], &[[0.0]]), Err(TrainError::Diverged { .. })));
        // The gradient is infinite.
        trainer.network_mut().kernel = [[-1.0]];
        assert!(matches!(trainer.step(&[[1e30]], &[[1e30]]), Err(TrainError::Diverged { .. })));
        assert_eq!(trainer.network().kernel, [[-1.0]]);
    }
    // Without clipping, the mean square of Adam would be infinite.
    let mut trainer = at_one::<f32, MeanAbsoluteError, Adam>(Adam::new(0.1));
    assert!(matches!(trainer.step(&[[1e20]], &[[0.0]]), Err(TrainError::Diverged { .. })));
}
