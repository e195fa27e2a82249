//! A network of your own in JavaScript: change the type, and the lengths of a sample and a label below.
use shiplap::prelude::*;
use wasm_bindgen::prelude::*;

#[network]
type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);

/// The network, and the memory for its training in batches of up to 32 samples.
#[wasm_bindgen]
pub struct Model(Box<Trainer<Net, BinaryCrossentropy, Adam, 32>>);

#[wasm_bindgen]
impl Model {
    #[wasm_bindgen(constructor)]
    pub fn new(learning_rate: f64, seed: u32) -> Self {
        Self(Trainer::boxed(Adam::new(learning_rate), seed.into()))
    }
    pub fn predict(&self, sample: &[f32]) -> Result<Vec<f32>, JsError> {
        Ok(self.0.predict(&<[f32; 2]>::try_from(sample)?).to_vec())
    }
    /// Trains with samples and labels, one after another, and returns the loss.
    pub fn step(&mut self, samples: &[f32], labels: &[f32]) -> Result<f64, JsError> {
        let ((samples, []), (labels, [])) = (samples.as_chunks::<2>(), labels.as_chunks::<1>()) else {
            return Err(JsError::new("the last sample or label is incomplete"));
        };
        Ok(self.0.step(samples, labels)?)
    }
    pub fn layout(&self) -> String {
        weights::layout(self.0.network())
    }
    #[wasm_bindgen(getter)]
    pub fn weights(&self) -> Vec<f32> {
        weights::get(self.0.network())
    }
    #[wasm_bindgen(setter)]
    pub fn set_weights(&mut self, values: &[f32]) -> Result<(), JsError> {
        let fits = weights::set(self.0.network_mut(), values);
        fits.then_some(()).ok_or_else(|| JsError::new("the weights do not fit, or are not finite"))
    }
}
