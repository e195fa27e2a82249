//! Trains the network of the page on a PC, and writes `digits.safetensors`.
//!
//! `cargo run --release --example train`

use std::error::Error;

use digits::{NetTrainer, Picture};
use shiplap::{
    data::{
        Csv, Table,
        augment::{Augment, Crop, Rotate, Shift},
        split_stratified,
    },
    io,
    metric::Accuracy,
    prelude::*,
};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const EPOCHS: usize = 150;

fn main() -> Result<(), Box<dyn Error>> {
    let mut table: Table<[f32; 64], usize> = Csv::unnamed().read(format!("{FOLDER}/../../data/digits.csv.gz"))?;
    let [train, test] = split_stratified(&mut table.x, &mut table.y, [0.8, 0.2], 1)?;
    let images = |rows: &[[f32; 64]]| -> Vec<Picture> { rows.iter().map(image).collect() };

    let steps = (EPOCHS * train.x.len().div_ceil(32)) as u64;
    let mut adam = Adam::default();
    adam.settings.learning_rate = Schedule::Cosine { peak: 3e-3, warm_up: steps / 20, steps };
    let as_hands_vary = Augment((Rotate(12.0), Crop(0.85), Shift { rows: 0, columns: 1 }));
    let mut trainer = NetTrainer::<Accuracy>::boxed(adam, 1);
    trainer.fit_with(&images(train.x), train.y, Fit::epochs(EPOCHS), as_hands_vary)?;
    println!("test: {}", trainer.evaluate(&images(test.x), test.y)?);
    Ok(io::save(trainer.network(), format!("{FOLDER}/digits.safetensors"))?)
}

/// The image of 64 gray values from 0 to 16.
fn image(row: &[f32; 64]) -> Picture {
    let mut image = Picture::default();
    image.as_flattened_mut().iter_mut().zip(row).for_each(|(pixel, gray)| *pixel = [gray / 16.0]);
    image
}
