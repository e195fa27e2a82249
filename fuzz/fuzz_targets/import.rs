//! Imports arbitrary bytes as weights of PyTorch and Keras. A failure must not change the network.
#![no_main]

use std::{env::temp_dir, fs, process};

use libfuzzer_sys::fuzz_target;
use shiplap::{
    io::{self, Import},
    prelude::*,
};

type Net = (Dense<3, 4, Relu>, Dense<4, 2, Softmax>);

fuzz_target!(|bytes: &[u8]| {
    let path = temp_dir().join(format!("shiplap_fuzz_{}.safetensors", process::id()));
    fs::write(&path, bytes).unwrap();
    let named = [("0", "hidden"), ("1", "head")];
    for import in [
        Import::pytorch(),
        Import::keras(),
        Import::pytorch().layers(&named),
        Import::keras().layers(&named),
    ] {
        let mut network = Net::zeroed();
        let result = import.load(&mut network, &path);
        let is_zero = (network.0.kernel, network.1.kernel) == ([[0.0; 4]; 3], [[0.0; 2]; 4]);
        assert!(result.is_ok() || is_zero);
        // What is imported can be saved.
        io::to_bytes(&network).unwrap();
        let _ = import.load(&mut Dense::<3, 4, Relu, f64>::zeroed(), &path);
    }
});
