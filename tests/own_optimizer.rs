//! Optimizers written outside the crate: clipping, weight decay, penalties and `InPlace` apply to them as to the built-in
//! ones, bit for bit.

mod common;

use common::bits;
use shiplap::{
    kernel::Real,
    optim::{PerWeight, Settings},
    prelude::*,
};

/// Copies of the formulas in the crate.
#[derive(Clone, Copy)]
struct OwnSgd(Settings);

impl Optimizer for OwnSgd {
    type State = PerWeight<0>;
    type Step = f64;

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

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.0
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

/// Plain, and with each setting that the crate applies.
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

/// The variants in memory and in place: within each, all differ.
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
fn an_own_sgd_is_the_built_in_one_with_every_setting() {
    let own = OwnSgd(Settings::new(0.05));
    assert!(all_variants(own) == all_variants(Sgd::new(0.05)));
    let clipped = |norm| (trained(own.clip(Clip::Norm(norm))), trained(Sgd::new(0.05).clip(Clip::Norm(norm))));
    let (own, built_in) = clipped(0.1);
    assert!(own == built_in && own != clipped(0.2).0);
}

#[test]
fn an_own_momentum_is_the_built_in_one_with_every_setting() {
    assert!(all_variants(OwnMomentum(Settings::new(0.02))) == all_variants(Momentum::new(0.02)));
}

#[test]
fn every_setting_applies_to_a_formula_that_is_not_built_in() {
    all_variants(OwnThree(Settings::new(0.01)));
}

#[test]
fn an_own_optimizer_is_stopped_before_it_makes_a_weight_infinite() {
    let mut trainer =
        Trainer::<Dense<1, 1, Linear>, MeanSquaredError, OwnThree, 1>::new(OwnThree(Settings::new(1e38)), 1);
    let error = trainer.step(&[[1.0f32]], &[[2.0]]).unwrap_err();
    assert_eq!(error, TrainError::Diverged { epoch: None, step: 0 });
}
