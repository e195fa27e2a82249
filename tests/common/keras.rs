//! Training runs of Keras 3, of `reference/make_image_fixtures.py` and related scripts.

use std::{collections::BTreeMap, path::Path as FilePath};

use serde::Deserialize;
use shiplap::{
    Tensor,
    layer::Path,
    loss::{Compares, Loss},
    prelude::*,
};

use crate::common::Exchange;

/// 10⁻⁴ of this is the rounding error of fifty steps in `f32`.
const SMALL: f64 = 0.02;

/// One run. Arrays are flat.
#[derive(Deserialize)]
pub struct Fixture {
    x: Vec<f64>,
    y: Vec<f64>,
    initial: Vec<f64>,
    losses: Vec<f64>,
    #[serde(rename = "final")]
    trained: Vec<f64>,
}

/// The runs of a file by name.
pub fn fixtures(file: &str) -> BTreeMap<String, Fixture> {
    let path = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rows<X: Tensor<Element = f32>>(flat: &[f64]) -> Vec<X> {
    let mut rows = vec![X::zeroed(); flat.len() / X::LEN];
    X::flat_mut(&mut rows).iter_mut().zip(flat).for_each(|(value, &number)| *value = number as f32);
    rows
}

/// [`learns_with_loss_as_in_keras`] with the mean squared error.
pub fn learns_as_in_keras<N, O: Optimizer>(name: &str, fixture: &Fixture, optimizer: O)
where
    N: Network<Element = f32, Output = [f32; 3], Head = Linear>,
{
    learns_with_loss_as_in_keras::<N, _, O, _>(name, fixture, optimizer, MeanSquaredError, |y| *y);
}

/// Trains from the same weights as Keras. The losses of all steps agree to 10⁻⁵ and the weights at the end to 10⁻⁴
/// (relative; for weights below [`SMALL`], relative to it).
pub fn learns_with_loss_as_in_keras<N, L, O, Y>(
    name: &str,
    fixture: &Fixture,
    optimizer: O,
    loss: L,
    label: fn(&N::Output) -> Y,
) where
    N: Network<Element = f32>,
    L: Loss<N::Output, Label = Y> + Follows<N::Head> + Compares<N::Output, Y>,
    O: Optimizer,
    Y: Copy,
{
    let (x, y) = (rows::<N::Input>(&fixture.x), rows::<N::Output>(&fixture.y));
    let y: Vec<Y> = y.iter().map(label).collect();
    let mut trainer = Trainer::<N, L, O, 4, ()>::boxed(optimizer, 0);
    *trainer.loss_mut() = loss;
    let mut initial = Exchange(fixture.initial.clone(), 0);
    N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut initial);
    assert_eq!((initial.1, fixture.losses.len()), (fixture.initial.len(), 50));
    for (step, expected) in fixture.losses.iter().enumerate() {
        let start = step % 2 * 4;
        let loss = trainer.step(&x[start..start + 4], &y[start..start + 4]).unwrap();
        assert!((loss - expected).abs() < 1e-5 * expected.abs(), "{name}, step {step}: loss {loss}, not {expected}");
    }
    let mut ours = Exchange(vec![0.0; fixture.trained.len()], 0);
    N::parameters_mut([trainer.network_mut()], Path::ROOT, &mut ours);
    for (index, (ours, expected)) in ours.0.iter().zip(&fixture.trained).enumerate() {
        let most = 1e-4 * expected.abs().max(SMALL);
        assert!((ours - expected).abs() < most, "{name}, weight {index}: {ours}, not {expected}");
    }
}
