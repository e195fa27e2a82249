//! Interrupts training, resumes it from a checkpoint, and saves, loads and exports the network.
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

    // Train for 150 epochs, with a checkpoint every 50.
    let mut trainer = Xor::new(Adam::new(0.05), 1);
    let mut checkpoints = Checkpoints::every(50, &checkpoint);
    let trained = trainer.fit_with(&x, &y, Fit::epochs(150), &mut checkpoints);
    checkpoints.finish()?; // why a checkpoint could not be written
    trained?;

    // Resume in another trainer. The result is the same as that of an uninterrupted run.
    let mut resumed = Xor::new(Adam::new(0.05), 2);
    let completed = io::load_checkpoint(resumed.state_mut(), &checkpoint)?;
    let epoch = resumed.fit(&x, &y, Fit::epochs(300).from_epoch(completed))?;
    println!("resumed after epoch {completed}; {epoch}");
    trainer.fit(&x, &y, Fit::epochs(150))?;
    assert_eq!(resumed.network().0.kernel, trainer.network().0.kernel);

    // Save the weights, and an ONNX model for other programs.
    io::save(resumed.network(), &weights)?;
    io::export_onnx(resumed.network(), &model)?;
    let mut loaded = Net::zeroed();
    io::load(&mut loaded, &weights)?;
    for x in &x {
        assert_eq!(loaded.predict(x), resumed.predict(x));
        println!("{x:?} -> {:.3}", loaded.predict(x)[0]);
    }
    println!("wrote {}, {} and {}", checkpoint.display(), weights.display(), model.display());
    Ok(())
}
