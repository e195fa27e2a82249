//! Restores trainers from arbitrary bytes. A failure must not change the trainer, and a trainer that was restored can go
//! on or report an error.
#![no_main]

use std::{env::temp_dir, fs, process};

use libfuzzer_sys::fuzz_target;
use shiplap::{io, prelude::*};

type Net = (Dense<3, 4, Relu>, Dropout<4, 20>, Dense<4, 2, Softmax>);

fn resume<O: Optimizer>(optimizer: O, path: &std::path::Path) {
    let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, O, 2>::new(optimizer, 1);
    let before = io::to_bytes(trainer.network()).unwrap();
    match io::load_checkpoint(trainer.state_mut(), path) {
        Ok(_) => {
            let _ = trainer.fit(&[[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &[1, 0], Fit::epochs(2));
            let _ = io::save_checkpoint(&trainer.state(), 2, path);
        }
        Err(_) => {
            assert_eq!(io::to_bytes(trainer.network()).unwrap(), before);
            assert_eq!(trainer.state().steps, 0);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let path = temp_dir().join(format!("shiplap_fuzz_{}.safetensors", process::id()));
    fs::write(&path, bytes).unwrap();
    resume(Adam::new(0.01), &path);
    resume(Sgd::new(0.1), &path);
    resume(RmsProp::new(0.01), &path);
});
