//! The network of the page: it recognizes digits while they are drawn, explains its predictions, and learns other symbols.

use shiplap::{
    Rng,
    data::augment::{Augmentation, Crop, Shift},
    explain::{Explainer, Target},
    prelude::*,
};
use wasm_bindgen::prelude::*;

/// An image of gray values from 0, paper, to 1, ink.
pub type Picture = Image<8, 8, 1>;
/// The convolutions for digits, with which the training of other symbols starts, too.
#[network(input = Picture)]
pub type Features =
    (Conv2d<_, 16, 3, Relu, Same>, MaxPool2d<_, 2>, Conv2d<_, 24, 3, Relu, Same>, MaxPool2d<_, 2>, Flatten<_>);
/// The network. It has ten classes: the digits, or the symbols of the visitor.
pub type Net = (Features, Dense<96, 10, Softmax>);
/// A trainer with batches of 32 examples.
pub type NetTrainer<M = ()> = Trainer<Net, SparseCategoricalCrossentropy, Adam, 32, M>;

/// The network for digits, which `examples/train.rs` trained.
static DIGITS: Net = include_weights!("../digits.safetensors");

/// Recognizes drawings. An image is a `Float32Array` of 64 gray values from 0, paper, to 1, ink, row by row.
#[wasm_bindgen]
pub struct Recognizer {
    trainer: Box<NetTrainer>,
    explainer: Box<Explainer<Net>>,
    examples: Vec<(Picture, usize)>,
    rng: Rng,
}

#[wasm_bindgen]
impl Recognizer {
    /// Creates a recognizer of the digits 0 to 9.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::new_without_default, reason = "JavaScript has constructors only")]
    pub fn new() -> Self {
        let mut trainer = NetTrainer::boxed(Adam::new(2e-3), 1);
        *trainer.network_mut() = DIGITS.clone();
        Self { trainer, explainer: Explainer::boxed(), examples: Vec::new(), rng: Rng::new(1) }
    }

    /// Returns the probabilities of the ten classes.
    pub fn predict(&self, image: &[f32]) -> Result<Vec<f32>, JsError> {
        Ok(self.trainer.predict(&picture(image)?).to_vec())
    }

    /// Returns the evidence in each pixel for a class, from 0 to 9; negative values are evidence against it. It is the
    /// gray value times the gradient of the score of the class.
    pub fn explain(&mut self, image: &[f32], class: usize) -> Result<Vec<f32>, JsError> {
        let evidence =
            self.explainer.gradient_times_input(self.trainer.network(), &picture(image)?, Target::Logit(class));
        let evidence = evidence.map_err(|_| JsError::new("the class is not from 0 to 9, or a weight is too large"))?;
        Ok(evidence.as_flattened().as_flattened().to_vec())
    }

    /// Adds an example of a class, from 0 to 9, to the training set.
    pub fn add(&mut self, image: &[f32], class: usize) -> Result<(), JsError> {
        if class >= 10 {
            return Err(JsError::new("a class is from 0 to 9"));
        }
        self.examples.push((picture(image)?, class));
        Ok(())
    }

    /// Prepares the network for other symbols: it keeps the convolutions for digits and replaces the last layer.
    pub fn restart(&mut self, seed: u32) {
        self.trainer = NetTrainer::boxed(Adam::new(2e-3), seed.into());
        self.trainer.network_mut().0 = DIGITS.0.clone();
    }

    /// Trains with a batch of 32 examples, drawn at random and shifted and enlarged at random. Returns their mean loss.
    pub fn step(&mut self) -> Result<f64, JsError> {
        let Self { trainer, examples, rng, .. } = self;
        if examples.is_empty() {
            return Err(JsError::new("there are no examples"));
        }
        let batch: [_; 32] = std::array::from_fn(|_| examples[(rng.uniform() * examples.len() as f64) as usize]);
        let (mut x, y) = (batch.map(|(x, _)| x), batch.map(|(_, y)| y));
        x.iter_mut().for_each(|x| (Crop(0.85), Shift { rows: 0, columns: 1 }).apply(x, rng));
        trainer.step(&x, &y).map_err(|_| JsError::new("training diverged"))
    }

    /// The names and the shapes of the tensors, as JSON.
    pub fn layout(&self) -> String {
        weights::layout(self.trainer.network())
    }

    /// All weights, in the order of the layout.
    #[wasm_bindgen(getter)]
    pub fn weights(&self) -> Vec<f32> {
        weights::get(self.trainer.network())
    }

    /// Sets all weights.
    #[wasm_bindgen(setter)]
    pub fn set_weights(&mut self, values: &[f32]) -> Result<(), JsError> {
        let fits = weights::set(self.trainer.network_mut(), values);
        fits.then_some(()).ok_or_else(|| JsError::new("the weights do not fit, or are not finite"))
    }
}

fn picture(image: &[f32]) -> Result<Picture, JsError> {
    let is_gray = |gray: &f32| (0.0..=1.0).contains(gray);
    let rows: Result<&[[f32; 8]; 8], _> = image.as_chunks::<8>().0.try_into();
    let rows = rows.ok().filter(|rows| rows.as_flattened().iter().all(is_gray) && image.len() == 64);
    let rows = rows.ok_or_else(|| JsError::new("an image has 64 gray values from 0 to 1"))?;
    Ok(rows.map(|row| row.map(|gray| [gray])))
}
