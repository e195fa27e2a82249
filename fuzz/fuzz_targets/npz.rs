//! Reads arbitrary bytes as an NPZ file, and writes what was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::npy::Npz;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = Npz::from_bytes(bytes.to_vec(), "file") else { return };
    for name in file.names() {
        let _ = file.read::<[f32; 3]>(name);
        let _ = file.read::<f64>(name);
        if let Ok(labels) = file.labels(name) {
            assert_eq!(Npz::new().with_labels(name, &labels).labels(name).unwrap(), labels);
        }
    }
});
