//! Trains, stops half-way, goes on from a checkpoint, saves, loads: the same predictions.
//!
//! `cargo run --release --features onnx,safetensors --example save_and_load`

use std::{env, error::Error, fs};

use shiplap::{
    io::{self, Checkpoints},
    prelude::*,
};

#[network]
type Net = (Dense<2, 8, Tanh>, Dense<8, 1, Sigmoid>);
type Xor = Trainer<Net, BinaryCrossentropy, Adam, 4>;

fn main() -> Result<(), Box<dyn Error>> {
    let x = [[0.0f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = [[0.0f32], [1.0], [1.0], [0.0]];
    let folder = env::temp_dir().join("shiplap_save_and_load");
    fs::create_dir_all(&folder)?;
    let [checkpoint, weights, model] = ["xor.checkpoint", "xor.safetensors", "xor.onnx"].map(|name| folder.join(name));

    // A training that is stopped ...
    let mut trainer = Xor::new(Adam::new(0.05), 1);
    let mut checkpoints = Checkpoints::every(50, &checkpoint);
    trainer.fit_with(&x, &y, Fit::epochs(150), &mut checkpoints)?;
    checkpoints.finish()?;

    // ... goes on in another trainer, as if it had not been.
    let mut resumed = Xor::new(Adam::new(0.05), 2);
    let done = io::load_checkpoint(resumed.state_mut(), &checkpoint)?;
    let epoch = resumed.fit(&x, &y, Fit::epochs(300).from_epoch(done))?;
    println!("went on from epoch {done}; {epoch}");
    trainer.fit(&x, &y, Fit::epochs(150))?;
    assert_eq!(resumed.network().0.kernel, trainer.network().0.kernel);

    // The weights, for use, and a model for other programs.
    io::save(resumed.network(), &weights)?;
    io::export_onnx(resumed.network(), &model)?;
    let mut loaded = Net::zeroed();
    io::load(&mut loaded, &weights)?;
    for x in &x {
        assert_eq!(loaded.predict(x), resumed.predict(x));
        println!("{x:?} -> {:.3}", loaded.predict(x)[0]);
    }
    println!("{}, {} and {} are written", checkpoint.display(), weights.display(), model.display());
    Ok(())
}
