//! Reads arbitrary bytes as an NPY file and as an NPZ file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::npy::{self, Npz};

fuzz_target!(|bytes: &[u8]| {
    let _ = npy::read_from::<[[f32; 2]; 2]>(bytes, "file");
    let _ = npy::read_from::<f64>(bytes, "file");
    let _ = npy::labels_from(bytes, "file");
    if let Ok(file) = Npz::from_bytes(bytes.to_vec(), "file") {
        for name in file.names() {
            let _ = file.read::<[f32; 3]>(name);
            let _ = file.labels(name);
        }
    }
});
