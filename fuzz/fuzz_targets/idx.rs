//! Reads arbitrary bytes as an IDX file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shiplap::data::idx;

fuzz_target!(|bytes: &[u8]| {
    let _ = idx::images_from::<[[f32; 2]; 2]>(bytes, "file");
    let _ = idx::images_from::<f64>(bytes, "file");
    let _ = idx::labels_from(bytes, "file");
});
