//! Reads arbitrary bytes as an NPY file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::npy;

fuzz_target!(|bytes: &[u8]| {
    let _ = npy::read_from::<[[f32; 2]; 2]>(bytes, "file");
    let _ = npy::read_from::<f64>(bytes, "file");
    let _ = npy::labels_from(bytes, "file");
});
